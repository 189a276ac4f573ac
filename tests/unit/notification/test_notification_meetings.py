"""News of a meeting: who gets what, who does not, and what a mail says."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from services.notification.domain import meetings, places, spoken
from services.notification.domain.delivery import Delivery, Letter, Mailing, News
from services.notification.domain.links import Purpose, link_id, links_end, links_wanted
from services.notification.domain.meetings import Meeting, Minutes
from services.notification.domain.places import Decided, Decision
from services.notification.letters import Addressed, Enclosed, Letters
from services.notification.mime import Mail
from tests.alone import HeldClock
from tests.unit.membership.people import CARE_HOMES, an_id

NOW = HeldClock()()
ANN, BEN = an_id(1), an_id(2)
MEETING = Meeting(
    id=an_id(50),
    community_id=CARE_HOMES,
    title="Falls and <b>frailty</b>",
    day="Thursday 10 December 2026",
    when="Thursday 10 December 2026, 14:00 to 16:00",
    ends_at=NOW + timedelta(days=17),
    to_come=True,
    venue="County Hall, room 3",
    about="What we tried.\nWhat helped.",
    agenda=("Falls at night", "Any other business"),
    online=True,
)
OFF = replace(MEETING, to_come=False, cancelled=True, cancelled_because="The speaker is ill.")
OVER = replace(MEETING, to_come=False)
SAID = Minutes(
    edition=1,
    items=({"title": "Falls", "discussion": "Long & good.", "decision": "A light in each corridor."},),
    actions=("Ann asks three homes by Friday",),
    reply_to="convenors@county.example",
)
CODES: Mapping[str, str] = {purpose: f"code-{purpose}" for purpose in Purpose}


def decided(decision: Decision, **given: object) -> Decided:
    return Decided(**{"member_id": ANN, "decision": decision, "version": 1, **given})  # type: ignore[arg-type]  # a builder


def as_read(mail: Mail) -> EmailMessage:
    """By the library, which knows nothing of how it was put together."""
    found = message_from_bytes(mail.content, EmailMessage, policy=SMTP)
    assert not [defect for part in found.walk() for defect in part.defects]
    return found


def mail_of(
    told: Mailing | News | None, *, ics: str = "", joining_link: str = "", codes: Mapping[str, str] = CODES
) -> tuple[str, str]:
    """Text and HTML as Ann reads them."""
    assert told is not None
    letter = told.letter if isinstance(told, Mailing) else None
    news = News(letter.kind, letter.id, ANN, letter.subject) if letter else told
    assert isinstance(news, News)
    delivery = Delivery(an_id(9), news, NOW, letter_id=letter.id if letter else "", letter=letter)
    wanted: dict[str, str] = {each: codes[each] for each in links_wanted(delivery.words) if each in codes}
    to = Addressed("Ann", "ann@home.example", wanted, Enclosed(ics, joining_link))
    mail = as_read(Letters("fosse@notts.example", "https://notts.example").write(delivery, to, NOW))
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None and html is not None
    return plain.get_content().replace("\r\n", "\n"), html.get_content()


def every_kind() -> list[Mailing | News]:
    told = [
        meetings.invitation(MEETING, 1, [ANN], ""),
        meetings.moved(MEETING, 2, [ANN]),
        meetings.called_off(OFF, 3, [ANN], ""),
        meetings.minutes(MEETING, SAID, an_id(7), [ANN]),
        meetings.minutes_test(MEETING, SAID, an_id(8), ANN),
        meetings.pulse(MEETING, [ANN], NOW),
        *(places.place_decided(MEETING, decided(each)) for each in Decision),
        places.place_decided(MEETING, decided(Decision.ROOM, promoted=True)),
    ]
    return [each for each in told if each]


@pytest.mark.parametrize(
    ("day", "starts", "ends", "said"),
    [
        ("2026-09-10", "14:00", "16:00", "Thursday 10 September 2026, 14:00 to 16:00"),
        ("2026-03-01", "09:30", "12:00", "Sunday 1 March 2026, 09:30 to 12:00"),
        ("2026-12-31", "12:15", "00:00", "Thursday 31 December 2026, 12:15 to 00:00"),
        ("some day", "early", "late", "some day, early to late"),
    ],
)
def test_mails_say_days_and_times_as_the_pages_do(day: str, starts: str, ends: str, said: str) -> None:
    assert spoken.when(day, starts, ends) == said


def test_an_invitation_goes_to_every_member_once_with_links_to_book_and_to_decline() -> None:
    mailing = meetings.invitation(MEETING, 1, [ANN, BEN, ANN], "BEGIN:VCALENDAR")
    assert mailing is not None

    assert mailing.member_ids == (ANN, BEN) and mailing.letter.ics == "BEGIN:VCALENDAR"
    assert links_wanted(mailing.letter.words) == [Purpose.BOOK, Purpose.DECLINE]
    assert links_end(mailing.letter.words) == MEETING.ends_at
    assert mailing.letter.subject == "Invitation: Falls and <b>frailty</b>, Thursday 10 December 2026"


def test_nobody_is_invited_to_a_meeting_that_is_called_off_or_over_meanwhile() -> None:
    for gone in (OFF, OVER):
        assert meetings.invitation(gone, 1, [ANN], "") is None and meetings.moved(gone, 1, [ANN]) is None
        assert places.place_decided(gone, decided(Decision.ROOM)) is None
    assert meetings.called_off(MEETING, 1, [ANN], "") is None


def test_each_change_of_a_meeting_is_a_mailing_of_its_own_and_the_same_when_it_comes_twice() -> None:
    ids = [each.letter.id for each in (meetings.moved(MEETING, version, [ANN]) for version in (2, 2, 3)) if each]

    assert ids[0] == ids[1] != ids[2] and {len(each) for each in ids} == {32}


@pytest.mark.parametrize(
    ("decision", "subject", "sentence", "link"),
    [
        (Decision.ROOM, "You have a place", "You have a place in the room.", Purpose.CANCEL),
        (Decision.ONLINE, "You have a place online", "You have a place online.", Purpose.CANCEL),
        (Decision.WAITING, "You are on the waiting list", "You are number 3 on the waiting list.", Purpose.CANCEL),
        (Decision.GIVEN_BACK, "You gave your place back", "A place goes to who waits first.", Purpose.BOOK),
        (Decision.DECLINED, "You cannot come", "We know that you cannot come.", Purpose.BOOK),
        (Decision.REFUSED, "There is no place online", "All places online are taken", None),
    ],
)
def test_the_member_reads_what_was_decided_and_how_to_undo_it(
    decision: Decision, subject: str, sentence: str, link: Purpose | None
) -> None:
    news = places.place_decided(MEETING, decided(decision, position=3))
    assert news is not None
    text, html = mail_of(news)

    assert news.member_id == ANN and news.subject == f"{subject}: {MEETING.title}, {MEETING.day}"
    assert sentence in text and sentence in html
    assert links_wanted(news.words) == ([link] if link else [])
    assert not link or f"\nhttps://notts.example/l/code-{link}\n" in text


def test_who_has_a_place_online_joins_from_the_mail_itself() -> None:
    """Somebody without an account has nothing else to open."""
    told = places.place_decided(MEETING, Decided(ANN, Decision.ONLINE, 1))
    link = "https://meet.example.org/a?b=1&c=2"

    text, html = mail_of(told, joining_link=link)
    assert f"Join online: {link}" in text and 'href="https://meet.example.org/a?b=1&amp;c=2"' in html
    assert "Join online" not in "".join(mail_of(told))


def test_who_finds_no_place_online_reads_of_the_room_where_there_is_one() -> None:
    for meeting, said in ((MEETING, "There may be a place in the room"), (replace(MEETING, venue=""), "look again")):
        news = places.place_decided(meeting, decided(Decision.REFUSED))

        assert said in mail_of(news)[0]


def test_who_waits_and_gets_a_place_reads_that_it_came_free_and_can_pass_it_on() -> None:
    news = places.place_decided(MEETING, decided(Decision.ROOM, promoted=True, version=2))
    text, _ = mail_of(news)

    assert "A place in the room came free, and it is yours." in text
    assert "https://notts.example/l/code-decline" in text


def test_who_waits_reads_that_there_are_places_online_only_while_there_are() -> None:
    waits = decided(Decision.WAITING, position=1)

    assert "There are places online" in mail_of(places.place_decided(replace(MEETING, online_free=2), waits))[0]
    assert "There are places online" not in mail_of(places.place_decided(MEETING, waits))[0]


def test_who_waits_reads_no_number_that_might_be_wrong() -> None:
    text, _ = mail_of(places.place_decided(MEETING, decided(Decision.WAITING)))

    assert "You are on the waiting list." in text and "stands on the meeting's page" in text


def test_who_only_says_that_they_cannot_come_gets_no_mail() -> None:
    assert places.place_decided(MEETING, decided(Decision.DECLINED, first=True)) is None
    assert places.place_decided(MEETING, decided(Decision.ROOM, first=True)) is not None


def test_each_decision_about_a_place_is_news_of_its_own() -> None:
    told = [places.place_decided(MEETING, decided(Decision.ROOM, version=version)) for version in (1, 1, 3)]
    ids = [each.item_id for each in told if each]

    assert ids[0] == ids[1] != ids[2]


def test_the_minutes_stand_in_the_mail_and_it_says_where_answers_go() -> None:
    text, html = mail_of(meetings.minutes(MEETING, SAID, an_id(7), [ANN, BEN]))

    for words in ("1. Falls", "A light in each corridor.", "- Ann asks three homes by Friday"):
        assert words in text
    assert "Long & good." in text and "Long &amp; good." in html and "<b>frailty" not in html
    assert "Answers to this mail go to convenors@county.example." in text
    assert "whether they were there or not" in text


def test_without_an_address_for_answers_the_mail_says_that_nobody_reads_them() -> None:
    mailing = meetings.minutes(MEETING, replace(SAID, reply_to=""), an_id(7), [ANN])

    assert "Nobody reads answers to this mail." in mail_of(mailing)[0] and mailing.letter.reply_to == ""


def test_corrected_minutes_say_that_they_are() -> None:
    mailing = meetings.minutes(MEETING, replace(SAID, edition=2), an_id(7), [ANN])

    assert mailing.letter.subject.startswith("Corrected minutes: ") and "edition 2" in mail_of(mailing)[0]


def test_a_test_of_the_minutes_goes_to_its_convenor_alone_and_says_so() -> None:
    mailing = meetings.minutes_test(MEETING, SAID, an_id(8), BEN)

    assert mailing.member_ids == (BEN,) and mailing.letter.subject.startswith("Test: Minutes: ")
    assert "This is a test: only you get it" in mail_of(mailing)[0]


def test_the_pulse_is_asked_of_who_was_there_by_a_link_that_ends() -> None:
    mailing = meetings.pulse(OVER, [BEN], NOW)

    assert mailing.member_ids == (BEN,) and links_wanted(mailing.letter.words) == [Purpose.PULSE]
    assert links_end(mailing.letter.words) == NOW + meetings.PULSE_OPEN


def test_every_mail_names_the_meeting_says_why_it_comes_and_loads_nothing() -> None:
    assert len({told.letter.kind if isinstance(told, Mailing) else told.kind for told in every_kind()}) == 7
    for told in every_kind():
        text, html = mail_of(told)

        assert "Thursday 10 December 2026, 14:00 to 16:00" in text and "County Hall, room 3" in html
        assert "You get this mail because" in text and "You get this mail because" in html
        assert "https://notts.example" in text and "\n\n\n" not in text
        assert not any(word in html for word in ("<img", "<script", "src=", "<link"))


def test_a_mail_for_which_no_links_were_made_leads_to_the_page() -> None:
    for told in every_kind():
        text, html = mail_of(told, codes={})

        assert f"https://notts.example/meetings/{MEETING.id}" in text and "/l/" not in text and "/l/" not in html


@pytest.mark.parametrize("method", ["PUBLISH", "CANCEL"])
def test_the_calendar_entry_comes_for_calendars_and_as_a_file(method: str) -> None:
    ics = f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nEND:VCALENDAR\r\n"
    news = News("meeting_moved", an_id(3), ANN, "Changed")
    mailing = meetings.moved(MEETING, 2, [ANN])
    assert mailing is not None
    delivery = Delivery(an_id(9), news, NOW, letter=mailing.letter)
    to = Addressed("Ann", "a@h.example", {}, Enclosed(ics))
    mail = as_read(Letters("f@n.example", "https://n.example").write(delivery, to, NOW))
    calendar, file = (part for part in mail.walk() if part.get_content_type() in ("text/calendar", "application/ics"))

    assert calendar["Content-Type"].params["method"] == method and f"METHOD:{method}" in calendar.get_content()
    assert file.get_filename() == "meeting.ics" and file.get_content() == ics.encode()
    assert "The new calendar entry is attached" in str(mail.get_body(("plain",)))


def test_answers_go_where_the_convenor_said() -> None:
    letter = meetings.minutes(MEETING, replace(SAID, reply_to="c@county.example\r\nBcc: x@y.example"), an_id(7), [ANN])
    written = _written(letter.letter)

    assert "Bcc" not in written and "\n" not in str(written["Reply-To"])


def test_the_same_link_stands_in_a_mail_that_is_written_twice() -> None:
    assert link_id(an_id(9), Purpose.BOOK) == link_id(an_id(9), Purpose.BOOK)
    assert len({link_id(an_id(9), each) for each in Purpose}) == len(Purpose) and len(link_id("x", Purpose.BOOK)) == 32


def _written(letter: Letter) -> EmailMessage:
    delivery = Delivery(an_id(9), News(letter.kind, letter.id, ANN, letter.subject), NOW, letter=letter)
    return as_read(Letters("f@n.example", "https://n.example").write(delivery, Addressed("Ann", "a@h.example"), NOW))
