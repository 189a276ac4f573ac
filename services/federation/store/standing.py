"""The one row that says how this node stands with its region."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from services.common.database import announce
from services.federation.domain.standing import Enrolment, Standing
from services.federation.store.tables import standing

_READ = tuple(column for column in standing.c if column.name != "one")


def get(conn: Connection) -> Standing | None:
    row = conn.execute(select(*_READ)).mappings().one_or_none()
    return Standing(**{**row, "state": Enrolment(row["state"])}) if row else None


def begin(conn: Connection, new: Standing) -> None:
    conn.execute(insert(standing).values(one=1, **asdict(new)))


def save(conn: Connection, changed: Standing) -> None:
    conn.execute(update(standing).values(**asdict(changed)))
    announce(conn, "standing")


def note_contact(conn: Connection, at: datetime, problem: str) -> None:
    conn.execute(update(standing).values(last_contact=at, problem=problem))


def note_problem(conn: Connection, sentence: str) -> None:
    conn.execute(update(standing).values(problem=sentence))
