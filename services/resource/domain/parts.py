"""Parts of an edition, files or links, and what their licences allow."""

from dataclasses import dataclass

from services.common.errors import Invalid
from services.common.text import clean_line
from services.resource.domain.audience import IN_WORDS, Audience
from services.resource.domain.text import checked_link
from services.resource.domain.vocabulary import Licence, Vocabulary

LONGEST_TITLE = 200
MOST_PARTS = 30


@dataclass(frozen=True)
class File:
    name: str
    media_type: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Part:
    """A file or a link: one of the two is there."""

    id: str
    title: str
    licence: str
    may_be_adapted: bool
    file: File | None = None
    link: str = ""


@dataclass(frozen=True)
class PartWords:
    """What a person says about a part."""

    id: str
    title: str
    licence: str
    may_be_adapted: bool


def file_part(words: PartWords, file: File, vocabulary: Vocabulary) -> Part:
    licence = _checked_licence(words, vocabulary)
    if not licence.may_copy:
        raise Invalid(
            "This licence allows no copy, so the file was not kept. Add a link to it instead.",
            {"licence": "no copy may be kept"},
        )
    return Part(words.id, _title(words, file.name), licence.code, words.may_be_adapted, file=file)


def link_part(words: PartWords, link: str, vocabulary: Vocabulary) -> Part:
    licence = _checked_licence(words, vocabulary)
    address = checked_link(link)
    return Part(words.id, _title(words, address), licence.code, words.may_be_adapted, link=address)


def require_shareable(parts: tuple[Part, ...], audience: Audience, vocabulary: Vocabulary) -> None:
    """Raises `Invalid` when a licence does not let a part be shown to this audience."""
    for part in parts:
        licence = vocabulary.licence(part.licence)
        if audience > licence.widest:
            raise Invalid(
                f"“{part.title}” may not be shown beyond {IN_WORDS[licence.widest]}: {licence.plain} "
                "Choose a smaller audience, or ask the owner for another licence.",
                {"audience": f"no wider than {IN_WORDS[licence.widest]}"},
            )


def may_adapt(source: Licence, result: str) -> bool:
    """May something under this licence be changed and shared again under the licence `result`?"""
    return source.may_be_adapted and result in source.adapted_as


def require_adaptable(sources: tuple[Part, ...], results: tuple[Part, ...], vocabulary: Vocabulary) -> None:
    """Raises `Invalid` when nothing of the original may be adapted into anything of this edition."""
    adaptable = [source for source in sources if source.may_be_adapted and source.licence in vocabulary.licences]
    if any(may_adapt(vocabulary.licence(s.licence), r.licence) for s in adaptable for r in results):
        return
    if not adaptable:
        why = "none of its parts may be adapted"
    else:
        allowed = sorted({code for s in adaptable for code in vocabulary.licence(s.licence).adapted_as})
        why = f"an adaptation of it may only carry {' or '.join(allowed)}"
    raise Invalid(
        f"The licence of the original does not allow this: {why}. Ask its owner, or change the licence of your parts.",
        {"adapted_from": why},
    )


def _checked_licence(words: PartWords, vocabulary: Vocabulary) -> Licence:
    licence = vocabulary.licence(words.licence)
    if words.may_be_adapted and not licence.may_be_adapted:
        raise Invalid(
            f"This licence does not allow changes: {licence.plain} Untick “may be adapted”.",
            {"may_be_adapted": "the licence does not allow it"},
        )
    return licence


def _title(words: PartWords, otherwise: str) -> str:
    title = clean_line(words.title) or otherwise
    if len(title) > LONGEST_TITLE:
        if clean_line(words.title):
            raise Invalid("The title of this part is too long.", {"title": f"at most {LONGEST_TITLE} characters"})
        title = title[: LONGEST_TITLE - 1] + "…"
    return title
