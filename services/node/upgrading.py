"""An upgrade of a node's databases: whether it can begin, what it will do, and doing it (decision 0034)."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from services.common import migrating
from services.common.migrating import Standing
from services.node.backup import places
from services.node.doctor.judging import LOW_BYTES, Problem
from services.node.folder import Folder
from services.node.setup.databases import MIGRATED, opened, versions_of
from services.node.stack import Stack

BACKUP_WITHIN = timedelta(days=1)
# Backups may be made on another machine than this.
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class Upgrade:
    """Of which node, and where its parts are."""

    node: str
    databases: Mapping[str, str]
    # Each lies on a disk that has to have room.
    disks: Sequence[Path]
    backups: Path | None


def embedded(data: Path, node: str, backups: Path | None) -> Upgrade:
    folder = Folder(data)
    return Upgrade(node, {name: folder.database(name) for name in MIGRATED}, [data], backups)


def deployed(stack: Stack, backups: Path | None) -> Upgrade:
    databases = {name: stack.database(name) for name in MIGRATED}
    return Upgrade(stack.node, databases, sorted(stack.volumes.iterdir()), backups)


def standings(upgrade: Upgrade) -> Mapping[str, Standing]:
    """Raises `WrongVersion` where a database does not serve this software."""
    found = {}
    for name, address in upgrade.databases.items():
        with opened(address) as db:
            found[name] = migrating.standing(db, versions_of(name))
    return found


def migrate(upgrade: Upgrade) -> Iterator[str]:
    """Each database that was brought up to date; may be killed at any point and run again."""
    for name, address in upgrade.databases.items():
        with opened(address) as db:
            if migrating.migrate(db, versions_of(name)):
                yield name


def problems(upgrade: Upgrade, now: datetime) -> Iterator[Problem]:
    if sentence := _backup_problem(upgrade, now):
        yield Problem("backup", sentence)
    needed = LOW_BYTES + max(_size(address) for address in upgrade.databases.values())
    for disk in upgrade.disks:
        if (free := shutil.disk_usage(disk).free) < needed:
            yield Problem(
                "disk",
                f"{free / 1e9:.1f} GB are free where {disk.name} lies, and {needed / 1e9:.1f} GB may be needed: "
                "the largest database once more, and 500 MB. Make room there.",
            )


def _backup_problem(upgrade: Upgrade, now: datetime) -> str:
    if upgrade.backups is None:
        return "Say with --backups in which folder the backups of this node are."
    found = {path: _made_at(path) for path in upgrade.backups.glob(f"{upgrade.node}-{places.STAMPS}")}
    made = {path: at for path, at in found.items() if at and at <= now + _CLOCKS_DIFFER and path.stat().st_size}
    newest = max(made.values(), default=None)
    if newest and now - newest <= BACKUP_WITHIN:
        return ""
    said = f"The newest backup of {upgrade.node} is of {newest:%-d %B %Y, %H:%M} UTC" if newest else ""
    others = ", ".join(sorted(path.name for path in found.keys() - made.keys()))
    aside = f" Not counted, since empty or of no time that has been: {others}." if others else ""
    return f"{said or f'There is no backup of {upgrade.node}'}.{aside} Make one first."


def _made_at(backup: Path) -> datetime | None:
    """None where the name looks like that of a backup, and names no time."""
    with suppress(ValueError):
        return datetime.strptime(backup.stem.rsplit("-", 1)[1], places.STAMP).replace(tzinfo=UTC)
    return None


def _size(address: str) -> int:
    with opened(address) as db, db.read() as conn:
        if db.sqlite:
            return int(conn.scalar(text("select page_count * page_size from pragma_page_count, pragma_page_size")) or 0)
        return int(conn.scalar(text("select pg_database_size(current_database())")) or 0)
