"""Writing minutes, trying them on oneself, publishing them."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.common import audit, facts, ids
from services.common.access import Person
from services.common.database import Database
from services.common.errors import NotAllowed, NotFound
from services.events.domain import minutes as rules
from services.events.domain.meeting import NO_SUCH, may_change, require_change, require_seen
from services.events.domain.minutes import Draft, Edition, MinutesWords, checked_minutes
from services.events.messages import said
from services.events.store import meetings
from services.events.store import minutes as store
from services.events.usecases.places import USED


@dataclass(frozen=True)
class Seen:
    """What the asker may see of the minutes; `draft` only for convenors and for notification, which mails it."""

    editions: list[Edition]
    draft: Draft | None
    may_change: bool


def get(db: Database, meeting_id: str, person: Person | None) -> Seen:
    """Without a person: as notification reads them."""
    with db.read() as conn:
        meeting = meetings.find(conn, meeting_id)
        if meeting is None:
            raise NotFound(NO_SUCH)
        if person is not None:
            require_seen(meeting, person)
        writes = may_change(meeting, person)
        draft = store.draft(conn, meeting_id) if writes or person is None else None
        return Seen(store.editions(conn, meeting_id), draft, writes)


def save(
    db: Database, meeting_id: str, *, expected_version: int, words: MinutesWords, person: Person, now: datetime
) -> Draft:
    checked = checked_minutes(words)
    with db.write() as conn:
        meeting = require_change(meetings.find_locked(conn, meeting_id), person)
        before = store.draft(conn, meeting_id)
        after = rules.save(meeting, before, checked, expected_version)
        if after is not before:
            store.save_draft(conn, meeting_id, after)
            audit.add(conn, person, "wrote minutes", meeting_id, now)
    return after


def test(db: Database, test_id: str, *, meeting_id: str, person: Person, now: datetime) -> None:
    """Mails the draft to the asker alone; the same id once."""
    ids.checked(test_id)
    with db.write() as conn:
        meeting = require_change(meetings.find(conn, meeting_id), person)
        tried = store.test_of(conn, test_id)
        if tried == (meeting_id, person.member_id):
            return
        if tried is not None:
            raise NotAllowed(USED)
        rules.require_words(store.draft(conn, meeting_id))
        store.add_test(conn, test_id, meeting_id, person.member_id, now)
        facts.put(conn, said.minutes_tested(meeting, person.member_id, test_id), meeting_id, now)
        audit.add(conn, person, "tried minutes", meeting_id, now)


def publish(
    db: Database, meeting_id: str, *, expected_version: int, mail: bool, person: Person, now: datetime
) -> Edition:
    with db.write() as conn:
        meeting = require_change(meetings.find_locked(conn, meeting_id), person)
        draft, editions = store.draft(conn, meeting_id), store.editions(conn, meeting_id)
        already = rules.published_already(draft, editions, expected_version, mail)
        if already:
            return already
        rules.require_version(draft, expected_version)
        new = rules.publish(meeting, draft, editions, mail=mail, now=now)
        store.add_edition(conn, meeting_id, new)
        meetings.save(conn, replace(meeting, minutes_edition=new.edition))
        facts.put(conn, said.minutes_published(meeting, new), meeting_id, now)
        audit.add(conn, person, "published minutes", meeting_id, now)
    return new
