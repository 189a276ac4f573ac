"""Promise 33: between processes a caller is who its certificate of this node says, and calls what its workload may."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from fosse.common.v1 import access_pb2
from fosse.common.v1.housekeeping_pb2 import GetHousekeepingStatusRequest
from fosse.common.v1.housekeeping_pb2_grpc import HousekeepingStub
from services.common import access, wires
from services.common.clock import utc_now
from services.common.passes import PassVerifier
from services.common.rpc import Server
from services.common.topics import SERVICES
from services.common.wires import IDENTITY, WORKLOAD, MutualTls
from services.node.setup.secrets import WORKLOADS
from tests.promises.bad_identities import bad_identities
from tests.promises.planted import Bug, planted
from tests.promises.promise import promise
from tests.promises.stand_ins import door_opens, generated, stand_ins
from tests.tls_services import TlsNode, prepared, serving

SEED = 33
HOUSEKEEPING = (
    "Housekeeping: GetHousekeepingStatus ListParked ReplayParked ReplayFacts ListAudit VerifyAudit GetAuditSeals"
    " ListAuditHistory ListAuditDigests ExportPerson"
)
WITHOUT_A_PERSON: dict[str, tuple[str, ...]] = {
    "gateway": (
        "Meetings: GetMeeting ListMeetings DescribeMeeting ListPlaceHolders GetCalendarEntry",
        "Federation: ListNodes GetProvenance ReceiveEnrolment CollectEnrolment",
        "Joining: AskToJoin",
        "Links: DescribeLink TradeLink",
        "Membership: IssuePass PassKeys AcceptInvitation ListCommunities ListLocalities",
        "Resources: GetVocabulary GetResource SearchResources DownloadPart",
    ),
    "operator": (
        HOUSEKEEPING,
        "Evaluation: RecomputeIndicators",
        "Federation: GetFederationStatus ListNodes ListQuarantine TakeAuditHeads ListAuditHeads RequestEnrolment"
        " LeaveRegion CreateEnrolmentCode ApproveNewcomer DeclineNewcomer",
        "Directory: ListOrganisations",
        "Importing: CheckImport GetImport ApplyImport DropImport",
        "Links: RevokeLinks",
        "Membership: CreateInvitation ListCommunities ListLocalities PutCommunity PutLocality PutOrganisation"
        " PutMember ListMembers",
        "Notification: ListDeliveries",
        "Resources: RebuildIndex",
        "Standing: DescribeMember ChangeRoles ChangeStanding",
    ),
    "federation": (
        "Housekeeping: GetAuditSeals",
        "Shareable: ReadShared ReadSharedFile TakeEntries TakeFile",
        "Membership: PassKeys",
    ),
    "notification": (
        "Meetings: DescribeMeeting ListPlaceHolders ListPresent GetCalendarEntry PrepareEnclosures",
        "Minutes: GetMinutes",
        "Federation: ListNodes",
        "Directory: ListMemberIds",
        "Links: MakeLinks",
        "Membership: PassKeys Cards Contacts",
        "Resources: DescribeAdoption",
    ),
    "evaluation": ("Federation: ListNodes", "Membership: PassKeys"),
    "events": ("Membership: PassKeys",),
    "resource": ("Membership: PassKeys",),
    "membership": ("Membership: PassKeys",),
    # Other nodes come by federation's own door, with certificates of the region.
    "node": ("Door: Heads Publish Fetch PutFile MissingFiles GetFile Leave LodgeAuditHeads ListLodgedHeads",),
}
"""Who may call what in their own name, written down a second time: a word too many in a proto shows here."""


def accepted(node: TlsNode, shown: Mapping[str, grpc.ChannelCredentials | None]) -> list[str]:
    """Whose call, of those that every service takes from the operator alone, was answered."""
    found = []
    for name, credentials in shown.items():
        for service in SERVICES:
            with node.connect(service, credentials) as channel:
                if _answered(channel):
                    found.append(f"{name} at {service}")
    return found


def _answered(channel: grpc.Channel) -> bool:
    try:
        says = ((WORKLOAD, "operator"),)
        HousekeepingStub(channel).GetHousekeepingStatus(GetHousekeepingStatusRequest(), timeout=5, metadata=says)
    except grpc.RpcError as error:
        assert isinstance(error, grpc.Call)
        assert error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.PERMISSION_DENIED}, error.code()
        return False
    return True


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> TlsNode:
    return prepared(tmp_path_factory.mktemp("node"))


def test_no_service_lets_in_who_shows_no_certificate_of_its_node(node: TlsNode, tmp_path: Path) -> None:
    bad = bad_identities(node, tmp_path)
    identity = (node.folder / "operator" / IDENTITY).read_bytes()
    good = {"good": grpc.ssl_channel_credentials(node.trusted, identity, identity)}

    with serving(node):
        found, welcome = accepted(node, bad), accepted(node, good)

    figures = f"identities={len(bad)} services={len(SERVICES)} accepted={len(found)} good={len(welcome)}"
    ok = not found and len(welcome) == len(SERVICES)
    promise(33, "embedded", "bad identities", ok, " ".join([figures, *found]), SEED)


def nobody_asked(sound: Any) -> Any:
    return lambda first, fetch, _required: sound(first, fetch, False)


def believing(self: MutualTls, context: Any, said: str) -> str:
    """Of a server that takes anybody's word."""
    return said


def any_node(self: MutualTls, context: Any, said: str) -> str:
    """Of a server that looks at the end of a name."""
    names = [str(each, "utf-8") for each in context.auth_context().get(wires._SAN, ())]
    return names[-1].rpartition("/")[2]


NOT_ASKED: Bug = (grpc, "dynamic_ssl_server_credentials", nobody_asked(grpc.dynamic_ssl_server_credentials))
BUGS: dict[str, list[Bug]] = {
    "nobody is asked": [NOT_ASKED, (MutualTls, "caller", believing)],
    "any node's": [(MutualTls, "caller", any_node)],
}


def test_a_server_that_looks_less_closely_is_caught(tmp_path: Path) -> None:
    found = {}
    for number, (name, bugs) in enumerate(BUGS.items()):
        node = prepared(tmp_path / str(number))
        bad = bad_identities(node, tmp_path / f"forged{number}")
        with planted(*bugs), serving(node):
            found[name] = len(accepted(node, bad))

    caught = sum(count > 0 for count in found.values())
    figures = f"bugs={len(BUGS)} caught={caught} " + " ".join(f"planted[{name}]={n}" for name, n in found.items())
    promise(33, "embedded", "bad identities planted", caught == len(BUGS), figures, SEED)


def rpcs() -> list[MethodDescriptor]:
    return [rpc for _, service in generated() for rpc in service.methods]


def written_down(workload: str) -> set[str]:
    """The rpcs that the table above lets a workload call, as `Service/Rpc`."""
    rows = (row.partition(": ") for row in WITHOUT_A_PERSON.get(workload, ()))
    return {f"{service}/{rpc}" for service, _, names in rows for rpc in names.split()}


@contextmanager
def the_door(node: TlsNode) -> Iterator[None]:
    """Of a server with every rpc there is; it says of itself what `membership` does."""
    server = Server("membership", stand_ins(), node.wires("membership"), PassVerifier(dict, utc_now), workers=4)
    server.start()
    yield
    server.stop()


def opened_to(node: TlsNode, folder: Path, workload: str) -> set[str]:
    """The rpcs that let this workload in for its certificate, though it says that it is the operator."""
    folder.mkdir(exist_ok=True)
    node.authority.issue(workload, folder, utc_now())
    identity = (folder / IDENTITY).read_bytes()
    says = [(WORKLOAD, "operator")]
    with node.connect("membership", grpc.ssl_channel_credentials(node.trusted, identity, identity)) as channel:
        return {
            f"{rpc.containing_service.name}/{rpc.name}"
            for rpc in rpcs()
            if door_opens(channel, rpc, GetMessageClass(rpc.input_type)(), says)
        }


def mismatches(node: TlsNode, folder: Path) -> list[str]:
    with the_door(node):
        callers = (*WORKLOADS, "node", "stranger")
        return [
            f"{workload}:{rpc}"
            for workload in callers
            for rpc in opened_to(node, folder / workload, workload) ^ written_down(workload)
        ]


def wildcard(method: MethodDescriptor) -> access_pb2.Access | None:
    rule = sound_rule(method)
    if rule is None or method.name != "IssuePass":
        return rule
    return access_pb2.Access(services=[*WORKLOADS])


sound_rule = access.rule_of


def test_each_workload_calls_what_it_may_and_nothing_else(node: TlsNode, tmp_path: Path) -> None:
    wrong = mismatches(node, tmp_path)
    with planted((access, "rule_of", wildcard)):
        caught = mismatches(node, tmp_path)

    callers, many = len(WORKLOADS) + 2, len(rpcs())
    figures = f"rpcs={many} workloads={callers} decisions={many * callers} mismatches={len(wrong)} {' '.join(wrong)}"
    ok = not wrong and len(caught) == len(WORKLOADS) - 1
    promise(33, "embedded", "allow-list", ok, f"{figures.strip()} planted[wildcard]={len(caught)}", SEED)
