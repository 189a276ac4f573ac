"""Plain words for what members and organisations are."""

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_EVALUATOR, ROLE_MEMBER, ROLE_OPERATOR, ROLE_REVIEWER, Role
from services.common.vocabulary import ORGANISATION_TYPES, ROLE_GROUPS

ROLES = {
    ROLE_MEMBER: "Member",
    ROLE_CONVENOR: "Convenor",
    ROLE_REVIEWER: "Reviewer",
    ROLE_EVALUATOR: "Evaluator",
    Role.ROLE_REGIONAL_LEAD: "Regional lead",
    ROLE_OPERATOR: "Operator",
}
# What a convenor may give beside being a member.
GIVEN = (
    (ROLE_CONVENOR, "Convenor", "Runs meetings, lets members in and may change what is written of them"),
    (ROLE_REVIEWER, "Reviewer", "Looks at what others made before it is shared widely"),
    (ROLE_EVALUATOR, "Evaluator", "Reads the figures of the community"),
)

FILTERS = {
    "role": lambda value: ROLES.get(value, ""),
    "role_group": lambda code: ROLE_GROUPS.get(code, code),
    "organisation_type": lambda code: ORGANISATION_TYPES.get(code, code),
}
