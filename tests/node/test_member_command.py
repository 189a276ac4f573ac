"""`fosse member` on a running node: found by id, changed by the operator, noted as that, and in nobody's log."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_REVIEWER
from fosse.common.v1.housekeeping_pb2 import ListAuditRequest
from fosse.membership.v1 import membership_pb2 as pb
from services.node import calling
from services.node.cli import fosse
from services.node.demo.region import RunningNode
from tests.running_nodes import a_running_node
from tests.unit.membership.people import CARE_HOMES, an_id

ANN, BERT = "a" * 8 + an_id(1)[8:], "b" * 8 + an_id(2)[8:]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    with a_running_node(tmp_path_factory.mktemp("n")) as made:
        with calling.running(made.folder.path) as running:
            running.membership.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes"))
            for member_id, name, roles in ((ANN, "Ann Example", [ROLE_REVIEWER]), (BERT, "Bert Example", [])):
                given = pb.Member(
                    id=member_id, name=name, email=f"{name[0]}@home.example", community_id=CARE_HOMES, roles=roles
                )
                running.membership.PutMember(pb.PutMemberRequest(member=given))
        yield made


def told(node: RunningNode, command: str, *options: str, said: str = "") -> Result:
    arguments = ["member", command, *options, "--data", str(node.folder.path)]
    return CliRunner().invoke(fosse, arguments, input=said)


def test_members_are_listed_and_found_by_words(node: RunningNode) -> None:
    everybody, some = told(node, "list"), told(node, "list", "example", "BERT")

    assert [line.split(" ")[0] for line in everybody.output.splitlines()] == [ANN, BERT]
    (bert,) = some.output.splitlines()
    assert bert.startswith(f"{BERT}  Bert Example <B@home.example>, ") and bert.endswith("; Care homes")
    assert told(node, "list", "Cath").output == "Nobody has these words.\n"


def test_roles_are_given_and_taken_shown_and_noted_as_the_operators_doing(node: RunningNode) -> None:
    changed = told(node, "roles", "aaaaaaaa", "--give", "convenor", "--take", "reviewer")

    assert changed.exit_code == 0 and "  Care homes: member, convenor\n" in changed.output, changed.output
    assert "Care homes: member, convenor" in told(node, "show", ANN).output
    with calling.running(node.folder.path) as running:
        rows = running.housekeeping("membership").ListAudit(ListAuditRequest(item_id=ANN)).rows
        (ann,) = [each for each in running.membership.ListMembers(_all()).members if each.id == ANN]
    assert (rows[0].actor, rows[0].action) == ("operator", "roles changed")
    assert ROLE_CONVENOR in ann.roles and ROLE_REVIEWER not in ann.roles


def test_a_member_is_shut_out_let_in_and_ended_and_no_log_names_them(node: RunningNode) -> None:
    assert ", shut out\n" in told(node, "disable", "bbbbbb").output
    assert ", has not signed in yet\n" in told(node, "enable", "bbbbbb").output
    asked = told(node, "end", "bbbbbb", said="n\n")
    assert asked.exit_code == 1 and "has not signed in yet" in told(node, "show", "bbbbbb").output
    assert ", shut out\n" in told(node, "end", "bbbbbb", "--yes").output

    with calling.running(node.folder.path) as running:
        rows = running.housekeeping("membership").ListAudit(ListAuditRequest(item_id=BERT)).rows
    done = [each.action for each in rows if each.actor == "operator"]
    assert done == ["member ended", "member enabled", "member disabled", "member put"]
    assert "Example" not in node.log.read_text() and "home.example" not in node.log.read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("show", "cccccc"), "No member has an id that begins with cccccc"),
        (("show", "aa"), "at least 6 digits"),
        (("show", "c" * 32), "No member of this node has this id"),
        (("roles", ANN), "Say a role with --give or --take"),
        (("roles", ANN, "--give", "convenor", "--community", "Social care"), "This node has: Care homes"),
        (("list", "--community", "Social care"), "This node has: Care homes"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(node: RunningNode, options: tuple[str, ...], said: str) -> None:
    refused = told(node, *options)

    assert refused.exit_code == 1 and said in refused.output, refused.output


def _all() -> pb.ListMembersRequest:
    return pb.ListMembersRequest(community_id=CARE_HOMES, page_size=100)


def test_without_a_running_node_the_command_says_so(tmp_path: Path) -> None:
    refused = CliRunner().invoke(fosse, ["member", "list", "--data", str(tmp_path)])

    assert refused.exit_code == 1 and refused.output.startswith("Error: ") and "Traceback" not in refused.output
