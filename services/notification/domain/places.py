"""What somebody is told of a decision about their place."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.notification.domain.delivery import News, line
from services.notification.domain.links import Purpose, a_hash
from services.notification.domain.meetings import Meeting, words_of

PLACE_DECIDED = "place_decided"


class Decision(StrEnum):
    """What a request for a place led to."""

    ROOM = "room"
    ONLINE = "online"
    WAITING = "waiting"
    GIVEN_BACK = "given_back"
    DECLINED = "declined"
    REFUSED = "refused"


@dataclass(frozen=True)
class Decided:
    """One decision about a member's place. `position`: on the waiting list, 0 where it is not known."""

    member_id: str
    decision: Decision
    version: int
    promoted: bool = False
    first: bool = False
    position: int = 0


@dataclass(frozen=True)
class _Said:
    """What a mail says of a decision, and the link that undoes it."""

    subject: str
    sentences: Sequence[str]
    link: Purpose | None = None
    link_says: str = ""
    calendar: bool = False


def place_decided(meeting: Meeting, decided: Decided) -> News | None:
    """A short mail to the member; none to who only says that they cannot come, or when the meeting is over or off."""
    if not meeting.to_come or (decided.first and decided.decision is Decision.DECLINED):
        return None
    said = _promoted(decided) if decided.promoted else _said(meeting, decided)
    if said is None:
        return None
    words = {
        **words_of(meeting, links=[said.link] if said.link else [], calendar=said.calendar),
        "sentences": list(said.sentences),
        "link": said.link or "",
        "link_says": said.link_says,
    }
    subject = line(f"{said.subject}: {meeting.title}, {meeting.day}")
    # Each decision is told once, however often its fact comes.
    item_id = a_hash(PLACE_DECIDED, meeting.id, decided.member_id, str(decided.version))
    return News(PLACE_DECIDED, item_id, decided.member_id, subject, words)


def _promoted(decided: Decided) -> _Said | None:
    where = {Decision.ROOM: "A place in the room", Decision.ONLINE: "A place online"}.get(decided.decision)
    if where is None:
        return None
    sentences = [f"{where} came free, and it is yours. You need not do anything."]
    says = "If you cannot come any more, please pass it on to who waits next:"
    return _Said("A place came free for you", sentences, Purpose.DECLINE, says, calendar=True)


def _said(meeting: Meeting, decided: Decided) -> _Said:
    undo = "If you can no longer come, please give your place back, so that somebody else gets it:"
    book = "If that was a mistake, ask for a place again:"
    if decided.decision is Decision.ROOM:
        return _Said("You have a place", ["You have a place in the room."], Purpose.CANCEL, undo, calendar=True)
    if decided.decision is Decision.ONLINE:
        return _Said("You have a place online", ["You have a place online."], Purpose.CANCEL, undo, calendar=True)
    if decided.decision is Decision.WAITING:
        leave = "If you no longer want to wait:"
        return _Said("You are on the waiting list", _waiting(meeting, decided), Purpose.CANCEL, leave)
    if decided.decision is Decision.GIVEN_BACK:
        # Of a place as well as of the waiting list: the fact does not say which.
        sentences = ["You gave back what you had at this meeting. A place goes to who waits first."]
        return _Said("You gave your place back", sentences, Purpose.BOOK, book)
    if decided.decision is Decision.DECLINED:
        sentences = ["We know that you cannot come. If you had a place, it goes to who waits first."]
        return _Said("You cannot come", sentences, Purpose.BOOK, "If you can come after all, ask for a place again:")
    return _Said("There is no place online", _refused(meeting))


def _refused(meeting: Meeting) -> list[str]:
    """Only places online are ever refused: for the room there is a waiting list."""
    room = "There may be a place in the room, or on its waiting list: ask for one on the meeting's page."
    again = "If somebody gives one back it is free: look again on the meeting's page."
    return ["All places online are taken, and nobody waits for them.", room if meeting.venue else again]


def _waiting(meeting: Meeting, decided: Decided) -> list[str]:
    where = f"You are number {decided.position} on" if decided.position else "You are on"
    sentences = [f"The room is full. {where} the waiting list.", "If a place comes free for you, we tell you at once."]
    if not decided.position:
        sentences.append("How many are before you stands on the meeting's page.")
    if meeting.online_free:
        sentences.append("There are places online: you can take one on the meeting's page and still wait for the room.")
    return sentences
