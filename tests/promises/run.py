"""`make promises`: runs the promise tests, prints their lines and keeps them in docs/promises.md."""

import os
import re
import sys
from pathlib import Path

import pytest

from tests import machine

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "promises.md"
LINE = re.compile(
    r"^PROMISE (?P<number>\d+)\.(?P<variant>\w+) (?P<name>.*?) (?P<verdict>PASS|FAIL|SKIP) ?(?P<figures>.*)$", re.M
)
ROW = re.compile(r"^\| (?P<number>\d+)\.(?P<variant>\w+) \|", re.M)
HEAD = """# Promises

What `make promises` found at last: *embedded* is one process with SQLite, *stack* is Kafka and PostgreSQL, *region* is
several nodes. A row named *planted* put a bug into the test, never into the product, and passes when the test catches
it. `FULL=1 make promises` runs the full counts.

| promise | what is promised | verdict | figures |
|---|---|---|---|
"""


class Lines:
    """Collects the lines that tests print, and a SKIP line for tests that could not run here."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        said = [match[0] for match in LINE.finditer(report.capstdout)] if report.when == "call" else []
        self.found += said
        if report.skipped and isinstance(report.longrepr, tuple):
            self._add(report, "SKIP", report.longrepr[2].removeprefix("Skipped: "))
        if report.failed and not any(" FAIL " in line for line in said):
            self._add(report, "FAIL", f"ended early in its {report.when}")

    def _add(self, report: pytest.TestReport, verdict: str, why: str) -> None:
        """A line for a test that did not come to print its own."""
        number = re.search(r"test_(\d+)_(\w+)\.py", report.nodeid)
        if number:
            variant = "stack" if "containers" in why or "stack" in report.nodeid else "embedded"
            self.found.append(
                f"PROMISE {int(number[1])}.{variant} {number[2].replace('_', ' ')} {verdict} {why} seed=0"
            )


def row(line: str) -> str:
    found = LINE.match(line)
    assert found, line
    cells = (f"{found['number']}.{found['variant']}", found["name"], found["verdict"], found["figures"])
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def page(old: str, lines: list[str], ran: set[int]) -> str:
    """The page with the rows of the promises that ran replaced, in order of their numbers."""
    kept = [each for each in old.splitlines() if (found := ROW.match(each)) and int(found["number"]) not in ran]
    rows = [*kept, *(row(line) for line in lines)]
    return HEAD + "\n".join(sorted(rows, key=_order)) + "\n"


def _order(each: str) -> tuple[int, str]:
    found = ROW.match(each)
    assert found, each
    return int(found["number"]), each


def files(only: str) -> list[str]:
    """The test files of these numbers; all when none is named."""
    wanted = {int(number) for number in only.split(",") if number}
    paths = sorted(HERE.glob("test_[0-9]*_*.py"))
    return [str(path) for path in paths if not wanted or int(path.name.split("_")[1]) in wanted]


def main(only: str) -> int:
    chosen = files(only)
    if not chosen:
        print(f"No promise test is numbered {only}.")
        return 2
    lines, workers = Lines(), os.environ.get("WORKERS", "2")
    options = ["-q", "--timeout", "900", *chosen]
    together = pytest.main(["-n", workers, "--dist", "loadgroup", "-m", "not alone", *options], plugins=[lines])
    alone = pytest.main(["-n", "0", "-m", "alone", *options], plugins=[lines])
    failed = {together, alone} - {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    found = sorted(set(lines.found), key=lambda line: (int(line.split()[1].split(".")[0]), line))
    print("\n".join(found))
    ran = {int(Path(path).name.split("_")[1]) for path in chosen} | {
        int(row(line).split()[1].split(".")[0]) for line in found
    }
    PAGE.write_text(page(PAGE.read_text() if PAGE.exists() else "", found, ran))
    skipped = sum(" SKIP " in line for line in found)
    if skipped:
        print(f"{skipped} promises could not be checked on this machine.")
    return 1 if failed or (skipped and machine.REQUIRED) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
