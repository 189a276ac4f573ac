"""A county with as many regional resources as wanted, put in through the use cases of `resource`."""

import random
from datetime import UTC, datetime
from pathlib import Path

from services.common.access import Person, Role
from services.common.database import Database
from services.common.files import Folder
from services.common.ids import new_id
from services.resource import vocabulary
from services.resource.domain.audience import Audience
from services.resource.domain.parts import PartWords
from services.resource.domain.resource import Publishing
from services.resource.domain.words import Words
from services.resource.usecases import drafting, publishing
from services.resource.usecases.drafting import Target
from services.resource.usecases.shelf import Shelf

# Enough words that a search for one finds some tens of resources, as on a real shelf, and not all of them.
_STEMS = """
    drink fall skin wound mouth sleep pain step night handover chart round meal weight breath fever review chair
    hoist glove hand tablet patch delirium memory family garden music window light bed walk frame stair shoe
"""
_ENDS = "care check plan sheet card pack form guide log list talk film poster test table score map tool"
STEMS, ENDS = tuple(_STEMS.split()), tuple(_ENDS.split())


def fill(data: Path, count: int, *, community_id: str, author_id: str, seed: int = 7) -> None:
    """Into the data folder of a node that is not running."""
    chance = random.Random(seed)
    db = Database(f"sqlite:///{data / 'resource.db'}")
    shelf = Shelf(db, Folder(data / "files"), vocabulary.load(), 1_000_000, 1_000_000)
    roles = {community_id: frozenset({Role.ROLE_MEMBER, Role.ROLE_CONVENOR})}
    author = Person(author_id, organisation_name="Bench House", shown_as="Bench House", roles=roles)
    for number in range(count):
        _share(shelf, author, community_id, _words(number, chance))
    db.dispose()


def _share(shelf: Shelf, author: Person, community_id: str, words: Words) -> None:
    now, resource = datetime.now(UTC), new_id()
    drafting.create(shelf, resource, community_id=community_id, words=words, person=author, now=now)
    part = PartWords(new_id(), "Where it is", "CC-BY-4.0", True)
    drafting.add_link(shelf, Target(resource, 1), part, link="https://example.org/pack", person=author, now=now)
    wish = Publishing(Audience.REGION)
    publishing.publish(shelf, resource, wish, expected_version=2, person=author, now=now)


def _words(number: int, chance: random.Random) -> Words:
    picked = chance.sample(STEMS, 5)
    ends = chance.sample(ENDS, 5)
    summary = " ".join(f"{stem} {end}" for stem, end in zip(picked, ends, strict=True)) * 3
    return Words(
        title=f"{picked[0].title()} {ends[0]} for the {picked[1]} {ends[1]} number{number}",
        summary=f"Made for measuring. {summary}.",
        type="guidance",
        topics=("falls", "hydration"),
        evidence_level=chance.randint(0, 5),
    )
