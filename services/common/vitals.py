"""How one process is at this moment: what `fosse doctor` is told and what its metrics say come from here.

It is asked every few seconds, so nothing here counts a table that only grows.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from services.common import audit, seen, settings, timetable
from services.common.audit import Unsealed
from services.common.bus import Lag
from services.common.clock import Clock
from services.common.database import Database
from services.common.facts import Unsent
from services.common.wires import IDENTITY

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Figures = Callable[[Connection, datetime], Mapping[str, float]]
"""What a service counts of its own trade, by the names of its metrics."""
Elsewhere = Callable[[], Mapping[str, float]]
"""The same of what it needs and asks over the network: never while a transaction is open."""


@dataclass(frozen=True)
class Given:
    """What a process was given at its start, as far as an operator should see it."""

    settings: Mapping[str, str] = field(default_factory=dict)
    # Files, and folders of files.
    secrets: Sequence[Path] = ()
    # What other processes see of it.
    certificate: Path | None = None


def given_to(given: "DataclassInstance", tls_dir: Path | None, data_dir: Path) -> Given:
    """What of a process's settings an operator sees, and the secrets behind them."""
    folders = [each for each in (tls_dir, data_dir / "keys") if each]
    return Given(
        settings=settings.for_an_operator(given),
        secrets=[*folders, *settings.files_of(given)],
        certificate=tls_dir / IDENTITY if tls_dir else None,
    )


@dataclass(frozen=True)
class Vitals:
    unsent: Unsent
    parked: int
    overdue: int
    audit_unsealed: Unsealed
    schema_version: str
    database_ahead_s: float | None
    connections_in_use: int
    disk_free_bytes: int
    lags: Sequence[Lag]
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Measuring:
    """Where a process looks for its vitals."""

    db: Database
    clock: Clock
    data_dir: Path
    waiting: Callable[[], Unsent]
    lags: Callable[[], Sequence[Lag]]
    figures: Figures
    elsewhere: Elsewhere = dict

    def __call__(self) -> Vitals:
        """Raises an error of the database, or `TooMany`, when that does not answer."""
        waiting, lags = self.waiting(), self.lags()
        elsewhere = self.elsewhere()
        in_use = self.db.connections_in_use()
        with self.db.read() as conn:
            now = self.clock()
            return Vitals(
                unsent=waiting,
                parked=seen.count_parked(conn),
                overdue=timetable.overdue(conn, now),
                audit_unsealed=audit.unsealed(conn),
                schema_version=" ".join(sorted(conn.scalars(text("select version_num from alembic_version")))),
                database_ahead_s=_ahead(conn, self.clock),
                connections_in_use=in_use,
                disk_free_bytes=self.disk_free_bytes(),
                lags=lags,
                figures={**elsewhere, **self.figures(conn, now)},
            )

    def disk_free_bytes(self) -> int:
        return shutil.disk_usage(self.data_dir).free


def no_figures(conn: Connection, now: datetime) -> Mapping[str, float]:
    """Of a service that counts nothing of its own."""
    return {}


def _ahead(conn: Connection, clock: Clock) -> float | None:
    if conn.dialect.name == "sqlite":
        return None
    told: datetime = conn.execute(text("select clock_timestamp()")).scalar_one()
    return (told.astimezone(UTC) - clock()).total_seconds()
