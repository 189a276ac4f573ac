"""What the steps of a check hand on to each other, and what they look for on pages."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from services.node.demo.mailbox import Mailbox
from services.node.demo.page import Page, Unexpected
from services.node.demo.person import Person
from services.node.demo.region import Region
from services.node.demo.waiting import until
from services.node.demo.world import World

SOON_S = 20.0


@dataclass
class Job:
    region: Region
    world: World
    communities: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    # Of the leaflet.
    leaflet: str = ""
    file: bytes = b""
    canary: str = ""

    # Of the month: Nottinghamshire's members by address, its meetings, and where the ledger of the minutes is.
    members: dict[str, str] = field(default_factory=dict)
    mailbox: Mailbox = field(default_factory=lambda: Mailbox(Path()))
    meeting: str = ""
    running: str = ""
    ledger: str = ""
    early: str = ""
    """The address of somebody who has a place."""


Act = Callable[[Job], None]
Step = tuple[str, Act]
"""What it says when it was played, and what is done."""


def found(person: Person, words: str, title: str) -> None:
    until(lambda: any(title in each for each in person.search(words)), SOON_S, f"Finding “{title}”")


def gone(person: Person, title: str) -> None:
    until(lambda: title not in person.search(title), SOON_S, f"The end of “{title}” at {person.address}")


def there(person: Person, path: str) -> None:
    until(lambda: person.status(path) == 200, SOON_S, f"The arrival of {person.address}{path}")


def shows(person: Person, path: str, words: str) -> None:
    def seen() -> str:
        return person.page(path).glimpse()

    until(lambda: words in person.page(path).words, SOON_S, f"“{words}” on {path}", seen)


def expect(page: Page, words: str) -> None:
    if words.lower() not in page.words.lower():
        raise Unexpected(f"“{words}” is not on {page.glimpse()}")
