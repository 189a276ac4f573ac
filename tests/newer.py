"""A next version of Fosse, made from the committed one: a tree with one more migration in some services."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from services.common.migrating import FLOOR_VERSIONS, versions_of
from tests.machine import ROOT

VERSION = "99.0"
# What it notes of each member that it adds, and of no other.
NOTE = "came_by"
_LEFT_OUT = shutil.ignore_patterns("__pycache__")


def a_newer_tree(folder: Path, added: Mapping[str, str], base: Path = ROOT) -> Path:
    """`added`: of the floor or a service, the lines that its next migration does, and before them what it says."""
    for name in ("services", "gateway", "protos"):
        shutil.copytree(base / name, folder / name, ignore=_LEFT_OUT)
    shutil.copy(base / "pyproject.toml", folder)
    for branch, lines in added.items():
        at = FLOOR_VERSIONS if branch == "floor" else versions_of(branch)
        add_version(folder / at.relative_to(ROOT) / "versions", branch, lines)
    return folder


def make_newer(tree: Path) -> None:
    """Of a tree itself: another version, which notes of members what the one before has never heard of."""
    project, membership = tree / "pyproject.toml", tree / "services" / "membership"
    project.write_text(re.sub(r"(?m)^version = .*", f'version = "{VERSION}"', project.read_text(), count=1))
    adds = f'op.add_column("members", sa.Column("{NOTE}", sa.String(20)))'
    add_version(membership / "migrations" / "versions", "membership", adds)
    with (membership / "store" / "tables.py").open("a") as tables:
        tables.write(f'members.append_column(Column("{NOTE}", String(20), default="{VERSION}", info=privacy.STATE))\n')


def newer_versions(folder: Path, service: str, lines: str, base: Path | None = None) -> Path:
    """Only the migrations of a service, with one more."""
    shutil.copytree(base or versions_of(service), folder, ignore=_LEFT_OUT)
    add_version(folder / "versions", service, lines)
    return folder


def newest(versions: Path, branch: str) -> str:
    return max(each.stem for each in versions.glob(f"{branch}_*.py"))


def add_version(versions: Path, branch: str, lines: str) -> None:
    """`lines`: perhaps `serves = "…"`, an empty line, then what it does."""
    last = newest(versions, branch)
    name = f"{branch}_{int(last.rsplit('_', 1)[1]) + 1:04}"
    said, _, done = lines.rpartition("\n\n")
    text = '"""Next."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
    text += f'revision = "{name}"\ndown_revision = "{last}"\n'
    text += f"branch_labels = None\ndepends_on = None\n{said}\n\n\ndef upgrade() -> None:\n"
    text += "".join(f"    {line}\n" for line in done.splitlines())
    (versions / f"{name}.py").write_text(text, encoding="utf-8")
