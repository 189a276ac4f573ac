"""What the steps of a check hand on to each other, who plays where, and what they look for on pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from services.node.demo import region
from services.node.demo.mailbox import Mailbox
from services.node.demo.page import Page, Unexpected
from services.node.demo.person import Person
from services.node.demo.region import Region
from services.node.demo.waiting import until
from services.node.demo.world import Member, World

SOON_S = 20.0
# A search is limited for each person.
_LOOKS_S = 0.5


class Node(region.Node, Protocol):
    """A node as its operator has it."""

    @property
    def address_for_nodes(self) -> str:
        """Of a hub: where counties ask to join."""

    def fosse(self, *arguments: str) -> str:
        """What the operator's command says; raises `Unexpected` when it fails."""

    def person(self, member: Member) -> Person:
        """At a browser, with an account at this node's provider."""

    def mails(self) -> Mapping[str, bytes]:
        """All that were sent, by a name that stays."""

    def holding(self, words: str) -> list[str]:
        """Where on this node's disks these words stand."""

    def copies(self, sha256: str) -> list[str]:
        """Where the file with this hash lies."""


@dataclass
class Job:
    region: Region[Node]
    world: World
    folder: Path
    """For documents that are written on the way."""
    people: dict[str, Person] = field(default_factory=dict)

    # Of the leaflet.
    leaflet: str = ""
    file: bytes = b""
    canary: str = ""

    # Of the month: Nottinghamshire's community, its members by address, its meetings, and where the ledger is.
    community: str = ""
    members: dict[str, str] = field(default_factory=dict)
    mailbox: Mailbox = field(default_factory=lambda: Mailbox(dict))
    meeting: str = ""
    running: str = ""
    ledger: str = ""
    early: str = ""
    """The address of somebody who has a place."""

    @property
    def readers(self) -> list[str]:
        """The counties beside Nottinghamshire."""
        return [each.county.id for each in self.region.counties if each.county.id != "notts"]


Act = Callable[[Job], None]
Step = tuple[str, Act]
"""What it says when it was played, and what is done."""


def found(person: Person, words: str, title: str) -> None:
    until(lambda: any(title in each for each in person.search(words)), SOON_S, f"Finding “{title}”", every_s=_LOOKS_S)


def gone(person: Person, title: str) -> None:
    until(
        lambda: title not in person.search(title), SOON_S, f"The end of “{title}” at {person.address}", every_s=_LOOKS_S
    )


def there(person: Person, path: str) -> None:
    until(lambda: person.status(path) == 200, SOON_S, f"The arrival of {person.address}{path}")


def shows(person: Person, path: str, words: str) -> None:
    def seen() -> str:
        return person.page(path).glimpse()

    until(lambda: words in person.page(path).words, SOON_S, f"“{words}” on {path}", seen)


def expect(page: Page, words: str) -> None:
    if words.lower() not in page.words.lower():
        raise Unexpected(f"“{words}” is not on {page.glimpse()}")
