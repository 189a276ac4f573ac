"""One resource with its editions: what it may become, and through whom."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from services.common.access import Person
from services.common.errors import Conflict, Invalid, NotAllowed
from services.common.text import clean_text
from services.resource.domain.audience import Audience, checked_nodes
from services.resource.domain.parts import MOST_PARTS, Part, require_shareable
from services.resource.domain.vocabulary import Vocabulary
from services.resource.domain.words import Words, checked_words, differences, require_complete

LONGEST_NOTE = 500
LONGEST_DISPLAY = 300
MOST_EDITIONS = 100
# Of all editions together: what one entry to other nodes can name.
MOST_FILES = 200


class State(IntEnum):
    """The numbers are those of `fosse.resource.v1.ResourceState`."""

    DRAFT = 1
    PUBLISHED = 2
    WITHDRAWN = 3


@dataclass(frozen=True)
class Edition:
    number: int
    published_at: datetime | None = None
    note: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Resource:
    id: str
    version: int
    community_id: str
    state: State
    words: Words
    changed_at: datetime
    audience: Audience = Audience.COMMUNITY
    node_ids: tuple[str, ...] = ()
    # Empty: of this node.
    origin_node_id: str = ""
    author_id: str = ""
    authors: str = ""
    organisation: str = ""
    community: str = ""
    editions: tuple[Edition, ...] = ()
    withdrawn_because: str = ""
    # Its audience reaches, or once reached, beyond this node.
    travelled: bool = False
    downloads: int = 0
    used_by: int = 0

    @property
    def published(self) -> tuple[Edition, ...]:
        return tuple(edition for edition in self.editions if edition.published_at)

    @property
    def draft(self) -> Edition | None:
        return next((edition for edition in self.editions if not edition.published_at), None)

    @property
    def own(self) -> bool:
        return not self.origin_node_id


def start(resource_id: str, community_id: str, words: Words, person: Person, now: datetime) -> Resource:
    """A new draft; `words` are already checked."""
    if not person.is_in(community_id):
        raise NotAllowed("Only members of a community may add to its shelf. Nothing was saved.")
    return Resource(
        id=resource_id,
        version=1,
        community_id=community_id,
        state=State.DRAFT,
        words=words,
        changed_at=now,
        author_id=person.member_id,
        authors=(person.shown_as or person.organisation_name)[:LONGEST_DISPLAY],
        organisation=person.organisation_name[:LONGEST_DISPLAY],
        editions=(Edition(1),),
    )


def require_version(resource: Resource, expected: int, words: Words | None = None) -> None:
    """Raises `Conflict`, with both texts where there are two, when somebody else was first."""
    if resource.version == expected:
        return
    raise Conflict(
        "Somebody else changed this resource while you were working on it. Theirs is saved, yours is not: "
        "compare the two, then save again.",
        {"version": str(resource.version), **(differences(words, resource.words) if words else {})},
    )


def reword(resource: Resource, words: Words, person: Person, now: datetime) -> Resource:
    """Corrects the words, already checked; those of what is read beyond the node only a convenor corrects."""
    if resource.published:
        _require_convenor_beyond_node(resource, resource.audience, person)
        unchanged = words.review_due == resource.words.review_due
        require_complete(replace(words, review_due="") if unchanged else words, now.date())
    return replace(resource, words=words, version=resource.version + 1, changed_at=now)


def add_part(resource: Resource, part: Part, now: datetime) -> Resource:
    draft = _require_draft(resource)
    if len(draft.parts) >= MOST_PARTS:
        raise Invalid(f"A resource can have {MOST_PARTS} parts. Take one out before you add another.")
    files = {part.file.sha256 for edition in resource.editions for part in edition.parts if part.file}
    if part.file and len(files | {part.file.sha256}) > MOST_FILES:
        raise Invalid(
            f"The editions of a resource can have {MOST_FILES} files together. Start a new resource for this."
        )
    return _with_draft(resource, replace(draft, parts=(*draft.parts, part)), now)


def remove_part(resource: Resource, part_id: str, now: datetime) -> Resource:
    draft = _require_draft(resource)
    left = tuple(part for part in draft.parts if part.id != part_id)
    return _with_draft(resource, replace(draft, parts=left), now)


def start_edition(resource: Resource, now: datetime) -> Resource:
    """A draft beside the published edition, with the same parts."""
    newest = resource.published[-1]
    if newest.number >= MOST_EDITIONS:
        raise Conflict(f"A resource can have {MOST_EDITIONS} editions. Start a new resource for this one.")
    draft = Edition(newest.number + 1, parts=newest.parts)
    return _changed(resource, (*resource.editions, draft), now)


@dataclass(frozen=True)
class Publishing:
    """What a person says when publishing."""

    audience: Audience
    node_ids: tuple[str, ...] = ()
    note: str = ""


def publish(resource: Resource, wish: Publishing, *, person: Person, vocabulary: Vocabulary, now: datetime) -> Resource:
    """The draft becomes the edition that is shown; without a draft only the audience changes."""
    nodes = checked_nodes(wish.audience, wish.node_ids)
    # Its author may take it back to the node; sending it further is a convenor's.
    _require_convenor_beyond_node(resource, wish.audience, person)
    note = clean_text(wish.note)
    if len(note) > LONGEST_NOTE:
        raise Invalid("The note is too long.", {"note": f"at most {LONGEST_NOTE} characters"})
    edition = resource.draft or resource.published[-1]
    _require_publishable(resource, edition, wish.audience, vocabulary, now)
    if resource.draft:
        edition = replace(edition, published_at=now, note=note)
    changed = _changed(resource, (*(e for e in resource.editions if e.number != edition.number), edition), now)
    return replace(
        changed,
        state=State.PUBLISHED,
        audience=wish.audience,
        node_ids=nodes,
        travelled=resource.travelled or wish.audience.travels,
    )


def same_publishing(resource: Resource, wish: Publishing) -> bool:
    """Was exactly this published already, by a form that was sent twice?"""
    return (
        resource.state is State.PUBLISHED
        and resource.draft is None
        and resource.audience is wish.audience
        and resource.node_ids == checked_nodes(wish.audience, wish.node_ids)
    )


def withdraw(resource: Resource, reason: str, now: datetime) -> Resource:
    because = clean_text(reason)
    if not 3 <= len(because) <= LONGEST_NOTE:
        raise Invalid(
            "Say why it is withdrawn, for those who use it.", {"reason": f"between 3 and {LONGEST_NOTE} characters"}
        )
    gone = replace(resource, state=State.WITHDRAWN, withdrawn_because=because)
    return replace(gone, version=resource.version + 1, changed_at=now)


def _require_convenor_beyond_node(resource: Resource, audience: Audience, person: Person) -> None:
    if audience.travels and not person.is_convenor(resource.community_id):
        raise NotAllowed(
            "What is seen beyond this node is a convenor's to publish and correct. Nothing was changed; "
            "ask a convenor of your community."
        )


def _require_publishable(
    resource: Resource, edition: Edition, audience: Audience, vocabulary: Vocabulary, now: datetime
) -> None:
    if not edition.parts:
        raise Invalid(
            "There is nothing to read yet. Nothing was changed; add a file or a link first.", {"parts": "at least one"}
        )
    words = resource.words if resource.draft else replace(resource.words, review_due="")
    require_complete(checked_words(words, vocabulary), now.date())
    require_shareable(edition.parts, audience, vocabulary)
    if audience.travels:
        for earlier in resource.published:
            require_shareable(earlier.parts, audience, vocabulary)


def _require_draft(resource: Resource) -> Edition:
    if resource.draft is None:
        raise Conflict("A published edition stays as it is. Start a new edition, then change its parts.")
    return resource.draft


def _with_draft(resource: Resource, draft: Edition, now: datetime) -> Resource:
    return _changed(resource, (*resource.published, draft), now)


def _changed(resource: Resource, editions: tuple[Edition, ...], now: datetime) -> Resource:
    return replace(resource, editions=editions, version=resource.version + 1, changed_at=now)
