"""Communities and members of a running node, as commands look for them."""

from collections.abc import Iterator

from fosse.membership.v1 import membership_pb2 as pb
from services.common.errors import Invalid, NotFound
from services.node.calling import Node

_SHORTEST, _WHOLE = 6, 32


def communities(node: Node, name: str | None) -> list[pb.Community]:
    """The one of this name, or all."""
    found = list(node.membership.ListCommunities(pb.ListCommunitiesRequest()).communities)
    named = [each for each in found if name in {None, each.name}]
    if not named:
        raise _say_which(found)
    return named


def community(node: Node, name: str | None) -> pb.Community:
    """The one of this name, or the only one there is."""
    found = communities(node, name)
    if len(found) > 1:
        raise _say_which(found)
    return found[0]


def members(node: Node, community_id: str) -> Iterator[pb.Member]:
    token = ""
    while True:
        page = node.membership.ListMembers(
            pb.ListMembersRequest(community_id=community_id, page_size=100, page_token=token)
        )
        yield from page.members
        token = page.next_page_token
        if not token:
            return


def member_id(node: Node, said: str) -> str:
    """The id that is meant by its beginning; raises a refusal where that is none, or several."""
    if len(said) == _WHOLE:
        return said
    if len(said) < _SHORTEST:
        raise Invalid(f"Say at least {_SHORTEST} digits of the member's id. `fosse member list` shows them.")
    found = {each.id for here in communities(node, None) for each in members(node, here.id) if each.id.startswith(said)}
    if len(found) != 1:
        raise NotFound(
            f"{'Several members have' if found else 'No member has'} an id that begins with {said}. "
            "`fosse member list` shows them."
        )
    return found.pop()


def _say_which(found: list[pb.Community]) -> Invalid:
    names = "; ".join(each.name for each in found)
    return Invalid(f"Say which community with --community. This node has: {names or 'none yet'}.")
