"""Who may see and who may change a resource at this node."""

from services.common.access import Person
from services.common.errors import Conflict, NotAllowed, NotFound
from services.resource.domain.audience import Audience
from services.resource.domain.resource import Resource, State

NO_SUCH = "There is no such resource here, or it is not shared with you."


def may_change(resource: Resource, person: Person | None) -> bool:
    """Its author, while in the community, or a convenor of the community; nobody changes another node's."""
    if person is None or not resource.own or not person.is_in(resource.community_id):
        return False
    return person.member_id == resource.author_id or person.is_convenor(resource.community_id)


def may_publish_widely(resource: Resource, person: Person | None) -> bool:
    return person is not None and resource.own and person.is_convenor(resource.community_id)


def may_see(resource: Resource, person: Person | None) -> bool:
    """Published ones by their audience; others by those who may change them."""
    if may_change(resource, person):
        return True
    if not resource.published:
        return False
    return may_read(resource.audience, resource.community_id, resource.origin_node_id, person)


def may_read(audience: Audience, community_id: str, origin_node_id: str, person: Person | None) -> bool:
    """What the audience of a published item says about this person at this node."""
    if audience is Audience.PUBLIC:
        return True
    if person is None or not (person.roles or person.operator):
        return False
    # What another node shared was shared with this node: its communities are not ours.
    if origin_node_id or audience is not Audience.COMMUNITY:
        return True
    return person.is_in(community_id)


def require_change(resource: Resource, person: Person) -> None:
    if not may_see(resource, person):
        raise NotFound(NO_SUCH)
    if not resource.own:
        raise NotAllowed("This resource belongs to another node; only its own people can change it.")
    if not may_change(resource, person):
        raise NotAllowed("Only its author or a convenor of its community may change this. Nothing was changed.")
    if resource.state is State.WITHDRAWN:
        raise Conflict("This resource was withdrawn and cannot be changed any more. Start a new one instead.")
