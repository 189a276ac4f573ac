"""PostgreSQL's connections: one whose server falls silent is given up, so that nobody waits longer for it than for an
answer (decision 0039)."""

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Dialect

T = TypeVar("T")
# The server takes a while to end what may take no longer, and a slow disk to keep what was said.
_GRACE_S = 3.5
# Of many rows sent at once the server says nothing before it has done them all.
_BATCH_S = 60.0
# Whoever a cut network hides says nothing, and a kernel would wait for them for a quarter of an hour, or for two hours:
# ours for the server, and the server's for us, whose locks it holds.
_CONNECTING = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 5,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}
_SERVER = {
    "timezone": "UTC",
    "tcp_user_timeout": 5_000,
    "tcp_keepalives_idle": 5,
    "tcp_keepalives_interval": 1,
    "tcp_keepalives_count": 3,
}


class Silent(psycopg.OperationalError):
    """PostgreSQL said nothing for longer than a statement may take. Whether it did the last one is not known."""


class Connection(psycopg.Connection[Any]):
    """Its kernel answers for a server that is frozen, so nothing but a clock notices."""

    patience_s = _GRACE_S

    def allow(self, statement_timeout_s: float) -> None:
        """From now on statements may take so long, until the connection goes back to its pool."""
        self.patience_s = statement_timeout_s + _GRACE_S

    def wait(self, gen: Generator[Any, Any, T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Raises `Silent`, and closes the connection, when the server says nothing for as long as it may take."""
        return super().wait(self._impatient(gen), interval, timeout)

    def _impatient(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        """What psycopg waits for step by step; it goes on with nothing when nothing came for an interval."""
        heard = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                heard = time.monotonic() if ready else heard
                if time.monotonic() - heard > (_BATCH_S if self.pgconn.pipeline_status else self.patience_s):
                    self.close()
                    raise Silent("The database did not answer in time.")
                wanted = gen.send(ready)
        except StopIteration as done:
            value: T = done.value
            return value


def make_engine(url: str, statement_timeout_s: float, wait_s: float, connections: int) -> Engine:
    milliseconds = int(statement_timeout_s * 1000)
    told = {**_SERVER, "statement_timeout": milliseconds, "lock_timeout": milliseconds}
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=connections,
        pool_timeout=wait_s,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"options": " ".join(f"-c {name}={value}" for name, value in told.items()), **_CONNECTING},
    )

    def connect(_dialect: Dialect, _record: object, _positional: object, given: dict[str, Any]) -> Connection:
        connection = Connection.connect(**given)
        connection.allow(statement_timeout_s)
        return connection

    def patient_as_ever(connection: Connection | None, _record: object) -> None:
        if connection is not None:
            connection.allow(statement_timeout_s)

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkin", patient_as_ever)
    return engine
