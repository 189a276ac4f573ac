"""Makes a backup: every database in one moment of its own, then every file, while the node goes on.

Databases are opened within a blink of each other, those that listen first: what is told in one and not yet heard in
another is told again after a restore, and those who heard it already know it.
"""

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Table, inspect

from services.common import migrating
from services.common.database import Database
from services.common.errors import Conflict, Invalid
from services.node.backup import accounts, archive, rows
from services.node.backup.archive import CHUNK, Member, member
from services.node.backup.places import Place, tables_of

# 2: with accounts.
FORMAT = 2
# What a restore makes anew by itself.
_ABOUT_ITSELF = {"alembic_version", "oldest_served", "last_started"}
_PATIENCE_S = 4 * 3600.0


Accounts = Mapping[Table, Connection]


@dataclass(frozen=True)
class Saved:
    path: Path
    rows: int
    files: int
    bytes: int


def save(place: Place, to: Path, recipient: str, now: datetime) -> Saved:
    """A new file, whole or not at all, that only this account may read.

    Raises `Conflict` where it is there already or a database has other tables than a backup holds, `Invalid` where it
    cannot be written, `WrongVersion` where the databases are not those of this software.
    """
    archive.recipient_of(recipient)
    counted: dict[str, int] = {}
    files: list[str] = []
    # Accounts come last: whom membership knows by then, Keycloak knew before.
    with _private(to, place.node) as out, _moment(place) as connections, _of_accounts(place) as keycloak:
        archive.encrypt(_members(place, connections, keycloak, now, counted, files), counted, recipient, out)
    return Saved(to, sum(counted.values()), len(files), to.stat().st_size)


def _members(
    place: Place, connections: Mapping[str, Connection], keycloak: Accounts, now: datetime, counted: dict[str, int],
    files: list[str],
) -> Iterator[Member]:  # fmt: skip
    shapes = {
        service: {table.name: rows.shape_of(conn, table) for table in tables_of(service)}
        for service, conn in connections.items()
    }
    about = {
        "format": FORMAT,
        "node": place.node,
        "made_at": now.isoformat(),
        "schema": {
            service: sorted(migrating.revisions(conn, migrating.versions_of(service)))
            for service, conn in connections.items()
        },
        "tables": {service: {name: asdict(each) for name, each in shape.items()} for service, shape in shapes.items()},
        "accounts": {table.name: asdict(rows.shape_of(conn, table)) for table, conn in keycloak.items()},
    }
    yield member(archive.ABOUT, json.dumps(about).encode())
    for service, conn in connections.items():
        for table in tables_of(service):
            yield from _rows(f"rows/{service}", f"{service}.{table.name}", rows.lines(conn, table), counted)
    for table, conn in keycloak.items():
        found = rows.lines(conn, table, accounts.only(table))
        yield from _rows("accounts", f"{accounts.NAME}.{table.name}", found, counted)
    for name, path in place.files():
        if content := _opened(name, path):
            files.append(name)
            yield content


def _rows(folder: str, table: str, blocks: Iterator[tuple[bytes, int]], counted: dict[str, int]) -> Iterator[Member]:
    counted[table] = 0
    for number, (block, count) in enumerate(blocks, 1):
        counted[table] += count
        yield member(f"{folder}/{table.partition('.')[2]}/{number:06}", block)


def _opened(name: str, path: Path) -> Member | None:
    """None for a file that was dropped since the folder was listed: its last owner let go of it."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    size = os.fstat(file.fileno()).st_size
    return Member(f"files/{name}", size, _exactly(file, size))


def _exactly(file: BinaryIO, size: int) -> Iterator[bytes]:
    # Files are written beside and renamed, so that one which is open does not change.
    with file:
        while chunk := file.read(min(CHUNK, size)):
            size -= len(chunk)
            yield chunk


@contextmanager
def _moment(place: Place) -> Iterator[Mapping[str, Connection]]:
    with ExitStack() as stack:
        found: dict[str, Connection] = {}
        for service, url in place.databases.items():
            db = Database(url, statement_timeout_s=_PATIENCE_S)
            stack.callback(db.dispose)
            migrating.check(db, migrating.versions_of(service))
            conn = stack.enter_context(_still(db))
            # The moment is that of the first question.
            _miss_nothing(service, conn)
            found[service] = conn
        yield found


@contextmanager
def _of_accounts(place: Place) -> Iterator[Accounts]:
    if not place.accounts:
        yield {}
        return
    db = Database(place.accounts, statement_timeout_s=_PATIENCE_S)
    try:
        with _still(db) as conn:
            yield dict.fromkeys(accounts.kept(conn), conn)
    finally:
        db.dispose()


@contextmanager
def _still(db: Database) -> Iterator[Connection]:
    with db.engine.connect() as conn:
        if not db.sqlite:
            conn = conn.execution_options(isolation_level="REPEATABLE READ")
        with conn.begin():
            yield conn


def _miss_nothing(service: str, conn: Connection) -> None:
    there, known = set(inspect(conn).get_table_names()), {table.name for table in tables_of(service)}
    wrong = (there ^ known) - _ABOUT_ITSELF
    if migrating.is_newer(conn, migrating.versions_of(service)):
        # What newer software added before it was called off is not this one's to keep.
        wrong -= there
    if added := sorted(wrong & there):
        raise Conflict(
            f"The database of {service} has tables that a backup by this software would leave out: {', '.join(added)}. "
            "No backup was written. If somebody made them by hand, move them to a database of their own; if not, "
            "report this fault, and meanwhile copy that database whole by its own tools."
        )
    if wrong:
        raise Conflict(
            f"The database of {service} lacks tables: {', '.join(sorted(wrong))}. No backup was written. Find out who "
            "removed them, and restore the last backup."
        )


@contextmanager
def _private(to: Path, node: str) -> Iterator[BinaryIO]:
    """Written beside, flushed, then named; nothing stays of one that failed, and the next takes over a killed one."""
    beside = to.with_name(f".{node}.new")
    try:
        if to.exists():
            raise Conflict(f"{to} is there already. Nothing was written. Name another file with --to.")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600), "wb") as out:
            _alone(out, beside)
            try:
                yield out
                out.flush()
                os.fsync(out.fileno())
                os.replace(beside, to)
            finally:
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise Invalid(_unwritable(to, error)) from error


def _alone(out: BinaryIO, beside: Path) -> None:
    try:
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Conflict(f"Another backup is being written beside {beside}. Nothing was changed.") from error
    out.truncate()


def _unwritable(to: Path, error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk under {to.parent} is full. No backup was written. Make room there and start again."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"This account ({os.getuid()}) may not use {error.filename or to.parent}. No backup was written."
    return f"{error.filename or to.parent} cannot be used: {error.strerror or error}. No backup was written."
