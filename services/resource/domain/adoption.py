"""Adoption: how far a home or team has come with a resource, and who learns of it."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.common.access import Person
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.common.text import clean_line
from services.resource.domain.audience import Audience
from services.resource.domain.resource import LONGEST_DISPLAY, Resource, State
from services.resource.domain.rights import NO_SUCH, may_see
from services.resource.domain.vocabulary import Vocabulary

IN_USE = frozenset({"trialling", "adopted", "embedded"})
DECLINED, STOPPED = "declined", "stopped"
LONGEST_PLACE = 100


@dataclass(frozen=True)
class Adoption:
    id: str
    version: int
    resource_id: str
    stage: str
    since: datetime
    changed_at: datetime
    locality: str = ""
    # Empty unless the home ticked that its name may be shown.
    organisation: str = ""
    # Empty: of another node.
    member_id: str = ""
    # Empty: of this node.
    node_id: str = ""
    # It is, or once was, shared with other nodes.
    travelled: bool = False


@dataclass(frozen=True)
class Saying:
    """What a person says when adopting."""

    id: str
    stage: str
    locality: str
    show_organisation: bool


@dataclass(frozen=True)
class Reach:
    """To whom an adoption is told; audience None: it stays on this node."""

    audience: Audience | None
    node_ids: tuple[str, ...] = ()


def reach(resource: Resource | None) -> Reach:
    """The resource's audience, narrowed to the region; to another node's named circle we know only its origin."""
    if resource is None or resource.state is not State.PUBLISHED or not resource.audience.travels:
        return Reach(None)
    if resource.audience is Audience.NAMED_NODES:
        return Reach(Audience.NAMED_NODES, resource.node_ids if resource.own else (resource.origin_node_id,))
    return Reach(Audience.REGION)


def adopt(
    resource: Resource,
    before: Adoption | None,
    saying: Saying,
    *,
    person: Person,
    vocabulary: Vocabulary,
    now: datetime,
) -> Adoption:
    """A new adoption, or the same person's one with what was said now."""
    _require_adoptable(resource, before, person)
    locality = _checked(saying, vocabulary)
    organisation = person.organisation_name[:LONGEST_DISPLAY] if saying.show_organisation else ""
    travels = reach(resource).audience is not None
    if before is None:
        return Adoption(
            saying.id, 1, resource.id, saying.stage, now, now, locality, organisation, person.member_id, "", travels
        )
    return replace(
        before,
        version=before.version + 1,
        stage=saying.stage,
        since=before.since if before.stage == saying.stage else now,
        changed_at=now,
        locality=locality,
        organisation=organisation,
        travelled=before.travelled or travels,
    )


def says_the_same(before: Adoption, after: Adoption) -> bool:
    return (before.stage, before.locality, before.organisation) == (after.stage, after.locality, after.organisation)


def counted_in(resource: Resource, person: Person) -> str:
    """The community in whose figures it counts: the resource's, or that of the member who uses another county's."""
    return resource.community_id if resource.own else min(person.roles, default="")


def _require_adoptable(resource: Resource, before: Adoption | None, person: Person) -> None:
    if not may_see(resource, person):
        raise NotFound(NO_SUCH)
    if resource.state is not State.PUBLISHED:
        raise Conflict("This resource is not published, so it cannot be marked as used.")
    if before is not None and before.member_id != person.member_id:
        raise NotAllowed("This belongs to somebody else. Open the page again and say it once more.")


def _checked(saying: Saying, vocabulary: Vocabulary) -> str:
    locality = clean_line(saying.locality)
    if saying.stage not in vocabulary.adoption_stages:
        raise Invalid("Choose how far you have come with it.", {"stage": "choose one"})
    if len(locality) > LONGEST_PLACE:
        raise Invalid("The name of the place is too long.", {"locality": f"at most {LONGEST_PLACE} characters"})
    return locality
