"""The pulse after a meeting: answered without a name, read as far as it may be shown, closed after 14 days."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from services.common.access import Person
from services.common.database import Database
from services.evaluation.domain import pulse as rules
from services.evaluation.domain.pulse import Shown
from services.evaluation.domain.rights import may_read_words, require_in
from services.evaluation.store import kept, pulses


def answer(
    db: Database, response_id: str, answer: rules.Answer, *, meeting_id: str, person: Person, now: datetime
) -> None:
    """No audit row and no fact: they would tell who answered, or when. `response_id` is random, and tells nothing."""
    with db.write() as conn:
        found = pulses.find(conn, meeting_id)
        rules.require_open(found, kept.was_present(conn, meeting_id, person.member_id), now)
        secret = pulses.secret_of(conn, meeting_id)
        pulses.note_answered(conn, meeting_id, rules.token(secret, person.member_id))
        pulses.add_response(conn, response_id, meeting_id, answer)


def get(db: Database, meeting_id: str, *, person: Person, now: datetime) -> Shown:
    with db.read() as conn:
        meeting, found = kept.find_meeting(conn, meeting_id), pulses.find(conn, meeting_id)
        community_id = found.community_id if found else meeting.community_id if meeting else ""
        require_in(person, community_id)
        answers = pulses.answers(conn, meeting_id) if found else []
        waits = found is not None and _waits_for(conn, found, person, now)
    shown = rules.shown(found, answers, words=may_read_words(person, community_id), now=now)
    return replace(shown, may_answer=waits)


def _waits_for(conn: Connection, pulse: rules.Pulse, person: Person, now: datetime) -> bool:
    """Whether this person is asked and has not answered."""
    if not pulse.is_open(now) or not kept.was_present(conn, pulse.meeting_id, person.member_id):
        return False
    token = rules.token(pulses.secret_of(conn, pulse.meeting_id), person.member_id)
    return not pulses.has_answered(conn, pulse.meeting_id, token)


def close(db: Database, meeting_id: str, now: datetime) -> None:
    with db.write() as conn:
        pulses.close(conn, meeting_id, now)
