"""Signed links: one member, one act, one object, for a while; whoever holds the code may do it without an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final

from services.common.access import LINK_RUN_OUT, Person
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.membership.domain.authority import Asker, manages_node
from services.membership.domain.members import CONVENOR_GIVES, Member

LONGEST: Final = timedelta(days=90)
MOST_AT_ONCE: Final = 100


class Purpose(Enum):
    """The one thing a link does."""

    BOOK = "book"
    CANCEL = "cancel"
    DECLINE = "decline"
    PULSE = "pulse"

    @property
    def use_is_noted(self) -> bool:
        """Nothing may tell who answered a pulse, the audit trail neither; evaluation refuses a second answer itself."""
        return self is not Purpose.PULSE


# The one rpc that each purpose opens; a rule test sees that it exists and lets links in.
RPC_OF: Final[Mapping[Purpose, str]] = MappingProxyType(
    {
        Purpose.BOOK: "/fosse.events.v1.Meetings/BookPlace",
        Purpose.CANCEL: "/fosse.events.v1.Meetings/CancelPlace",
        Purpose.DECLINE: "/fosse.events.v1.Meetings/DeclinePlace",
        Purpose.PULSE: "/fosse.evaluation.v1.Evaluation/AnswerPulse",
    }
)


@dataclass(frozen=True)
class Link:
    """May be used again until it expires: what it opens answers a second time what it answered first."""

    id: str
    member_id: str
    purpose: Purpose
    object_id: str
    expires_at: datetime
    revoked_at: datetime | None = None
    first_used_at: datetime | None = None

    def is_for(self, wanted: "Link") -> bool:
        """Whether the same was asked for; until when stays as it was first."""
        return (self.member_id, self.purpose, self.object_id) == (wanted.member_id, wanted.purpose, wanted.object_id)


def refuse_many(wanted: Sequence[Link]) -> None:
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE} links are made at once. None was made.")
    if len({link.id for link in wanted}) < len(wanted):
        raise Invalid("Each link needs an id of its own. None was made.", {"links": "the same id twice"})


def make(wanted: Link, known: Link | None, member: Member | None, now: datetime) -> Link | None:
    """The link as it stands; None for a member who has left or is not known. Raises for what cannot be made."""
    if known is not None:
        if not known.is_for(wanted):
            raise Conflict("This id was used for another link. None was made.")
        return known if member and not member.left else None
    if not now < wanted.expires_at <= now + LONGEST:
        raise Invalid(
            f"A link ends within {LONGEST.days} days, and not before it begins. None was made.",
            {"expires_at": f"between now and {LONGEST.days} days ahead"},
        )
    return wanted if member and not member.left else None


def open_with(link: Link | None, member: Member | None, now: datetime) -> tuple[Link, Member]:
    """The link and whom it was made for; raises with what to do when it opens nothing."""
    if link is None or member is None:
        raise NotFound(
            "This link is not known here. Nothing was changed. Open it once more from the mail, whole, or sign in."
        )
    if member.left:
        raise Conflict("This link was made for a member who has left. Nothing was changed; ask your convenor.")
    if link.revoked_at is not None:
        raise Conflict(
            "This link was ended by you or a convenor. Nothing was changed. Sign in instead, or ask a convenor."
        )
    if link.expires_at <= now:
        raise Conflict(LINK_RUN_OUT)
    return link, member


def made_for(name: str) -> str:
    """`Ada L.` of Ada Longstaff: enough for her, and for a stranger to notice, without telling who she is."""
    words = name.split()
    return f"{words[0]} {words[-1][0]}." if len(words) > 1 else name.strip()


def may_revoke(asker: Asker, member: Member) -> None:
    if manages_node(asker) or (isinstance(asker, Person) and asker.member_id == member.id):
        return
    if not _convened(asker, member):
        raise NotAllowed(
            "You may end your own links; those of others only a convenor of their community. Nothing was changed."
        )


def act_for(convenor: Person, member: Member) -> Member:
    """The member as far as this convenor may act for them: in the communities that both share, and no further."""
    if convenor.member_id == member.id:
        raise NotAllowed("You need nobody to act for you. Do it as yourself; nothing was changed.")
    shared = _convened(convenor, member)
    if not shared or not member.all_roles <= CONVENOR_GIVES:
        raise NotAllowed(
            "A convenor may act for members of the own community, but not for an operator or a regional lead. "
            "Nothing was changed."
        )
    if member.left:
        raise Conflict("This member has left, so nobody can act for them. Nothing was changed.")
    return replace(member, roles={community: member.roles[community] for community in shared})


def _convened(asker: Asker, member: Member) -> frozenset[str]:
    """The member's communities of which the asker is a convenor."""
    if isinstance(asker, str):
        return frozenset()
    return frozenset(community for community in member.communities if asker.is_convenor(community))
