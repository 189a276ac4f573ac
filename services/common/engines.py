"""Engines for the two databases: how a transaction begins, and what ends a statement that takes too long."""

import time
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text


def make_engine(url: str, statement_timeout_s: float, wait_s: float, connections: int) -> Engine:
    # Parameters are names and free text: an error that quotes them would carry them into the log.
    if url.startswith("sqlite"):
        engine = create_engine(
            url,
            pool_size=connections,
            max_overflow=8,
            pool_timeout=wait_s,
            hide_parameters=True,
            connect_args={"timeout": wait_s},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        _time_sqlite(engine, statement_timeout_s)
        return engine
    # Ten megabytes that an embedded node has no use for.
    from services.common import postgres

    return postgres.make_engine(url, statement_timeout_s, wait_s, connections)


_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-4000",
    "temp_store=MEMORY",
    # What is erased is overwritten, whatever the machine's SQLite was built with.
    "secure_delete=ON",
)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: we say BEGIN or BEGIN IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("fosse_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _time_sqlite(engine: Engine, seconds: float) -> None:
    """SQLite has no statement timeout: a progress handler looks at the clock every 20,000 steps of the machine."""

    def before(connection: Connection, *_: object) -> None:
        allowed = connection.info.get("fosse_timeout_s", seconds)
        until = time.monotonic() + allowed
        raw: Any = connection.connection.dbapi_connection
        raw.set_progress_handler(lambda: int(time.monotonic() > until), 20_000)

    event.listen(engine, "before_cursor_execute", before)


def allow(connection: Connection, sqlite: bool, seconds: float) -> None:
    if sqlite:
        connection.info["fosse_timeout_s"] = seconds
        event.listen(connection, "commit", lambda c: c.info.pop("fosse_timeout_s", None), once=True)
        event.listen(connection, "rollback", lambda c: c.info.pop("fosse_timeout_s", None), once=True)
    else:
        raw: Any = connection.connection.dbapi_connection
        raw.allow(seconds)
        connection.execute(text(f"set local statement_timeout = {int(seconds * 1000)}"))
