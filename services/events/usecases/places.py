"""Booking a place, giving it back, saying that one cannot come: all decided under the lock of the meeting's row."""

from datetime import datetime

from services.common import audit, ids
from services.common.access import Person
from services.common.database import Database
from services.common.errors import NotAllowed
from services.events.domain.meeting import require_open, require_seen
from services.events.domain.place import Place, checked_needs
from services.events.domain.room import Asked, Decided, decide, online_offered
from services.events.messages.shown import Answer
from services.events.store import meetings, places
from services.events.store.places import Answered
from services.events.usecases.seating import Seating, write_with_counters

USED = "This form was already used for something else. Open the page again and send it once more."


def ask(
    db: Database, request_id: str, asked: Asked, *, meeting_id: str, needs: str = "", person: Person, now: datetime
) -> Answer:
    """The same request twice answers the first result; whoever waits first gets what it gives back, at once."""
    ids.checked(request_id)
    helps = checked_needs(needs)
    with db.write() as conn:
        meeting = require_seen(meetings.find_locked(conn, meeting_id), person)
        place, answered = places.before(conn, meeting_id, person.member_id, request_id)
        if answered:
            return _again(answered, meeting_id, asked, place)
        require_open(meeting, person, now)
        order = meeting.queued + 1
        outcome = decide(asked, place.standing, meeting.figures, position=place.position, order=order)
        seating = Seating(meeting, now)
        decided = seating.take(place, asked, outcome, person.acting_id)
        seating.promote(conn)
        write_with_counters(conn, seating, request_id)
        counts = bool(outcome.standing.holds or outcome.standing.order)
        if helps and counts and helps != place.needs:
            places.put_need(conn, meeting_id, person.member_id, helps)
        elif place.needs and not counts:
            places.drop_need(conn, meeting_id, person.member_id)
        if outcome.changed:
            audit.add(conn, person, f"place: {outcome.decision.name.lower().replace('_', ' ')}", meeting_id, now)
        offered = online_offered(outcome.decision, outcome.standing.holds, outcome.figures)
        return Answer(decided, (helps or place.needs) if counts else "", offered)


def _again(answered: Answered, meeting_id: str, asked: Asked, place: Place) -> Answer:
    decided: Decided = answered.decided
    if (answered.meeting_id, decided.member_id, decided.asked) != (meeting_id, place.member_id, asked):
        raise NotAllowed(USED)
    offered = online_offered(decided.decision, place.standing.holds, decided.figures)
    return Answer(decided, place.needs, offered)
