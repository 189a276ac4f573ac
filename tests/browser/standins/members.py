"""The directory, imports and who waits to join, as the pages meet them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.membership.v1 import (
    directory_pb2,
    directory_pb2_grpc,
    importing_pb2,
    importing_pb2_grpc,
    joining_pb2,
    joining_pb2_grpc,
    membership_pb2,
)
from services.common.errors import NotFound
from tests.browser import meeting_world, world

if TYPE_CHECKING:
    from tests.browser.standins.node import Node


def an_entry(name: str = "Rosalind Okafor", **changed: Any) -> directory_pb2.DirectoryEntry:
    given: dict[str, Any] = {
        "member_id": world.id_of(name),
        "name": name,
        "job_title": "Registered manager",
        "role_group": "care_home",
        "organisation_id": world.id_of("oak"),
        "organisation_name": "Oak House",
        "locality_ids": ["04N"],
        "topics": ["falls", "hydration"],
        "email": "manager@oakhouse.example",
        "roles": [ROLE_MEMBER],
        "bound": True,
        "listed": True,
        **changed,
    }
    return directory_pb2.DirectoryEntry(**given)


def some_entries() -> list[directory_pb2.DirectoryEntry]:
    return [
        an_entry(),
        an_entry("Priya Raman", job_title="Nurse consultant", role_group="nursing", roles=[ROLE_MEMBER, ROLE_CONVENOR]),
        an_entry("Wilfred Ashdown-Carmichael", bound=False, listed=False, email="", topics=[], locality_ids=[]),
    ]


def those_at_meetings() -> list[directory_pb2.DirectoryEntry]:
    return [
        directory_pb2.DirectoryEntry(member_id=each, name=name, organisation_name=home)
        for each, (name, home) in sorted(meeting_world.PEOPLE.items(), key=lambda one: one[1])
    ]


def some_organisations() -> list[directory_pb2.OrganisationEntry]:
    return [
        directory_pb2.OrganisationEntry(
            id=world.id_of("elm"), name="Elm Court", type="home_nursing", ods_code="VN1A2",
            cqc_location_id="1-23456789", locality_ids=["04E"], valid_to="2026-03-31", succeeded_by=world.id_of("oak"),
        ),
        directory_pb2.OrganisationEntry(
            id=world.id_of("oak"), name="Oak House", type="home_residential", locality_ids=["04E", "04N"],
            valid_from="2026-04-01",
        ),
    ]  # fmt: skip


def a_profile() -> directory_pb2.Profile:
    return directory_pb2.Profile(
        member_id=world.id_of("priya"),
        name="Priya Raman",
        email="priya@trentside.example",
        job_title="Nurse consultant",
        organisation_name="Trentside Community Health",
        locality_ids=["04N"],
        topics=["falls"],
        listed=True,
        version=3,
    )


def an_import(state: int, **changed: Any) -> importing_pb2.Import:
    given: dict[str, Any] = {
        "id": world.id_of("import"),
        "community_id": world.COMMUNITY.id,
        "rows": 60,
        "done": 60,
        "new_members": 55,
        "changed_members": 2,
        "unchanged_members": 1,
        "new_organisations": 14,
        "bad_rows": 2,
        "read_as": "Read as UTF-8, with semicolons between the cells.",
        **changed,
    }
    return importing_pb2.Import(state=importing_pb2.ImportState.ValueType(state), **given)


BAD = [
    importing_pb2.BadCell(line=7, column="E-mail", reason="Write an e-mail address like name@example.org."),
    importing_pb2.BadCell(
        line=31, column="Localities", reason="“Rushcliff” is not a locality of this node. Nearest: “Rushcliffe”."
    ),
]
NOTICES = [
    importing_pb2.BadCell(line=12, reason="Line 11 has the same e-mail address with another name. Both get mail there.")
]


def a_request(name: str = "Imogen Farrow") -> joining_pb2.JoinRequest:
    return joining_pb2.JoinRequest(
        id=world.id_of(f"request {name}"),
        community_id=world.COMMUNITY.id,
        name=name,
        organisation="Oak House, night team",
        about="Rosalind Okafor is my manager.\nI was at the May meeting.",
        asked_at=world.days(1),
    )


@dataclass
class Members:
    """The directory, imports and who waits to join. `imports` are answered one after the other, the last for ever."""

    entries: list[directory_pb2.DirectoryEntry] = field(default_factory=those_at_meetings)
    organisations: list[directory_pb2.OrganisationEntry] = field(default_factory=list)
    profile: directory_pb2.Profile = field(default_factory=a_profile)
    imports: list[importing_pb2.Import] = field(default_factory=list)
    requests: list[joining_pb2.JoinRequest] = field(default_factory=list)
    may_manage: bool = True
    left: bool = False
    next_page: str = ""


class Directory(directory_pb2_grpc.DirectoryServicer):
    def __init__(self, node: "Node") -> None:
        self._shelf = node.shelf
        self._held = node.shelf.members

    def ListDirectory(self, request: Any, context: Any) -> directory_pb2.ListDirectoryResponse:
        self._shelf.hear(request)
        found = [
            one for one in self._held.entries if request.words.lower() in f"{one.name} {one.organisation_name}".lower()
        ]
        return directory_pb2.ListDirectoryResponse(
            entries=found[: request.page_size or 100], total=len(found), next_page_token=self._held.next_page
        )

    def GetMember(self, request: Any, context: Any) -> directory_pb2.GetMemberResponse:
        self._shelf.hear(request)
        one = next((each for each in self._held.entries if each.member_id == request.member_id), None)
        if one is None:
            raise NotFound("There is no such member here, or they are not listed.")
        return directory_pb2.GetMemberResponse(
            entry=one,
            community_id=world.COMMUNITY.id,
            may_manage=self._held.may_manage,
            version=4,
            member=self._member(one) if self._held.may_manage else None,
        )

    def GetProfile(self, request: Any, context: Any) -> directory_pb2.GetProfileResponse:
        self._shelf.hear(request)
        return directory_pb2.GetProfileResponse(profile=self._held.profile)

    def UpdateProfile(self, request: Any, context: Any) -> directory_pb2.UpdateProfileResponse:
        self._shelf.hear(request)
        return directory_pb2.UpdateProfileResponse(profile=request.profile)

    def ListOrganisations(self, request: Any, context: Any) -> directory_pb2.ListOrganisationsResponse:
        self._shelf.hear(request)
        return directory_pb2.ListOrganisationsResponse(organisations=self._held.organisations)

    def _member(self, one: directory_pb2.DirectoryEntry) -> membership_pb2.Member:
        return membership_pb2.Member(
            id=one.member_id,
            name=one.name,
            email=one.email,
            job_title=one.job_title,
            role_group=one.role_group,
            organisation_id=one.organisation_id,
            locality_ids=one.locality_ids,
            roles=one.roles,
            community_id=world.COMMUNITY.id,
            left=self._held.left,
            version=4,
        )


class Importing(importing_pb2_grpc.ImportingServicer):
    def __init__(self, node: "Node") -> None:
        self._shelf = node.shelf
        self._held = node.shelf.members

    def CheckImport(self, request: Any, context: Any) -> importing_pb2.CheckImportResponse:
        self._shelf.hear(request)
        return importing_pb2.CheckImportResponse()

    def GetImport(self, request: Any, context: Any) -> importing_pb2.GetImportResponse:
        self._shelf.hear(request)
        one = self._held.imports.pop(0) if len(self._held.imports) > 1 else self._held.imports[0]
        cells = BAD if one.bad_rows else []
        return importing_pb2.GetImportResponse(
            **{"import": one}, bad_cells=cells, notices=NOTICES if cells else [], next_page_token=self._held.next_page
        )

    def ApplyImport(self, request: Any, context: Any) -> importing_pb2.ApplyImportResponse:
        self._shelf.hear(request)
        return importing_pb2.ApplyImportResponse()

    def DropImport(self, request: Any, context: Any) -> importing_pb2.DropImportResponse:
        self._shelf.hear(request)
        return importing_pb2.DropImportResponse()


class Joining(joining_pb2_grpc.JoiningServicer):
    def __init__(self, node: "Node") -> None:
        self._shelf = node.shelf
        self._held = node.shelf.members

    def AskToJoin(self, request: Any, context: Any) -> joining_pb2.AskToJoinResponse:
        self._shelf.hear(request)
        return joining_pb2.AskToJoinResponse()

    def ListJoinRequests(self, request: Any, context: Any) -> joining_pb2.ListJoinRequestsResponse:
        self._shelf.hear(request)
        return joining_pb2.ListJoinRequestsResponse(requests=self._held.requests)

    def GetJoinRequest(self, request: Any, context: Any) -> joining_pb2.GetJoinRequestResponse:
        self._shelf.hear(request)
        one = next((each for each in self._held.requests if each.id == request.join_request_id), None)
        if one is None:
            raise NotFound("This request is not there any more: it was answered, or is older than 30 days.")
        return joining_pb2.GetJoinRequestResponse(request=one)

    def VouchFor(self, request: Any, context: Any) -> joining_pb2.VouchForResponse:
        self._shelf.hear(request)
        return joining_pb2.VouchForResponse(member_id=request.member_id or self._held.entries[0].member_id)

    def DeclineJoin(self, request: Any, context: Any) -> joining_pb2.DeclineJoinResponse:
        self._shelf.hear(request)
        return joining_pb2.DeclineJoinResponse()
