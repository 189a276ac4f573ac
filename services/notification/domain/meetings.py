"""Mailings about a meeting: who is told what, and which signed links the mail holds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notification.domain.delivery import Letter, Mailing, Words, line
from services.notification.domain.links import Purpose, a_hash

INVITATION = "meeting_invitation"
MOVED = "meeting_moved"
CALLED_OFF = "meeting_cancelled"
MINUTES = "minutes"
MINUTES_TEST = "minutes_test"
PULSE = "pulse"
# As long as evaluation takes answers: a link that lies in a mailbox for months opens nothing.
PULSE_OPEN = timedelta(days=14)


@dataclass(frozen=True)
class Meeting:
    """A meeting as an invitation tells it; its joining link is not among it."""

    id: str
    community_id: str
    title: str
    day: str
    when: str
    ends_at: datetime
    # Announced, not cancelled, not over.
    to_come: bool
    cancelled: bool = False
    cancelled_because: str = ""
    venue: str = ""
    directions: str = ""
    about: str = ""
    agenda: tuple[str, ...] = ()
    online: bool = False
    online_free: int = 0


@dataclass(frozen=True)
class Minutes:
    """What the minutes of a meeting say. `edition` 0: a draft."""

    edition: int
    items: tuple[Mapping[str, str], ...] = ()
    actions: tuple[str, ...] = ()
    reply_to: str = ""


def invitation(meeting: Meeting, version: int, members: Collection[str], ics: str) -> Mailing | None:
    """To every member; none any more once it is called off or over."""
    if not meeting.to_come:
        return None
    words = words_of(meeting, links=[Purpose.BOOK, Purpose.DECLINE])
    subject = f"Invitation: {meeting.title}, {meeting.day}"
    return _mailing(INVITATION, meeting, (version,), subject, words, members, ics=ics)


def moved(meeting: Meeting, version: int, holders: Collection[str]) -> Mailing | None:
    """To those who have a place or wait for one. Each gets an own calendar entry: some may see the joining link."""
    if not meeting.to_come:
        return None
    words = words_of(meeting, links=[Purpose.DECLINE], calendar=True)
    subject = f"Changed: {meeting.title}, now {meeting.day}"
    return _mailing(MOVED, meeting, (version,), subject, words, holders)


def called_off(meeting: Meeting, version: int, holders: Collection[str], ics: str) -> Mailing | None:
    if not meeting.cancelled:
        return None
    words = {**words_of(meeting), "because": meeting.cancelled_because}
    subject = f"Cancelled: {meeting.title}, {meeting.day}"
    return _mailing(CALLED_OFF, meeting, (version,), subject, words, holders, ics=ics)


def minutes(meeting: Meeting, said: Minutes, mailing_id: str, members: Collection[str]) -> Mailing:
    """To every member, whether they were there or not."""
    subject = f"Minutes: {meeting.title}, {meeting.day}"
    if said.edition > 1:
        subject = f"Corrected minutes: {meeting.title}, {meeting.day}"
    letter = _letter(mailing_id, MINUTES, meeting, subject, _minutes_words(meeting, said), reply_to=said.reply_to)
    return Mailing(letter, _each_once(members))


def minutes_test(meeting: Meeting, said: Minutes, test_id: str, convenor_id: str) -> Mailing:
    """To the convenor alone who wants to see them first."""
    subject = f"Test: Minutes: {meeting.title}, {meeting.day}"
    words = _minutes_words(meeting, said)
    letter = _letter(test_id, MINUTES_TEST, meeting, subject, words, reply_to=said.reply_to)
    return Mailing(letter, (convenor_id,))


def pulse(meeting: Meeting, present: Collection[str], now: datetime) -> Mailing:
    """To those who were there."""
    words = {**words_of(meeting, links=[Purpose.PULSE]), "links_end": (now + PULSE_OPEN).isoformat()}
    return _mailing(PULSE, meeting, (), f"One minute about {meeting.title}, {meeting.day}?", words, present)


def words_of(meeting: Meeting, *, links: Sequence[Purpose] = (), calendar: bool = False) -> dict[str, object]:
    return {
        "meeting_id": meeting.id,
        "title": meeting.title,
        "day": meeting.day,
        "when": meeting.when,
        "venue": meeting.venue,
        "directions": meeting.directions,
        "about": meeting.about,
        "agenda": list(meeting.agenda),
        "online": meeting.online,
        "links": list(links),
        # After the meeting nothing can be booked or given back.
        "links_end": meeting.ends_at.isoformat(),
        # Each member's own calendar entry is asked for when the mail is written.
        "own_calendar": calendar,
    }


def _minutes_words(meeting: Meeting, said: Minutes) -> dict[str, object]:
    return {
        **words_of(meeting),
        "edition": said.edition,
        "items": [dict(item) for item in said.items],
        "actions": list(said.actions),
        "reply_to": said.reply_to,
    }


def _mailing(
    kind: str,
    meeting: Meeting,
    about: tuple[int, ...],
    subject: str,
    words: Words,
    members: Collection[str],
    *,
    ics: str = "",
) -> Mailing:
    mailing_id = a_hash(kind, meeting.id, *map(str, about))
    return Mailing(_letter(mailing_id, kind, meeting, subject, words, ics=ics), _each_once(members))


def _letter(
    letter_id: str, kind: str, meeting: Meeting, subject: str, words: Words, *, ics: str = "", reply_to: str = ""
) -> Letter:
    return Letter(letter_id, kind, meeting.id, meeting.community_id, line(subject), words, ics, line(reply_to))


def _each_once(members: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(members))
