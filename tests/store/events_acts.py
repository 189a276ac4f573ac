"""A community's meetings over a fresh database, and what its people do to them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fosse.events.v1 import facts_pb2
from services.common.access import Person
from services.common.database import Database
from services.events.domain.meeting import Held, Meeting
from services.events.domain.minutes import Draft, Item, MinutesWords
from services.events.domain.place import Place
from services.events.domain.room import Asked, Decided, replay
from services.events.messages.shown import Answer, Shown
from services.events.store import meetings, places
from services.events.usecases import arranging, attending, minutes, reading
from services.events.usecases import places as asking
from tests.store.told import said
from tests.unit.events.meetings import CARE_HOMES, NOW, a_convenor, a_member, an_id, some_words

ANN, BEN, CATH = a_member(1), a_member(2), a_convenor()
ITEM = an_id(100)
DURING = datetime(2026, 12, 10, 15, 0, tzinfo=UTC)
AFTER = datetime(2026, 12, 10, 17, 0, tzinfo=UTC)
A_WEEK_LATER = AFTER + timedelta(days=7)
WORDS = MinutesWords((Item("Falls", "We talked about slippers.", "Buy slippers."),), ("Cath writes to homes.",))


def create(db: Database, item: str = ITEM, person: Person = CATH, now: datetime = NOW, **words: Any) -> Meeting:
    made = arranging.create(db, item, community_id=CARE_HOMES, words=some_words(**words), person=person, now=now)
    return made.meeting


def update(db: Database, version: int, item: str = ITEM, now: datetime = NOW, **words: Any) -> Meeting:
    changed = some_words(**words)
    return arranging.update(db, item, expected_version=version, words=changed, person=CATH, now=now).meeting


def announce(db: Database, version: int = 1, item: str = ITEM, invite: bool = False) -> Meeting:
    return arranging.announce(db, item, expected_version=version, invite=invite, person=CATH, now=NOW).meeting


def announced(db: Database, item: str = ITEM, **words: Any) -> Meeting:
    create(db, item, **words)
    return announce(db, item=item)


def call_off(db: Database, version: int = 2, because: str = "The hall is flooded.", now: datetime = NOW) -> Meeting:
    return arranging.cancel(db, ITEM, expected_version=version, because=because, person=CATH, now=now).meeting


def record(db: Database, item: str = ITEM, person: Person = CATH, **given: Any) -> Meeting:
    there = arranging.There(
        given.pop("present", [(an_id(1), 2), (an_id(2), 3), (an_id(3), 1)]),
        given.pop("apologies", [an_id(4)]),
        Held(given.pop("guests", 3), given.pop("refused", 0)),
    )
    words = some_words(**{"day": "2026-06-11", **given})
    return arranging.record(db, item, community_id=CARE_HOMES, words=words, there=there, person=person, now=NOW).meeting


def ask(
    db: Database, asked: Asked, person: Person, request: int, *, item: str = ITEM, needs: str = "", now: datetime = NOW
) -> Answer:
    return asking.ask(db, an_id(request), asked, meeting_id=item, needs=needs, person=person, now=now)


def book(db: Database, number: int, **given: Any) -> Answer:
    """Member `number` asks for the room, by a form of their own."""
    return ask(db, given.pop("asked", Asked.ROOM), a_member(number), given.pop("request", 10_000 + number), **given)


def cancel(db: Database, number: int, **given: Any) -> Answer:
    return ask(db, Asked.CANCEL, a_member(number), given.pop("request", 20_000 + number), **given)


def decline(db: Database, number: int, **given: Any) -> Answer:
    return ask(db, Asked.DECLINE, a_member(number), given.pop("request", 30_000 + number), **given)


def note(db: Database, *present: tuple[int, int], version: int = 0, now: datetime = AFTER, **given: Any) -> Any:
    listed = [(an_id(number), presence) for number, presence in present]
    noting = attending.Noting(listed, given.pop("guests", 0), given.pop("close", False))
    return attending.note(db, ITEM, noting, expected_version=version, person=given.pop("person", CATH), now=now)


def write(db: Database, words: MinutesWords = WORDS, version: int = 0, person: Person = CATH) -> Draft:
    return minutes.save(db, ITEM, expected_version=version, words=words, person=person, now=AFTER)


def publish(db: Database, version: int = 1, *, mail: bool = True, now: datetime = AFTER) -> Any:
    return minutes.publish(db, ITEM, expected_version=version, mail=mail, person=CATH, now=now)


def get(db: Database, person: Person | None = ANN, item: str = ITEM, now: datetime = NOW) -> Shown:
    return reading.get(db, item, person, now)


def standing(db: Database, item: str = ITEM) -> dict[str, Place]:
    with db.read() as conn:
        return {each.member_id: each for each in places.of_meeting(conn, item)}


def log(db: Database, item: str = ITEM) -> list[Decided]:
    with db.read() as conn:
        return [decided for decided, _ in places.log_of(conn, item, member_id="", after=0, limit=10_000)]


def recomputed(db: Database, item: str = ITEM) -> None:
    """Every decision of the log comes out again, and gives what the store holds."""
    again = replay(log(db, item))
    with db.read() as conn:
        meeting = meetings.find(conn, item)
    assert meeting is not None
    figures = meeting.figures
    assert (again.room_taken, again.online_taken, again.waiting) == (
        figures.room_taken, figures.online_taken, figures.waiting,
    )  # fmt: skip
    held = standing(db, item)
    assert {key: place.standing for key, place in held.items()} == {
        key: found for key, found in again.standings.items() if key in held
    }
    assert [place.position for place in held.values()] == [again.position(key) for key in held]


def decisions_said(db: Database) -> list[tuple[int, int, bool, bool]]:
    """Of each fact about a place: whose, what, promoted, first."""
    told = said(db, facts_pb2.PlaceDecided)
    return [(int(each.member_id, 16), each.decision, each.promoted, each.first) for each in told]
