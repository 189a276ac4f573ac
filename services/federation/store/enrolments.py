"""At the hub: one-time codes, wrong guesses, and newcomers who wait for a person's decision."""

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.common.database import unique_violation
from services.common.errors import Conflict, NotFound
from services.federation.domain.codes import UNKNOWN_LOCATORS_AN_HOUR, Code
from services.federation.domain.newcomer import Newcomer
from services.federation.domain.standing import Enrolment
from services.federation.store.tables import enrolment_codes, newcomers, wrong_codes


def add_code(conn: Connection, code: Code) -> None:
    try:
        conn.execute(insert(enrolment_codes).values(**asdict(code)))
    except IntegrityError as error:
        if unique_violation(error):
            raise Conflict("This code was made already, and a code is told only once. Ask for a new one.") from error
        raise


def code_at(conn: Connection, locator: str) -> Code | None:
    """Locked until the end of the transaction, so that it opens one door once."""
    found = select(enrolment_codes).where(enrolment_codes.c.locator == locator).with_for_update()
    row = conn.execute(found).mappings().one_or_none()
    return Code(**row) if row else None


def use_code(conn: Connection, code: Code, now: datetime) -> None:
    conn.execute(update(enrolment_codes).where(enrolment_codes.c.id == code.id).values(used_at=now))


def count_wrong_secret(conn: Connection, code: Code) -> None:
    conn.execute(update(enrolment_codes).where(enrolment_codes.c.id == code.id).values(wrong=code.wrong + 1))


def count_unknown(conn: Connection, now: datetime) -> int:
    """Notes one more guess that named no code; returns how many there were in the last hour before it.

    Beyond those that count none is noted: guessing fills no disk.
    """
    hour_ago = now - timedelta(hours=1)
    conn.execute(delete(wrong_codes).where(wrong_codes.c.at < hour_ago))
    before = conn.scalar(select(func.count()).select_from(wrong_codes)) or 0
    if before < UNKNOWN_LOCATORS_AN_HOUR:
        conn.execute(insert(wrong_codes).values(at=now))
    return int(before)


def add_newcomer(conn: Connection, newcomer: Newcomer) -> None:
    conn.execute(insert(newcomers).values(**asdict(newcomer)))


def newcomer(conn: Connection, enrolment_id: str) -> Newcomer:
    found = conn.execute(_newcomers().where(newcomers.c.enrolment_id == enrolment_id).with_for_update())
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound("Nobody has asked to be let in under this number.")
    return Newcomer(**{**row, "state": Enrolment(row["state"])})


def waiting(conn: Connection) -> list[Newcomer]:
    rows = conn.execute(_newcomers().where(newcomers.c.state == Enrolment.ASKED).order_by(newcomers.c.asked_at))
    return [Newcomer(**{**row, "state": Enrolment(row["state"])}) for row in rows.mappings()]


def newcomer_with(conn: Connection, code_id: str) -> Newcomer | None:
    """Who used this code."""
    row = conn.execute(_newcomers().where(newcomers.c.code_id == code_id)).mappings().one_or_none()
    return Newcomer(**{**row, "state": Enrolment(row["state"])}) if row else None


def save_newcomer(conn: Connection, changed: Newcomer) -> None:
    values = {"state": changed.state, "certificate": changed.certificate, "collect_hash": changed.collect_hash}
    conn.execute(update(newcomers).where(newcomers.c.enrolment_id == changed.enrolment_id).values(**values))


def _newcomers() -> Select[tuple[object, ...]]:
    return select(*newcomers.c)
