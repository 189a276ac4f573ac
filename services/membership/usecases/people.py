"""Members as passes say who they are."""

from sqlalchemy import Connection

from services.common.access import Person
from services.membership.domain import Member
from services.membership.store import places


def person_of(conn: Connection, member: Member) -> Person:
    organisation = places.organisation_names(conn, [member.organisation_id]).get(member.organisation_id, "")
    return Person(
        member_id=member.id,
        organisation_id=member.organisation_id,
        organisation_name=organisation,
        shown_as=member.shown_as(organisation),
        roles=member.roles,
        operator=member.operator,
        localities=member.locality_ids,
    )
