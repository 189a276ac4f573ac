"""Who may see which figures."""

from services.common.access import Person, Role
from services.common.errors import NotFound


def require_in(person: Person, community_id: str) -> None:
    """Figures of a community are for its own people."""
    if not person.is_in(community_id):
        raise NotFound("There are no such figures here, or they are not shared with you.")


def may_read_words(person: Person, community_id: str) -> bool:
    """What people wrote in a pulse is for convenors and evaluators."""
    roles = person.roles.get(community_id, frozenset())
    return bool(roles & {Role.ROLE_CONVENOR, Role.ROLE_EVALUATOR})
