"""Pulses and their answers. Nothing here joins an answer to who gave it."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.common.database import unique_violation
from services.common.errors import Conflict
from services.evaluation.domain.pulse import ANSWERED, Answer, Change, Pulse
from services.evaluation.store.tables import pulse, pulse_answered, pulse_secret, response


def find(conn: Connection, meeting_id: str) -> Pulse | None:
    row = conn.execute(select(pulse).where(pulse.c.meeting_id == meeting_id)).mappings().one_or_none()
    return Pulse(**row) if row else None


def add(conn: Connection, new: Pulse, secret: bytes) -> None:
    conn.execute(insert(pulse).values(vars(new)))
    conn.execute(insert(pulse_secret).values(meeting_id=new.meeting_id, secret=secret))


def secret_of(conn: Connection, meeting_id: str) -> bytes:
    """Of an open pulse."""
    found = select(pulse_secret.c.secret).where(pulse_secret.c.meeting_id == meeting_id)
    secret: bytes = conn.execute(found).scalar_one()
    return secret


def has_answered(conn: Connection, meeting_id: str, token: str) -> bool:
    which = (pulse_answered.c.meeting_id == meeting_id, pulse_answered.c.token == token)
    return conn.scalar(select(pulse_answered.c.token).where(*which)) is not None


def note_answered(conn: Connection, meeting_id: str, token: str) -> None:
    """Raises `Conflict` for a second answer."""
    try:
        conn.execute(insert(pulse_answered).values(meeting_id=meeting_id, token=token))
    except IntegrityError as error:
        if unique_violation(error):
            raise Conflict(ANSWERED) from error
        raise


def add_response(conn: Connection, response_id: str, meeting_id: str, answer: Answer) -> None:
    """`response_id` is random: it says nothing of who answered, nor when."""
    said = {"worth": answer.worth, "change": int(answer.change), "better": answer.better}
    conn.execute(insert(response).values(id=response_id, meeting_id=meeting_id, **said))


def answers(conn: Connection, meeting_id: str) -> list[Answer]:
    """In no order that means anything."""
    found = select(response.c.worth, response.c.change, response.c.better).where(response.c.meeting_id == meeting_id)
    rows = conn.execute(found.order_by(response.c.id))
    return [Answer(row.worth, Change(row.change), row.better) for row in rows]


def close(conn: Connection, meeting_id: str, now: datetime) -> None:
    """Forgets who answered; the answers stay."""
    conn.execute(update(pulse).where(pulse.c.meeting_id == meeting_id, pulse.c.closes_at <= now).values(closed=True))
    closed = select(pulse.c.meeting_id).where(pulse.c.meeting_id == meeting_id, pulse.c.closed)
    for table in (pulse_answered, pulse_secret):
        conn.execute(delete(table).where(table.c.meeting_id.in_(closed)))
