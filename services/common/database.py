"""One service's database: SQLite in the embedded node, PostgreSQL in deployment.

A write on SQLite is BEGIN IMMEDIATE under a lock of this process: a transaction that reads first and only then
writes loses updates without an error. Readers never wait for writers (WAL). A statement that runs longer than the
page that asked for it would wait is ended.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, DateTime, Engine, String, text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.types import TypeDecorator

from services.common.engines import allow, make_engine
from services.common.errors import Invalid, TooMany

log = logging.getLogger(__name__)
_WRITING = "fosse_writing"
_BUSY = "The node is busy just now. Nothing was changed; please try again in a moment."


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC; SQLite keeps it as text that sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = String(64)
"""Column type of ids of items (32 digits) and nodes (64)."""


class Database:
    """All access of one service to its own tables; safe from many threads."""

    def __init__(
        self, url: str, *, statement_timeout_s: float = 1.5, wait_s: float = 1.5, connections: int = 8
    ) -> None:
        self.url = url
        self.sqlite = url.startswith("sqlite")
        self._wait_s = wait_s
        self._writer = threading.Lock()
        self._single: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._told: dict[str, list[Callable[[], None]]] = {}
        self.engine: Engine = make_engine(url, statement_timeout_s, wait_s, connections)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the database and changes nothing."""
        with self._refusing_when_busy(), self.engine.connect() as connection, connection.begin() as transaction:
            yield connection
            transaction.rollback()

    @contextmanager
    def write(self, *, statement_timeout_s: float | None = None) -> Iterator[Connection]:
        """A transaction; committed at the end of the block, rolled back by any exception.

        Raises `TooMany` when the database is held by others for longer than the wait allows.
        """
        with self._refusing_when_busy(), self._turn(), self.engine.connect() as connection:
            announced = connection.info[_WRITING] = set[str]()
            with connection.execution_options(fosse_write=True).begin():
                if statement_timeout_s is not None:
                    allow(connection, self.sqlite, statement_timeout_s)
                yield connection
        for what in announced:
            for callback in self._told.get(what, ()):
                callback()

    def when(self, what: str, callback: Callable[[], None]) -> None:
        """Calls `callback` after each commit of a write that announced `what`, such as `facts`.

        A hint that saves waiting, within this process only: whoever is called must also look by itself now and then.
        """
        self._told.setdefault(what, []).append(callback)

    @contextmanager
    def only_one(self, name: str) -> Iterator[bool]:
        """True for the one runner that holds the lock `name` on this database; False at once for others.

        On SQLite the data folder belongs to one process, so a lock of the process serves.
        """
        if self.sqlite:
            with self._guard:
                lock = self._single.setdefault(name, threading.Lock())
            taken = lock.acquire(blocking=False)
            try:
                yield taken
            finally:
                if taken:
                    lock.release()
            return
        with (
            self._refusing_when_busy(),
            self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            taken = bool(connection.scalar(text("select pg_try_advisory_lock(hashtext(:name))"), {"name": name}))
            try:
                yield taken
            finally:
                if taken:
                    connection.execute(text("select pg_advisory_unlock(hashtext(:name))"), {"name": name})

    def connections_in_use(self) -> int:
        pool: Any = self.engine.pool
        return int(pool.checkedout())

    def dispose(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.sqlite:
            yield
            return
        if not self._writer.acquire(timeout=self._wait_s):
            raise TooMany(_BUSY, retry_after_s=1)
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _refusing_when_busy(self) -> Iterator[None]:
        try:
            yield
        except NoConnectionFree as error:
            raise TooMany(_BUSY, retry_after_s=1) from error
        except DBAPIError as error:
            if _means_busy(error):
                log.warning("database busy", extra={"error": type(error.orig).__name__})
                raise TooMany(_BUSY, retry_after_s=1) from error
            if _means_full(error):
                # Not in the words of `files`: here a change failed, of which every part is undone.
                raise DiskFull(
                    "The disk of this node is full. Nothing was changed and nothing is lost; please tell the operator "
                    "to make room, then try again."
                ) from error
            if _means_unkeepable(error):
                raise Invalid("What was sent holds a character that cannot be kept. Nothing was changed.") from error
            raise


class DiskFull(TooMany):
    """The disk is full; nothing was changed."""


def announce(connection: Connection, what: str) -> None:
    """After this write is committed, wakes those in this process who wait for `what`; never if it is rolled back."""
    connection.info.setdefault(_WRITING, set()).add(what)


def unique_violation(error: IntegrityError) -> bool:
    """Was the row refused because one like it is already there?"""
    return getattr(error.orig, "sqlstate", None) == "23505" or "UNIQUE constraint" in str(error.orig)


def away(fault: BaseException) -> bool:
    """Does the database not answer? Then everybody waits for it, and nobody is at fault."""
    return isinstance(fault, DBAPIError) and (
        fault.connection_invalidated or "OperationalError" in type(fault).__name__
    )


def lost(fault: BaseException) -> bool:
    """Was PostgreSQL not to be reached, or shut down meanwhile (SQLSTATE classes 08 and 57)?"""
    if not isinstance(fault, DBAPIError):
        return False
    # SQLite's errors know no such code; the driver's own have none in particular.
    code = getattr(fault.orig, "sqlstate", "none") or "08"
    refused = "OperationalError" in type(fault).__name__
    return fault.connection_invalidated or (refused and code[:2] in {"08", "57"})


def transaction_number(connection: Connection) -> Any:
    """What a row notes as its transaction, for `settled`."""
    return 0 if connection.dialect.name == "sqlite" else text("txid_current()")


def settled(connection: Connection, column: Any) -> Any:
    """A condition on a row's transaction number: true for rows older than the oldest open transaction.

    A reader that follows a growing number must not pass rows that a slower transaction has yet to commit. SQLite has
    one writer at a time, so numbers are committed in order there.
    """
    if connection.dialect.name == "sqlite":
        return text("1 = 1")
    return column < text("txid_snapshot_xmin(txid_current_snapshot())")


def _means_busy(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in {"57014", "55P03", "40P01", "53300"}:
        return True
    return any(word in str(error.orig) for word in ("database is locked", "interrupted"))


def _means_full(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == "53100" or "disk is full" in str(error.orig)


def _means_unkeepable(error: DBAPIError) -> bool:
    # PostgreSQL keeps no NUL in text, and the driver says so before it asks.
    return "NUL (0x00)" in str(error.orig)
