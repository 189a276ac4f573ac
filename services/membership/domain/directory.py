"""Who finds whom in the directory, and what members say of themselves and choose to show."""

from dataclasses import dataclass, replace

from services.common.access import Person
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.membership.domain.authority import Asker
from services.membership.domain.members import Member, may_find, may_manage
from services.membership.domain.vocabulary import MOST_TOPICS
from services.membership.domain.words import not_a_code, refuse_faults, too_short_or_long


@dataclass(frozen=True)
class Sought:
    """What somebody looks for; empty: anything. `everybody`: also those who are not listed."""

    community_id: str
    words: tuple[str, ...] = ()
    role_group: str = ""
    organisation_id: str = ""
    locality_id: str = ""
    topic: str = ""
    everybody: bool = False


@dataclass(frozen=True)
class Entry:
    """A member as the asker may see them."""

    member: Member
    organisation_name: str
    email: str
    roles: frozenset[int]
    # Only told to convenors.
    bound: bool
    community_id: str


@dataclass(frozen=True)
class Seen:
    """A member as the asker sees them; `managing`: may the asker change what is written of them?"""

    entry: Entry
    managing: bool


def seek(asker: Person, sought: Sought) -> Sought:
    """Members find those who are listed, convenors everybody."""
    if not asker.is_in(sought.community_id):
        raise NotAllowed("The directory is for members of this community. Nothing was shown.")
    return replace(sought, everybody=asker.is_convenor(sought.community_id))


def entry_for(asker: Asker, member: Member, organisation_name: str, community_id: str) -> Entry:
    managing = may_manage(asker, member) or (isinstance(asker, Person) and asker.is_convenor(community_id))
    own = isinstance(asker, Person) and asker.member_id == member.id
    return Entry(
        member,
        organisation_name,
        member.email if managing or own or member.email_shown else "",
        member.roles.get(community_id, frozenset()),
        member.bound and managing,
        community_id,
    )


def may_see(asker: Asker, member: Member | None) -> Member:
    """Raises `NotFound` for members who are not listed just as for those who are not there."""
    if member is None or not may_find(asker, member) or (member.left and not may_manage(asker, member)):
        raise NotFound("There is no such member here, or they are not listed.")
    return member


def shared_community(asker: Asker, member: Member) -> str:
    """The community in which the asker meets the member."""
    shared = [each for each in sorted(member.communities) if isinstance(asker, Person) and asker.is_in(each)]
    return next(iter([*shared, *sorted(member.communities)]), "")


def may_list_organisations(asker: Asker, community_id: str) -> None:
    if isinstance(asker, Person) and not asker.operator and not asker.is_in(community_id):
        raise NotAllowed("The organisations of a community are shown to its members. Nothing was shown.")


def update_profile(before: Member, wanted: Member) -> Member:
    """What members may say of themselves is taken from `wanted`, all else stays."""
    refuse_faults(
        {
            "name": too_short_or_long(wanted.name, 120, shortest=2),
            "job_title": too_short_or_long(wanted.job_title, 120),
            "topics": _topics_fault(wanted.topics),
        }
    )
    after = replace(
        before,
        name=wanted.name,
        job_title=wanted.job_title,
        locality_ids=wanted.locality_ids,
        topics=wanted.topics,
        topics_chosen=before.topics_chosen or wanted.topics != before.topics,
        listed=wanted.listed,
        email_shown=wanted.email_shown,
        name_travels=wanted.name_travels,
    )
    if after == before:
        return before
    if wanted.version != before.version:
        raise Conflict(
            "Your profile was changed meanwhile, by you in another window or by a convenor. Nothing was saved."
        )
    if before.left:
        raise Invalid("You are no longer a member here, so the profile cannot be changed.")
    return replace(after, version=before.version + 1)


def _topics_fault(topics: tuple[str, ...]) -> str:
    if len(topics) > MOST_TOPICS:
        return f"Choose at most {MOST_TOPICS}."
    return "Choose from the list." if any(not_a_code(each) for each in topics) else ""
