"""`fosse figures recount` on a running node: all figures counted anew, and a wrong one found and mended."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fosse.membership.v1 import membership_pb2 as pb
from services.node import calling
from services.node.cli import fosse
from services.node.demo.region import RunningNode
from tests.running_nodes import a_running_node
from tests.unit.membership.people import CARE_HOMES, an_id
from tests.waiting import until


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    with a_running_node(tmp_path_factory.mktemp("n")) as made:
        with calling.running(made.folder.path) as running:
            running.membership.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes"))
            member = pb.Member(id=an_id(1), name="Ann Example", email="ann@home.example", community_id=CARE_HOMES)
            running.membership.PutMember(pb.PutMemberRequest(member=member))
        until(lambda: figures(made) == [1, 0], "the member is counted")
        yield made


def figures(node: RunningNode) -> list[int]:
    """Members and organisations, as they stand in the database."""
    with closing(sqlite3.connect(node.folder.path / "evaluation.db")) as db:
        return [number for (number,) in db.execute("select number from figure order by indicator")]


def spoil(node: RunningNode, *indicators: str) -> None:
    with closing(sqlite3.connect(node.folder.path / "evaluation.db", timeout=10)) as db:
        for each in indicators:
            db.execute("update figure set number = 9 where indicator = ?", [each])
        db.commit()


def recounted(node: RunningNode) -> Result:
    return CliRunner().invoke(fosse, ["figures", "recount", "--data", str(node.folder.path)])


def test_figures_that_are_right_are_counted_anew_and_left_as_they_are(node: RunningNode) -> None:
    done = recounted(node)

    assert (done.exit_code, done.output) == (
        0,
        "2 figures counted anew from 1 kept fact.\nAll were as they should be. Nothing was changed.\n",
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["members"], "1 figure differed and is mended."),
        (["members", "organisations"], "2 figures differed and are mended."),
    ],
)
def test_a_figure_that_is_wrong_is_mended_and_said_so(node: RunningNode, wrong: list[str], said: str) -> None:
    spoil(node, *wrong)

    assert said in recounted(node).output
    assert figures(node) == [1, 0]


def test_without_a_running_node_the_command_says_so(tmp_path: Path) -> None:
    refused = CliRunner().invoke(fosse, ["figures", "recount", "--data", str(tmp_path)])

    assert refused.exit_code == 1
    assert "Traceback" not in refused.output and refused.output.startswith("Error: ")
