"""What a row changes about a member, by the rules that hold for everybody who changes one."""

from dataclasses import dataclass, replace

from services.common.access import Role
from services.common.errors import Refusal
from services.membership.domain.authority import Asker
from services.membership.domain.importing.rows import Finding, Wish
from services.membership.domain.members import Member, put_member

LEFT = "This person has left the community, and an import does not bring them back. Nothing of this row is used."


OWN_TOPICS = "This member chose their topics themselves, so theirs stay. The rest of this row is used."


@dataclass(frozen=True)
class Decided:
    """The member before and after; `after` is None where the row changes nobody. A finding's column is the field."""

    before: Member | None
    after: Member | None
    finding: Finding | None = None


def decide(
    asker: Asker, wish: Wish, before: Member | None, *, member_id: str, organisation_id: str, community_id: str
) -> Decided:
    if before is not None and before.left:
        return Decided(before, before, Finding(wish.line, "", LEFT, bad=False))
    wanted = (
        _changed(before, wish, organisation_id, community_id)
        if before
        else _new(wish, member_id, organisation_id, community_id)
    )
    try:
        return Decided(before, put_member(asker, before, wanted), _own_choice(before, wish))
    except Refusal as refused:
        return Decided(before, None, Finding(wish.line, "", refused.sentence[:400]))


def _own_choice(before: Member | None, wish: Wish) -> Finding | None:
    if before is None or not before.topics_chosen or wish.topics in {(), before.topics}:
        return None
    return Finding(wish.line, "topics", OWN_TOPICS, bad=False)


def _new(wish: Wish, member_id: str, organisation_id: str, community_id: str) -> Member:
    return Member(
        id=member_id,
        name=wish.name,
        email=wish.email,
        job_title=wish.job_title,
        role_group=wish.role_group,
        organisation_id=organisation_id,
        locality_ids=wish.locality_ids,
        roles={community_id: wish.roles | {Role.ROLE_MEMBER}},
        topics=wish.topics,
        listed=wish.listed is not False,
        joined_on=wish.joined_on,
    )


def _changed(before: Member, wish: Wish, organisation_id: str, community_id: str) -> Member:
    """Empty cells change nothing, roles are added and never taken, and what members chose themselves stays."""
    here = before.roles.get(community_id, frozenset()) | wish.roles | {Role.ROLE_MEMBER}
    return replace(
        before,
        job_title=wish.job_title or before.job_title,
        role_group=wish.role_group or before.role_group,
        organisation_id=organisation_id or before.organisation_id,
        locality_ids=wish.locality_ids or before.locality_ids,
        topics=before.topics if before.topics_chosen else wish.topics or before.topics,
        roles={**before.roles, community_id: here},
    )
