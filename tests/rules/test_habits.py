"""Habits hold, and each is broken once to see that it is found out."""

import logging
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rules import habits
from tests.rules.tree import ROOT, plant

Rule = Callable[[Path], list[str]]
LOG = "import logging\nlog = logging.getLogger()\n"
BROKEN: list[tuple[Rule, str, str]] = [
    (habits.files_too_long, "gateway/api.py", "x = 1\n" * 301),
    (habits.functions_too_long, "gateway/api.py", "def f():\n" + "    x = 1\n" * 41),
    (habits.catch_alls, "services/resource/usecases.py", "try:\n    pass\nexcept Exception:\n    pass\n"),
    (habits.catch_alls, "services/resource/usecases.py", "try:\n    pass\nexcept:\n    pass\n"),
    (habits.catch_alls, "gateway/api.py", "try:\n    pass\nexcept (OSError, BaseException):\n    pass\n"),
    (habits.unexplained_type_ignores, "gateway/api.py", "x: int = ''  # type: " + "ignore\n"),
    (habits.unexplained_type_ignores, "gateway/api.py", "x: int = ''  # type: " + "ignore[assignment]\n"),
    (habits.telling_logs, "gateway/api.py", LOG + "log.info('signed in', extra={'email': address})\n"),
    (habits.telling_logs, "gateway/api.py", LOG + "log.info(f'{name} signed in')\n"),
    (habits.telling_logs, "gateway/api.py", LOG + "log.info('%s signed in', name)\n"),
    (habits.telling_logs, "gateway/api.py", LOG + "log.info('refused', extra={'reason': str(refusal)})\n"),
    (habits.telling_logs, "gateway/api.py", LOG + "log.info('seen', extra={'message': 'm'})\n"),
    (habits.skips, "tests/unit/test_a.py", "import pytest\npytest.skip('not today')\n"),
    (habits.skips, "tests/unit/test_a.py", "import pytest\n@pytest.mark.xfail\ndef test_a(): ...\n"),
    (habits.sleeps_and_mocks, "tests/unit/test_a.py", "import time\ntime.sleep(1)\n"),
]


@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in BROKEN}, key=str))
def test_the_tree_keeps_the_habit(rule: Rule) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_a_tree_that_breaks_the_habit_is_found_out(rule: Rule, path: str, text: str, tmp_path: Path) -> None:
    assert len(rule(plant(tmp_path, path, text))) == 1


def test_no_file_names_a_path_of_one_machine(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    paths = listed.stdout.splitlines() if listed.returncode == 0 else []
    if not paths:
        paths = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.*") if ".venv" not in path.parts]
    planted = plant(tmp_path, "docs/guide.md", "Look into /" + "root/notes.\n")

    assert habits.machine_paths(ROOT, paths) == []
    assert habits.machine_paths(planted, ["docs/guide.md"]) == ["docs/guide.md:1"]


def test_a_record_that_names_a_person_is_found_out() -> None:
    logger = logging.getLogger("services.resource")
    quiet = logger.makeRecord(logger.name, logging.INFO, "a.py", 1, "published", (), None, extra={"item": "1f"})
    telling = logger.makeRecord(logger.name, logging.INFO, "a.py", 1, "told", (), None, extra={"whom": "ann@a.example"})

    assert habits.telling_records([quiet]) == []
    assert len(habits.telling_records([quiet, telling])) == 1
