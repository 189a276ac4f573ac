"""What the stand-in services answer, and who is signed in."""

from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.federation.v1 import federation_pb2 as federation
from fosse.notification.v1 import notification_pb2 as notification
from fosse.resource.v1 import resource_pb2 as resource
from services.common.access import Person
from services.common.errors import NotFound, Refusal
from tests.browser import world
from tests.browser.standins.figures import Figures
from tests.browser.standins.linked import Links
from tests.browser.standins.meetings import Meetings
from tests.browser.standins.members import Members

PRIYA = Person(
    member_id=world.id_of("priya"),
    organisation_id=world.id_of("trentside"),
    organisation_name="Trentside Community Health",
    shown_as="Priya Raman",
    roles={world.COMMUNITY.id: frozenset({ROLE_MEMBER, ROLE_CONVENOR})},
    localities=("04N",),
)
# A plain member.
MO = replace(
    PRIYA, member_id=world.id_of("mo"), shown_as="Mo Haddad", roles={world.COMMUNITY.id: frozenset({ROLE_MEMBER})}
)
OPERATOR = replace(PRIYA, shown_as="Olu Adeyemi", operator=True)


@dataclass
class Shelf:
    """What the services answer. A test changes it; a refusal in `refuse` is raised by the rpc of that name."""

    resources: dict[str, resource.Resource] = field(default_factory=dict)
    adoptions: list[resource.Adoption] = field(default_factory=list)
    drafts: list[resource.Resource] = field(default_factory=list)
    next_page: str = ""
    status: federation.GetFederationStatusResponse = field(default_factory=world.a_status)
    quarantined: list[federation.Quarantined] = field(default_factory=list)
    provenance: federation.GetProvenanceResponse | None = None
    mails: list[notification.GetMailResponse] = field(default_factory=list)
    # No mail server is named.
    mails_kept: bool = False
    deliveries: list[notification.Delivery] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=lambda: {"priya": PRIYA, "mo": MO})
    # Of members who do not show their name, by their id.
    own_names: dict[str, str] = field(default_factory=dict)
    refuse: dict[str, Refusal] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    members: Members = field(default_factory=Members)
    meetings: Meetings = field(default_factory=Meetings)
    figures: Figures = field(default_factory=Figures)
    links: Links = field(default_factory=Links)

    def clear(self) -> None:
        """As a new one, in place: the services go on holding it and its parts."""
        _fill(self, Shelf())

    def put(self, *items: resource.Resource) -> resource.Resource:
        self.resources.update({item.id: item for item in items})
        return items[0]

    def hear(self, request: Any) -> None:
        self.asked.append(request)
        name = type(request).__name__.removesuffix("Request")
        if name in self.refuse:
            raise self.refuse[name]

    def one(self, resource_id: str) -> resource.Resource:
        if resource_id not in self.resources:
            raise NotFound("There is no such resource here, or it is not shared with you.")
        return self.resources[resource_id]


def _fill(old: Any, new: Any) -> None:
    for name in [each.name for each in fields(old)]:
        if is_dataclass(getattr(old, name)):
            _fill(getattr(old, name), getattr(new, name))
        else:
            setattr(old, name, getattr(new, name))
