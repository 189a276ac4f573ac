"""Members and their roles: who may change whom, and how far."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from services.common.access import Person, Role
from services.common.errors import Conflict, Invalid, NotAllowed
from services.membership.domain.authority import Asker, manages, manages_node
from services.membership.domain.words import not_an_email, not_come_yet, refuse_faults, too_short_or_long

# A regional lead lets counties in and an operator runs the node: no convenor gives or takes these.
CONVENOR_GIVES: frozenset[int] = frozenset(
    {Role.ROLE_MEMBER, Role.ROLE_CONVENOR, Role.ROLE_REVIEWER, Role.ROLE_EVALUATOR}
)


@dataclass(frozen=True)
class Member:
    """A person of this node. The e-mail address is for mail only: members may share one, it identifies nobody."""

    id: str
    name: str
    email: str = ""
    job_title: str = ""
    role_group: str = ""
    organisation_id: str = ""
    locality_ids: tuple[str, ...] = ()
    # By community; whoever is in one has ROLE_MEMBER there.
    roles: Mapping[str, frozenset[int]] = field(default_factory=dict)
    operator: bool = False
    name_travels: bool = False
    # Codes of the vocabulary of topics.
    topics: tuple[str, ...] = ()
    # By themselves, on their profile: then no file changes them.
    topics_chosen: bool = False
    # Found in the directory by other members, and with the e-mail address.
    listed: bool = True
    email_shown: bool = False
    bound: bool = False
    left: bool = False
    # Since when they belong, where that was before they were added.
    joined_on: date | None = None
    version: int = 0

    @property
    def communities(self) -> frozenset[str]:
        return frozenset(self.roles)

    @property
    def all_roles(self) -> frozenset[int]:
        given = frozenset[int]().union(*self.roles.values())
        return given | {Role.ROLE_OPERATOR} if self.operator else given

    def shown_as(self, organisation_name: str) -> str:
        """How they stand beside what they share: by name only where they agreed to it."""
        return self.name if self.name_travels or not organisation_name else organisation_name


@dataclass(frozen=True)
class Card:
    """As much of a member as the asker may see."""

    member_id: str
    shown_as: str
    organisation_name: str


def put_member(asker: Asker, before: Member | None, wanted: Member) -> Member:
    """The member as they shall stand; raises unless this person may make this change of this version."""
    _refuse_beyond_reach(asker, before, wanted)
    refuse_faults(
        {
            "name": too_short_or_long(wanted.name, 120, shortest=2),
            "email": not_an_email(wanted.email),
            "job_title": too_short_or_long(wanted.job_title, 120),
            "role_group": too_short_or_long(wanted.role_group, 40),
        }
    )
    _refuse_nowhere(wanted)
    if before is None:
        _refuse_version_of_nothing(wanted)
        return replace(wanted, bound=False, version=1)
    _refuse_another_start(before, wanted)
    proposed = replace(wanted, bound=before.bound, joined_on=before.joined_on, version=before.version)
    if proposed == before:
        return before
    if wanted.version != before.version:
        raise Conflict(
            "Somebody else changed this member meanwhile. Nothing was saved; look at what it says now and try again.",
            _differences(before, wanted),
        )
    return replace(proposed, version=before.version + 1)


def refuse_joining_later(wanted: Member, now: datetime) -> None:
    refuse_faults({"joined_on": not_come_yet(wanted.joined_on, now)})


def with_own_choices(before: Member | None, wanted: Member) -> Member:
    """Whoever else changes a member leaves what members choose for themselves as it is."""
    if before is None:
        return wanted
    return replace(
        wanted,
        topics=before.topics,
        topics_chosen=before.topics_chosen,
        listed=before.listed,
        email_shown=before.email_shown,
    )


def may_list(asker: Asker, community_id: str) -> None:
    if not manages(asker, [community_id]):
        raise NotAllowed("Only a convenor of this community may see the list of its members.")


def may_manage(asker: Asker, member: Member) -> bool:
    """May this person change this member, or hand out what opens the member's door?"""
    if manages_node(asker):
        return True
    return bool(member.communities) and manages(asker, member.communities) and member.all_roles <= CONVENOR_GIVES


def card_for(asker: Asker, member: Member, organisation_name: str) -> Card:
    """By name inside the own community where they let themselves be found, elsewhere as the member agreed to."""
    known = may_find(asker, member)
    shown_as = member.name if known else member.shown_as(organisation_name)
    if not known and not member.listed and not member.name_travels:
        shown_as = organisation_name or "A member"
    return Card(member.id, shown_as, organisation_name)


def may_find(asker: Asker, member: Member) -> bool:
    """Convenors find everybody of their community, members those who are listed, everybody themselves."""
    if manages_node(asker):
        return True
    if isinstance(asker, str) or asker.member_id == member.id:
        return True
    shared = [community for community in member.communities if asker.is_in(community)]
    return any(member.listed or asker.is_convenor(community) for community in shared)


def _refuse_beyond_reach(asker: Asker, before: Member | None, wanted: Member) -> None:
    if not may_manage(asker, wanted) or (before is not None and not may_manage(asker, before)):
        raise NotAllowed(
            "A convenor may add and change members of the own community, up to the role of convenor. "
            "For anything beyond that, ask the operator of this node."
        )
    own = isinstance(asker, Person) and asker.member_id == wanted.id
    if own and _raised(before, wanted):
        raise NotAllowed("Nobody may give themselves a role. Ask another convenor or the operator of this node.")


def _raised(before: Member | None, wanted: Member) -> frozenset[tuple[str, int]]:
    return _grants(wanted) - (_grants(before) if before else frozenset())


def _grants(member: Member) -> frozenset[tuple[str, int]]:
    own = {(community, role) for community, roles in member.roles.items() for role in roles}
    return frozenset(own | {("", Role.ROLE_OPERATOR)} if member.operator else own)


def _refuse_nowhere(wanted: Member) -> None:
    if not wanted.roles and not wanted.operator:
        raise Invalid("A member belongs to a community.", {"community_id": "Choose a community."})


def _refuse_version_of_nothing(wanted: Member) -> None:
    if wanted.version:
        raise Conflict("This member is not on this node any more. Nothing was saved; add them anew.")


def _refuse_another_start(before: Member, wanted: Member) -> None:
    if wanted.joined_on not in {None, before.joined_on}:
        raise Invalid(
            "Since when somebody belongs is said once, when they are added. Nothing was saved.",
            {"joined_on": f"It says {before.joined_on or 'nothing'}. Leave it empty, so that it stays."},
        )


def _differences(before: Member, wanted: Member) -> dict[str, str]:
    names = ("name", "email", "job_title", "role_group")
    return {
        name: f"It now says: {getattr(before, name)}"
        for name in names
        if getattr(before, name) != getattr(wanted, name)
    }
