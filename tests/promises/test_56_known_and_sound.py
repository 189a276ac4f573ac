"""PROMISE 56: what Fosse is made of is pinned by hashes and listed, and no version with a known vulnerability is in it.

"Known" is what deploy/refused.toml knows: no advisory service is asked here (docs/decisions/0027).
"""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from deploy import check_locks
from tests import images, machine
from tests.promises.promise import promise

LOCKS = ("requirements.txt", "requirements-dev.txt", "deploy/requirements.txt")
VULNERABLE = "jinja2==3.1.5"


def lock(name: str = "requirements.txt") -> str:
    return (machine.ROOT / name).read_text(encoding="utf-8")


def with_jinja(pin: str) -> str:
    """The lock, with this in place of the version that it holds."""
    return re.sub(r"^jinja2==\S+", pin, lock(), flags=re.M)


def refused() -> list[dict[str, str]]:
    rules: list[dict[str, str]] = tomllib.loads(check_locks.REFUSED.read_text(encoding="utf-8"))["refused"]
    return rules


def test_every_lock_is_hashed_and_holds_no_refused_version() -> None:
    pins = [entry for name in LOCKS for entry in check_locks.entries(lock(name))]
    faults = [fault for name in LOCKS for fault in check_locks.faults(lock(name), refused())]

    figures = f"locks={len(LOCKS)} pins={len(pins)} rules={len(refused())} faults={len(faults)}"
    promise(56, "embedded", "locks hashed, known vulnerable versions 0", bool(pins) and not faults, figures, 0)


def test_a_planted_version_and_a_planted_pin_without_hashes_are_found() -> None:
    bare = lock() + "\nleft-pad==1.0.0\n"
    loose = with_jinja("jinja2>=3.1.6")
    older = [f"{rule['package']}=={oldest(rule['versions'])} --hash=sha256:00" for rule in refused()]
    planted = [with_jinja(VULNERABLE), bare, loose, *older]
    found = [[*check_locks.faults(each, refused())] for each in planted]

    missed = sum(not each for each in found)
    figures = f"planted={len(planted)} missed={missed}"
    promise(56, "embedded", "planted: vulnerable versions and loose pins", missed == 0, figures, 0)


def oldest(versions: str) -> str:
    """A version that such a rule refuses: its lower bound, or far below its upper one."""
    first = versions.split(",")[0]
    return "0.0.1" if first.startswith("<") else first.lstrip(">=")


@pytest.mark.xdist_group("image")
@pytest.mark.timeout(900)
def test_the_sbom_of_the_image_is_whole_and_holds_no_refused_version() -> None:
    listed = [f"{each['name']}=={each['version']} --hash=sha256:00" for each in images.sbom()["components"]]
    faults = [*check_locks.faults("\n".join(listed), refused())]
    missing = len([*check_locks.entries(lock())]) - len(listed)

    figures = f"packages={len(listed)} missing={missing} refused={len(faults)}"
    promise(56, "stack", "SBOM of the image, known vulnerable versions 0", not faults and missing == 0, figures, 0)


def a_tree(root: Path) -> None:
    """As much of this one as a build of the image reads before it looks at the locks, and the rest's names."""
    for folder in ("deploy", "bin"):
        shutil.copytree(machine.ROOT / folder, root / folder)
    for file in ("pyproject.toml", "LICENSE"):
        shutil.copy(machine.ROOT / file, root)
    for folder in ("services", "gateway", "protos"):
        (root / folder).mkdir()


@pytest.mark.xdist_group("image")
@pytest.mark.timeout(900)
def test_a_planted_vulnerable_version_fails_the_build_of_the_image(tmp_path: Path) -> None:
    a_tree(tmp_path)
    (tmp_path / "requirements.txt").write_text(with_jinja(VULNERABLE), encoding="utf-8")
    done = images.build(tmp_path)

    caught = done.returncode != 0 and "jinja2 3.1.5 has a known vulnerability, CVE-2025-27516" in done.stderr
    promise(56, "stack", "image, planted: a vulnerable version", caught, f"planted=1 refused={int(caught)}", 0)
