"""What a signed link shows of a meeting: what its member would see signed in, in the communities they are in now."""

from collections.abc import Iterable

from services.common.access import LINK_RUN_OUT, Person, Role
from services.common.errors import Conflict
from services.events.domain.meeting import Meeting, may_see


def require_linked(meeting: Meeting, community_ids: Iterable[str]) -> None:
    """Raises as a link that ran out, so that nothing is told of a meeting which its member left behind."""
    member = Person("", roles={each: frozenset({int(Role.ROLE_MEMBER)}) for each in community_ids})
    if not may_see(meeting, member):
        raise Conflict(LINK_RUN_OUT)
