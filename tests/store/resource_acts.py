"""A shelf over a fresh database, and what its people do to it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from services.common.access import Person
from services.resource.domain.adoption import Saying
from services.resource.domain.audience import Audience
from services.resource.domain.parts import PartWords
from services.resource.domain.resource import Publishing
from services.resource.messages.shown import Shown
from services.resource.usecases import adopting, drafting, keeping, publishing
from services.resource.usecases.drafting import Target
from services.resource.usecases.shelf import Shelf
from tests.unit.resource.shelves import (
    CARE_HOMES,
    DERBYSHIRE,
    NOW,
    PDF,
    a_convenor,
    a_member,
    an_id,
    some_words,
)

ANN, BEN, CATH = a_member(1), a_member(2), a_convenor()
ITEM = an_id(101)


def create(shelf: Shelf, number: int = 1, person: Person = ANN, **words: Any) -> Shown:
    words_given = some_words(**words)
    return drafting.create(
        shelf, an_id(100 + number), community_id=CARE_HOMES, words=words_given, person=person, now=NOW
    )


def add_file(shelf: Shelf, to: Shown, content: bytes = PDF, part: int = 1, **given: Any) -> Shown:
    target = Target(to.resource.id, given.pop("expected_version", to.resource.version))
    words = PartWords(an_id(900 + part), "Slides", given.pop("licence", "CC-BY-4.0"), False)
    return drafting.add_file(
        shelf, target, words, name="drinks.pdf", chunks=[content], person=given.pop("person", ANN), now=NOW
    )


def publish(shelf: Shelf, what: Shown, audience: Audience = Audience.REGION, person: Person = CATH) -> Shown:
    wish = Publishing(audience, (DERBYSHIRE,))
    version = what.resource.version
    return publishing.publish(shelf, what.resource.id, wish, expected_version=version, person=person, now=NOW)


def published(shelf: Shelf, number: int = 1, audience: Audience = Audience.REGION) -> Shown:
    return publish(shelf, add_file(shelf, create(shelf, number)), audience)


def withdraw(shelf: Shelf, what: Shown, reason: str = "The dose was wrong.") -> Shown:
    version = what.resource.version
    return publishing.withdraw(shelf, what.resource.id, expected_version=version, reason=reason, person=ANN, now=NOW)


def adopt(shelf: Shelf, number: int = 1, person: Person = BEN, **given: Any) -> Any:
    known = {"id": an_id(500 + number), "stage": "adopted", "locality": "Mansfield", "show_organisation": False}
    return adopting.adopt(shelf, given.pop("item", ITEM), Saying(**{**known, **given}), person=person, now=NOW)


def files_kept(shelf: Shelf, folder: Path) -> Iterable[Path]:
    keeping.sweep_files(shelf)
    return [path for path in folder.rglob("*") if path.is_file()]
