"""One month of a county, step by step.

The members come from a file. A meeting for twenty is announced to all of them; twenty book, most by the link in their
invitation, the twenty-first waits and gets the place that somebody gives back. Of a meeting that is running the list
of those who are there is closed, its minutes reach all sixty, present or not, and the region sees the numbers.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.common.ids import new_id
from services.node.demo.browser import Browser
from services.node.demo.mailbox import Letter, Mailbox
from services.node.demo.page import Page, Unexpected
from services.node.demo.person import Person
from services.node.demo.playing import SOON_S, Job, Step, expect, shows
from services.node.demo.roll import as_csv
from services.node.demo.waiting import until

ROOM = 20
CONVENOR = "m023"
# Who asks as the twenty-first, and for whom the convenor books.
LATE, BY_TELEPHONE = "m052", "m007"
_TITLE, _RUNNING = "Mouth care that residents like", "The drinks trolley, one year on"
_AT_THE_HUB = ("meetings", "attendance", "members")
_AT_ONCE_S = 3.0
_LONDON = ZoneInfo("Europe/London")


def import_members(job: Job) -> None:
    convenor, wanted = job.people["notts"], len(job.world.members_of("notts"))
    form = convenor.page("/members/import").form(having="file")
    file = ("members.csv", as_csv(job.world, "notts"), "text/csv")
    here = convenor.browser.submit(form, files={"file": file}).url
    _tells(convenor, here, f"new members {wanted - 1}")
    page = convenor.browser.get(here)
    convenor.browser.submit(page.form(leads_to="/apply"))
    _tells(convenor, here, "the good rows are in")
    found = convenor.ask("GET", f"/communities/{job.community}/directory?pageSize=100") or {}
    job.members = {each["email"]: each["memberId"] for each in found["entries"]}
    if len(job.members) != wanted:
        raise Unexpected(f"{len(job.members)} members after an import of {wanted}: {page.glimpse()}")


def announce(job: Job) -> None:
    job.mailbox = Mailbox(job.region.node("notts").mails)
    job.meeting = _plan(job, _TITLE, date.today() + timedelta(weeks=3), ("14:00", "16:00"), invite=True)
    wanted = len(job.members)
    until(lambda: len(_invitations(job)) == wanted, SOON_S, f"An invitation to each of {wanted}")


def book_twenty(job: Job) -> None:
    convenor, path = job.people["notts"], f"/meetings/{job.meeting}"
    expect(convenor.submit(convenor.page(path).form(leads_to="/book")), "place in the room")
    convenor.book_for(job.members[_address(job, BY_TELEPHONE)], job.meeting, new_id(), wish=1)
    apart = {_address(job, each) for each in (BY_TELEPHONE, LATE, CONVENOR)}
    letters = [each for each in _invitations(job) if each.to not in apart][: ROOM - 2]
    for letter in letters:
        expect(_tap(letter), "place")
    job.early = letters[0].to
    found = (convenor.ask("GET", path) or {})["meeting"]
    if found.get("roomFree") or found.get("waiting"):
        raise Unexpected(f"The room holds {ROOM}, {ROOM} booked, and it is not just full: {found}")


def wait_as_the_next(job: Job) -> None:
    late = job.people["late"] = _let_in(job, LATE)
    page = late.submit(late.page(f"/meetings/{job.meeting}").form(leads_to="/book"))
    expect(page, "number 1 on the waiting list")
    expect(page, "the room is full")


def give_a_place_back(job: Job) -> None:
    letter = until(lambda: job.mailbox.letters(job.early, "You have a place"), SOON_S, "A mail about the place")[0]
    expect(_tap(letter), "given back")


def have_it_at_once(job: Job) -> None:
    late, path = job.people["late"], f"/meetings/{job.meeting}"
    until(lambda: "You have a place in the room" in late.page(path).words, _AT_ONCE_S, "The place")
    until(lambda: job.mailbox.letters(_address(job, LATE), "came free"), SOON_S, "The mail about the place")
    shows(late, "/mail", "A place came free for you")


def close_the_list(job: Job) -> None:
    """Of a meeting that began with this minute, and that the convenor notes only now."""
    # A meeting ends on the day it begins.
    until(lambda: f"{datetime.now(_LONDON):%H:%M}" < "23:58", 150.0, "Midnight")
    convenor, now = job.people["notts"], datetime.now(_LONDON)
    ends = min(now + timedelta(hours=1), now.replace(hour=23, minute=59))
    job.running = _plan(job, _RUNNING, now.date(), (f"{now:%H:%M}", f"{ends:%H:%M}"), invite=False)
    came = list(job.members.values())[:15]
    ways = ["PRESENCE_ROOM"] * 12 + ["PRESENCE_ONLINE"] * 3
    present = [{"memberId": each, "presence": way} for each, way in zip(came, ways, strict=True)]
    convenor.ask("PUT", f"/meetings/{job.running}/attendance", {"present": present, "guests": 2, "close": True})
    expect(convenor.page(f"/meetings/{job.running}/attendance"), "this list is closed")
    until(lambda: len(job.mailbox.letters(about="One minute about")) == len(came), SOON_S, "The question how it was")


def say_how_it_was(job: Job) -> None:
    """Nine of those who were there, by the link in their mail: enough for a number, rounded to ten."""
    letters, answer = job.mailbox.letters(about="One minute about")[:9], {"worth": "5", "change": "1"}
    for letter in letters:
        expect(_tap(letter, answer), "kept without your name")
    found = job.people["notts"].ask("GET", f"/meetings/{job.running}/pulse") or {}
    if found.get("answered", {}).get("number") != "10":
        raise Unexpected(f"Nine answered, and the pulse says {found}")
    expect(_tap(letters[0], answer, expect=409), "that was not done")


def write_minutes(job: Job) -> None:
    convenor, path = job.people["notts"], f"/meetings/{job.running}/minutes"
    words = {
        "item-1-title": "What was tried",
        "item-1-discussion": "The trolley goes round at three o'clock. Residents choose from four drinks.",
        "item-1-decision": "Every home tries it for a month.",
        "actions": "Send the list of drinks to all homes: Clement Birchmoor",
    }
    page = convenor.browser.submit(convenor.page(f"{path}/edit").form(having="item-1-title"), words)
    job.ledger = convenor.browser.submit(page.form(leads_to="/publish", says="every member")).url


def reach_everybody(job: Job) -> None:
    wanted = len(job.members)
    # No mail server is named here: the mailboxes lie in a folder.
    _tells(job.people["notts"], job.ledger, f"{wanted} kept here")
    expect(job.people["notts"].browser.get(job.ledger), "reach no mailbox")
    readers = {each.to for each in job.mailbox.letters(about="Minutes: ")}
    if readers != set(job.members):
        raise Unexpected(f"{len(readers)} of {wanted} have the minutes in their mailbox.")


def see_it_at_the_hub(job: Job) -> None:
    """Counted at the county, told to the hub, rounded there: 60 members stay 60, 15 who came 15."""
    wanted = {"meetings": "1", "attendance": "15", "members": str(len(job.members))}
    until(lambda: wanted in _told(job), SOON_S, "The county's figures at the hub")
    shows(job.people["hub"], "/region/figures", "Nottinghamshire")


def _told(job: Job) -> list[dict[str, str]]:
    """What the hub publishes of each county for this month: its meetings, who came, its members."""
    found = job.people["hub"].ask("GET", "/region/indicators?months=1") or {}
    counties: dict[str, dict[str, str]] = {}
    for series in found.get("series", ()):
        code = series["region"]["indicator"]["code"]
        for county in series.get("counties", ()):
            if code in _AT_THE_HUB:
                counties.setdefault(county["nodeId"], {})[code] = county["figures"][-1].get("number", "0")
    return list(counties.values())


def _plan(job: Job, title: str, day: date, times: tuple[str, str], *, invite: bool) -> str:
    """Written, looked at and announced; answers its id."""
    convenor = job.people["notts"]
    form = convenor.page("/meetings/new").form(having="room_holds")
    words = {"title": title, "day": day.isoformat(), "venue": "Meadow Lane Health Centre, Room 2"}
    page = convenor.submit(form, **words, starts=times[0], ends=times[1], room_holds=str(ROOM))
    meeting = page.url.rsplit("/", 1)[1]
    form = convenor.page(f"/meetings/{meeting}/announce").form(having="invite")
    page = convenor.browser.submit(form, {} if invite else {"invite": []})
    expect(page, "the meeting is announced")
    return meeting


def _tap(letter: Letter, fields: Mapping[str, str] | None = None, expect: int = 200) -> Page:
    """On the mail's first link, and on the button of its page, by somebody who is not signed in."""
    reader = Browser()
    return reader.submit(reader.get(letter.links[0]).form(having="id"), fields, expect=expect)


def _let_in(job: Job, member_id: str) -> Person:
    """Invited by the convenor, with an account at the node's provider."""
    node, member = job.region.node("notts"), job.world.member(member_id)
    path = f"/members/{job.members[member.email]}/invitations"
    link = job.people["notts"].ask("POST", path, {"id": new_id()}) or {}
    person = node.person(member)
    person.accept(link["code"])
    return person


def _tells(person: Person, url: str, words: str) -> None:
    def page() -> Page:
        return person.browser.get(url)

    until(lambda: words.lower() in page().words.lower(), SOON_S, f"“{words}” at {url}", lambda: page().glimpse())


def _address(job: Job, member_id: str) -> str:
    return job.world.member(member_id).email


def _invitations(job: Job) -> list[Letter]:
    return job.mailbox.letters(about=f"Invitation: {_TITLE}")


STEPS: list[Step] = [
    ("the Nottinghamshire convenor imports the county's sixty members from a file", import_members),
    ("plans a meeting for twenty; the invitation reaches all sixty", announce),
    ("twenty book: by the link in the mail, at the page, by telephone", book_twenty),
    ("the twenty-first waits as number 1 and reads why", wait_as_the_next),
    ("somebody gives their place back by the link in their mail", give_a_place_back),
    ("the twenty-first has it at once, and a mail about it", have_it_at_once),
    ("of a meeting that is running the attendance list is closed", close_the_list),
    ("those who were there say how it was, each once", say_how_it_was),
    ("its minutes are written and published", write_minutes),
    ("they reach all sixty, present or not", reach_everybody),
    ("the region's page at the hub counts the meeting and the members", see_it_at_the_hub),
]
