"""`fosse import` on a running node: checked and told by line first, applied only when somebody says so."""

import codecs
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fosse.membership.v1 import membership_pb2 as pb
from services.node import calling
from services.node.cli import fosse
from services.node.demo.region import RunningNode
from tests.running_nodes import a_running_node
from tests.unit.membership.people import CARE_HOMES

FILE = """name;email;organisation
Ann Example;ann@home.example;Oak House
Ben Example;not an address;Oak House
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    with a_running_node(tmp_path_factory.mktemp("n")) as made:
        with calling.running(made.folder.path) as running:
            running.membership.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes"))
        yield made


def told(node: RunningNode, file: Path | str, *options: str, said: str = "") -> Result:
    return CliRunner().invoke(fosse, ["import", str(file), "--data", str(node.folder.path), *options], input=said)


def members(node: RunningNode) -> list[str]:
    with calling.running(node.folder.path) as running:
        found = running.membership.ListMembers(pb.ListMembersRequest(community_id=CARE_HOMES, page_size=100))
        return [each.name for each in found.members]


def test_a_file_is_checked_then_applied_and_a_second_time_changes_nothing(node: RunningNode, tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    file.write_bytes(codecs.BOM_UTF16_LE + FILE.encode("utf-16-le"))

    there = members(node)

    checked = told(node, file)
    assert checked.exit_code == 0, checked.output
    assert "2 rows: 1 new member, 0 changed" in checked.output and "1 bad row." in checked.output
    assert "line 3, email:" in checked.output and "Add --apply" in checked.output
    assert members(node) == there

    refused = told(node, file, "--apply", said="n\n")
    assert "Apply the 1 good row?" in refused.output
    assert refused.exit_code == 1 and "Nothing was changed" in refused.output
    assert members(node) == there

    applied = told(node, file, "--apply", "--yes")
    assert applied.exit_code == 0 and "Applied: 1 new member," in applied.output, applied.output
    assert members(node) == ["Ann Example", *there]

    again = told(node, file, "--apply", "--yes")
    assert again.exit_code == 0 and "Nothing was changed." in again.output
    assert members(node) == ["Ann Example", *there]


def test_a_file_is_read_from_standard_input_where_a_container_sees_no_other(node: RunningNode) -> None:
    file = "name,email\nDee Example,dee@home.example\n"

    checked = told(node, "-", "--check", said=file)
    asked = told(node, "-", "--apply", said=file)
    applied = told(node, "-", "--apply", "--yes", said=file)

    assert checked.exit_code == 0 and "1 row: 1 new member" in checked.output, checked.output
    assert asked.exit_code == 1 and "add --yes to --apply" in asked.output, asked.output
    assert applied.exit_code == 0 and "Applied: 1 new member," in applied.output, applied.output


def test_a_column_that_is_left_out_is_named(node: RunningNode, tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    file.write_text("name,email,favourite colour\nCem Example,cem@home.example,blue\n")

    checked = told(node, file)

    assert "(line 1, favourite colour: This column is not known here" in checked.output, checked.output


@pytest.mark.parametrize(("content", "said"), [(b"PK\x03\x04rest", "not a CSV file"), (b"", "empty")])
def test_a_file_that_is_no_table_is_refused_with_what_to_do(
    node: RunningNode, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "members.xlsx"
    file.write_bytes(content)

    refused = told(node, file)

    assert refused.exit_code == 1 and said in refused.output, refused.output


def test_a_community_that_is_not_here_is_refused_with_those_that_are(node: RunningNode, tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    file.write_text(FILE)

    refused = told(node, file, "--community", "Social care")

    assert refused.exit_code == 1 and "This node has: Care homes" in refused.output
