"""What a service tells its operator: messages set aside, who did what, and all that is held of one person."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fosse.common.v1 import housekeeping_pb2 as pb
from fosse.common.v1.housekeeping_pb2_grpc import HousekeepingStub
from fosse.notification.v1.notification_pb2 import DELIVERY_STATE_SENT
from services.common.channels import Channels
from services.common.errors import Conflict, NotAllowed
from services.common.wires import Sockets
from services.notification.settings import Settings
from tests.databases import SqliteDatabases
from tests.node.notification_world import ANN, BEN, World, notification_among_neighbours
from tests.waiting import until


@pytest.fixture
def world(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    with notification_among_neighbours(sqlite_databases, tmp_path, Settings()) as world:
        world.people.know(ANN, "Ann Example", "ann@home.example")
        world.people.know(BEN, "Ben Example", "ben@home.example")
        yield world


@pytest.fixture
def operator(world: World, tmp_path: Path) -> Iterator[HousekeepingStub]:
    channels = Channels(Sockets(tmp_path / "run"), "operator")
    yield channels.stub(HousekeepingStub, "notification")
    channels.close()


def parked(operator: HousekeepingStub) -> list[pb.ParkedMessage]:
    return list(operator.ListParked(pb.ListParkedRequest()).parked)


def test_an_operator_sees_why_a_message_was_set_aside_and_handles_it_again(
    world: World, operator: HousekeepingStub
) -> None:
    world.shelf.refuses = Conflict("It cannot be told just now.")
    adoption = world.adopted()
    until(lambda: parked(operator), "the message is set aside")

    seen = parked(operator)[0]
    too_early = operator.ReplayParked(pb.ReplayParkedRequest())
    world.shelf.refuses = None
    mended = operator.ReplayParked(pb.ReplayParkedRequest())

    assert (seen.key, seen.reason) == (adoption, "Conflict")
    assert (too_early.handled, too_early.still_parked) == (0, 1)
    assert (mended.handled, mended.still_parked) == (1, 0)
    until(lambda: world.states() == [DELIVERY_STATE_SENT], "its author is told after all")


def test_what_an_operator_did_stands_in_the_sealed_trail(operator: HousekeepingStub) -> None:
    operator.ReplayFacts(pb.ReplayFactsRequest())
    operator.ReplayParked(pb.ReplayParkedRequest())

    newest_first = [(row.actor, row.action) for row in operator.ListAudit(pb.ListAuditRequest()).rows]

    assert newest_first == [("operator", "replayed parked messages"), ("operator", "replayed facts")]
    until(lambda: operator.VerifyAudit(pb.VerifyAuditRequest()).rows == 2, "both rows are sealed")
    assert operator.VerifyAudit(pb.VerifyAuditRequest()).intact


def test_all_that_is_held_of_a_member_comes_out_and_nothing_of_others(world: World, operator: HousekeepingStub) -> None:
    world.adopted(authors=(ANN, BEN))
    until(lambda: len(world.states()) == 2, "both authors are told")

    held = json.loads(operator.ExportPerson(pb.ExportPersonRequest(member_id=ANN)).json)

    assert [row["member_id"] for row in held["deliveries"]] == [ANN]
    assert "Drinking enough" in held["deliveries"][0]["subject"]


def test_news_of_last_year_is_forgotten_by_itself_with_the_mail_in_the_folder(world: World, tmp_path: Path) -> None:
    world.adopted()
    until(lambda: world.states() == [DELIVERY_STATE_SENT], "its author is told")
    (old,) = (tmp_path / "mail").glob("*.eml")
    os.utime(old, times=(0, 0))

    world.clock.now += timedelta(days=401)
    world.adopted(2)

    until(lambda: world.states() == [DELIVERY_STATE_SENT] and not old.exists(), "only the new one is left")
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1


def test_members_do_not_come_in_by_the_operators_door(world: World, tmp_path: Path) -> None:
    gateway = Channels(Sockets(tmp_path / "run"), "gateway")
    stub = gateway.stub(HousekeepingStub, "notification")

    with pytest.raises(NotAllowed):
        stub.ExportPerson(pb.ExportPersonRequest(member_id=BEN), metadata=world.as_person(ANN))
    gateway.close()
