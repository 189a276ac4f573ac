"""`fosse audit`: a county and its hub, as two operators see whether the trail can be trusted."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fosse.common.v1 import housekeeping_pb2 as housekeeping
from fosse.membership.v1 import membership_pb2 as pb
from services.node import calling
from services.node.cli import fosse
from services.node.demo.enrolling import enrol
from services.node.demo.region import Region, RunningNode, free_ports
from services.node.demo.world import County
from tests.unit.membership.people import CARE_HOMES, an_id
from tests.waiting import until

ANN = an_id(1)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region[RunningNode]]:
    """That nobody touches."""
    with a_region(tmp_path_factory.mktemp("r")) as made:
        yield made


@pytest.fixture
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region[RunningNode]]:
    """For one test alone, which spoils it."""
    with a_region(tmp_path_factory.mktemp("r")) as made:
        yield made


@contextmanager
def a_region(folder: Path) -> Iterator[Region[RunningNode]]:
    known = [County("hub", "The region", "", "", ()), County("notts", "Nottinghamshire", "", "", ())]
    made = Region([RunningNode(county, folder / county.id, free_ports()) for county in known])
    made.start()
    try:
        enrol(made.hub, made.node("notts"))
        with calling.running(made.node("notts").folder.path) as node:
            node.membership.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes"))
            member = pb.Member(id=ANN, name="Ann Example", email="ann@home.example", community_id=CARE_HOMES)
            node.membership.PutMember(pb.PutMemberRequest(member=member))
        until(lambda: not unsealed(made.node("notts")), "all is sealed")
        yield made
    finally:
        made.stop()


def unsealed(node: RunningNode) -> int:
    with calling.running(node.folder.path) as running:
        calls = running.housekeeping("membership")
        return calls.GetHousekeepingStatus(housekeeping.GetHousekeepingStatusRequest()).audit_unsealed


def told(*arguments: object) -> Result:
    return CliRunner().invoke(fosse, ["audit", *(str(each) for each in arguments)])


def checked(node: RunningNode) -> Result:
    return told("check", "--data", node.folder.path)


def exported(node: RunningNode, item: str, file: Path) -> str:
    """The node's id, as the command says it."""
    done = told("export", item, "--to", file, "--data", node.folder.path)
    assert done.exit_code == 0, done.output
    return str(re.findall("[0-9a-f]{64}", done.output)[0])


def alter(node: RunningNode, service: str, *statements: str) -> None:
    with closing(sqlite3.connect(node.folder.path / f"{service}.db", timeout=10)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def test_a_trail_that_nobody_touched_fits_what_the_hub_keeps(region: Region[RunningNode]) -> None:
    done = checked(region.node("notts"))

    assert done.exit_code == 0, done.output
    assert re.search(r"membership +\d+ rows?; 1 signed head; as it was sealed", done.output), done.output
    assert "Compared with what the hub keeps of this node" in done.output
    assert checked(region.hub).exit_code == 0


def test_one_items_history_is_handed_out_and_checked_without_a_node(
    region: Region[RunningNode], tmp_path: Path
) -> None:
    history = tmp_path / "history.json"
    node_id = exported(region.node("notts"), ANN, history)
    public_key = json.loads(history.read_text())["key"]

    for key in (node_id, public_key):
        shown = told("verify", history, "--key", key)

        assert shown.exit_code == 0, shown.output
        assert re.search(r"membership +\S.*, by operator\n", shown.output), shown.output
        assert re.search(r"All \d+ rows? hold|All 1 row hold", shown.output)
    assert "Ann" not in history.read_text() and ANN in history.read_text()


@pytest.mark.parametrize("change", ["action", "actor", "place", "digests", "previous", "statement", "after", "item_id"])
def test_a_history_that_was_altered_is_refused_with_what_does_not_hold(
    region: Region[RunningNode], tmp_path: Path, change: str
) -> None:
    history = tmp_path / "history.json"
    node_id = exported(region.node("notts"), ANN, history)
    found = json.loads(history.read_text())
    part = found["parts"][0]
    where = part["rows"][0] if change in part["rows"][0] else part
    if change == "digests":
        where[change].insert(0, "00" * 32)
    elif isinstance(where[change], int):
        where[change] += 1
    else:
        where[change] = where[change][:-1] + ("0" if where[change][-1] != "0" else "1")
    history.write_text(json.dumps(found))

    shown = told("verify", history, "--key", node_id)

    assert shown.exit_code == 1, shown.output
    assert "does not hold" in shown.output or "altered" in shown.output, shown.output


def test_what_is_no_history_and_another_nodes_key_are_refused(region: Region[RunningNode], tmp_path: Path) -> None:
    history, other = tmp_path / "history.json", tmp_path / "other.json"
    node_id = exported(region.node("notts"), ANN, history)
    other.write_text("[1, 2]")
    found = json.loads(history.read_text())
    found["parts"][0]["rows"] *= 2
    twice = tmp_path / "twice.json"
    twice.write_text(json.dumps(found))

    assert "or one of them twice" in told("verify", twice, "--key", node_id).output
    foreign, no_history = told("verify", history, "--key", "0" * 64), told("verify", other, "--key", "0" * 64)
    unknown = told("export", "f" * 32, "--to", tmp_path / "none", "--data", region.node("notts").folder.path)

    assert "another key than the one you gave" in foreign.output
    assert "not a history that `fosse audit export` wrote" in no_history.output
    assert "No sealed audit row of this node names this item" in unknown.output
    assert {foreign.exit_code, no_history.exit_code, unknown.exit_code} == {1}


def test_each_command_of_the_operators_guide_does_what_it_says(region: Region[RunningNode], tmp_path: Path) -> None:
    notts, history = region.node("notts"), tmp_path / "history.json"
    guide = (Path(__file__).parents[2] / "docs/operators.md").read_text()
    commands = re.findall(r"^    .*\bfosse audit (.+)$", guide, re.M)
    told_of_node = ("--data", notts.folder.path)

    check, export, verify = (command.partition(" >")[0].split() for command in commands)
    here = told(*check, *told_of_node)
    node_id = re.findall("This node is ([0-9a-f]{64})", here.output)[0]
    history.write_text(told(*(ANN if word == "ITEM" else word for word in export), *told_of_node).stdout)
    words = {"NODE": node_id, "history.json": history}
    there = told(*(words.get(word, word) for word in verify))

    assert (here.exit_code, there.exit_code) == (0, 0), there.output
    assert "hold: the node signed for" in there.output


def test_a_chain_written_anew_and_a_row_changed_in_place_are_caught_here_and_at_the_hub(
    another: Region[RunningNode],
) -> None:
    notts, hub = another.node("notts"), another.hub
    assert checked(notts).exit_code == 0
    alter(notts, "membership", "delete from audit_chain", "update audit set sealed = 0, actor = 'somebody else'")
    alter(hub, "federation", "update audit set actor = 'somebody else' where number = 1")
    until(lambda: not unsealed(notts), "the chain is written anew")

    here, there = checked(notts), checked(hub)

    assert here.exit_code == 1 and there.exit_code == 1
    assert "that are not those of today: some row up to there was changed" in here.output
    assert "Nottinghamshire signed on" in there.output and "another audit trail of membership" in there.output
    assert "- The audit trail of federation does not fit at row 1: it was changed there." in there.output
