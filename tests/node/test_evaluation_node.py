"""Evaluation at work: facts come by the bus, figures leave by its rpcs, and nothing of a few people with them."""

import random
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from google.protobuf.message import Message as Proto
from joserfc.jwk import OKPKey

from fosse.evaluation.v1 import evaluation_pb2 as pb
from fosse.evaluation.v1.evaluation_pb2_grpc import EvaluationStub
from fosse.events.v1 import facts_pb2 as events
from fosse.federation.v1 import federation_pb2
from fosse.federation.v1.entry_pb2 import NODE_STATUS_ACTIVE
from fosse.federation.v1.federation_pb2_grpc import add_FederationServicer_to_server
from fosse.membership.v1.membership_pb2_grpc import add_MembershipServicer_to_server
from services.common import facts, passes
from services.common.access import Person, Role
from services.common.channels import Channels, with_pass
from services.common.database import Database
from services.common.errors import Conflict, NotAllowed, NotFound
from services.common.passes import PassVerifier
from services.common.rpc import Server
from services.common.wires import Sockets
from services.evaluation.service import build
from services.evaluation.settings import Settings
from tests.alone import HeldClock, a_floor, alone
from tests.databases import SqliteDatabases, open_database
from tests.node.neighbours import People, Region
from tests.unit.evaluation.months import (
    CARE_HOMES,
    SOCIAL_CARE,
    a_convenor,
    a_person,
    an_id,
    attended,
    closed,
    in_month,
    meeting,
    member,
    place,
    refusals,
)
from tests.waiting import until

ANN, CATH = a_person(1), a_convenor()
MEETING = 500


@dataclass
class World:
    clock: HeldClock
    said: Database
    evaluation: EvaluationStub
    operator: EvaluationStub
    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))
    people: People = field(default_factory=People)
    region: Region = field(default_factory=Region)

    def as_(self, person: Person) -> tuple[tuple[str, str], ...]:
        return with_pass(passes.sign(self.key, "k", person, self.clock()))

    def say(self, *told: Proto) -> None:
        """As the other services do, all in one database here."""
        with self.said.write() as conn:
            facts.put_all(conn, [(fact, an_id(1)) for fact in told], self.clock(), in_month(11, 20))

    def series(self, person: Person = ANN) -> dict[str, pb.Series]:
        asked = pb.ListIndicatorsRequest(community_id=CARE_HOMES)
        found = self.evaluation.ListIndicators(asked, metadata=self.as_(person))
        return {one.indicator.code: one for one in found.series}

    def last(self, code: str) -> str:
        figure = self.series()[code].figures[-1]
        return "*" if figure.hidden else str(figure.number)


@pytest.fixture
def world(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    """At the hub, so that all rpcs have something to say."""
    clock = HeldClock()
    with ExitStack() as stack:
        gateway, operator = (stack.enter_context(_calling(tmp_path / "run", name)) for name in ("gateway", "operator"))
        said = open_database(sqlite_databases, "evaluation")
        stack.callback(said.dispose)
        world = World(clock, said, gateway, operator)
        world.people.pass_keys["k"] = urlsafe_b64decode(str(world.key.as_dict(private=False)["x"]) + "=")
        hub = federation_pb2.NodeCard(node_id="f" * 64, self=True, hub=True, status=NODE_STATUS_ACTIVE)
        world.region.nodes = [hub]
        floor = stack.enter_context(a_floor("evaluation", sqlite_databases, clock, tmp_path))
        stack.enter_context(_standing_in(tmp_path / "run", world))
        sources = {f"fosse.{name}": said for name in ("membership", "events", "resource")}
        stack.enter_context(alone(build(floor, Settings(tell_every_s=0.1)), floor, sources))
        yield world


@contextmanager
def _calling(run_dir: Path, workload: str) -> Iterator[EvaluationStub]:
    channels = Channels(Sockets(run_dir), workload)
    yield channels.stub(EvaluationStub, "evaluation", 5.0)
    channels.close()


@contextmanager
def _standing_in(run_dir: Path, world: World) -> Iterator[None]:
    adding = {
        "membership": partial(add_MembershipServicer_to_server, world.people),
        "federation": partial(add_FederationServicer_to_server, world.region),
    }
    servers = [
        Server(name, [add], Sockets(run_dir), PassVerifier(dict, world.clock), workers=2)
        for name, add in adding.items()
    ]
    for server in servers:
        server.start()
    yield
    for server in servers:
        server.stop()


def test_facts_of_three_services_become_figures_within_a_moment(world: World) -> None:
    world.say(meeting(MEETING, in_month(11, 5)), *(attended(MEETING, by=number) for number in range(1, 21)))
    world.say(*(member(number, organisation=number % 3 + 1) for number in range(1, 21)))

    until(lambda: (world.last("attendance"), world.last("members")) == ("20", "20"), "both are counted")

    assert (world.last("meetings"), world.last("organisations")) == ("1", "3")


def test_a_pulse_is_answered_once_through_the_door_and_read_by_the_community(world: World) -> None:
    world.say(meeting(MEETING, in_month(11, 5)), *(attended(MEETING, by=number) for number in range(1, 21)))
    world.say(closed(MEETING, present=20))
    pulse = pb.GetPulseRequest(meeting_id=an_id(MEETING))
    until(lambda: world.last("attendance") == "20", "the meeting is known")
    until(lambda: world.evaluation.GetPulse(pulse, metadata=world.as_(ANN)).may_answer, "Ann is asked")
    answer = pb.AnswerPulseRequest(meeting_id=an_id(MEETING), worth=5, change=pb.CHANGE_YES, better="Earlier.")

    world.evaluation.AnswerPulse(answer, metadata=world.as_(ANN))

    with pytest.raises(Conflict, match="answered this pulse already"):
        world.evaluation.AnswerPulse(answer, metadata=world.as_(ANN))
    found = world.evaluation.GetPulse(pulse, metadata=world.as_(CATH))
    assert (found.asked, found.open, found.answered.hidden, list(found.better)) == (True, True, True, [])
    with pytest.raises(NotFound):
        world.evaluation.GetPulse(pulse, metadata=world.as_(a_person(1, community=SOCIAL_CARE)))


def test_only_the_operator_has_everything_counted_anew(world: World) -> None:
    asked = pb.RecomputeIndicatorsRequest()

    assert world.operator.RecomputeIndicators(asked).differences == 0
    with pytest.raises(NotAllowed):
        world.evaluation.RecomputeIndicators(asked, metadata=world.as_(CATH))


def test_nobody_without_a_part_in_the_community_reads_its_figures(world: World) -> None:
    asked = pb.ListIndicatorsRequest(community_id=CARE_HOMES)
    stranger = a_person(1, int(Role.ROLE_EVALUATOR), community=SOCIAL_CARE)

    with pytest.raises(NotFound):
        world.evaluation.ListIndicators(asked, metadata=world.as_(stranger))
    with pytest.raises(NotAllowed):
        world.evaluation.ListIndicators(asked)


@pytest.mark.parametrize("seed", range(3))
def test_no_rpc_lets_a_number_of_one_to_seven_people_out(world: World, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(MEETING, MEETING + 24):
        people = chance.sample(range(1, 60), chance.randrange(24))
        world.say(meeting(number, in_month(chance.randrange(1, 11))), *(attended(number, by=one) for one in people))
        world.say(refusals(number, chance.randrange(12)), place(number, 3, events.DECISION_WAITING))
        world.say(closed(number, present=len(people)))
    world.say(*(member(number) for number in range(chance.randrange(12))), meeting(900, in_month(11, 2)))
    until(lambda: world.last("meetings") == "1", "all is counted")

    answers = [*_community(world), *_pulses(world, chance)]
    until(lambda: _region(world).hub, "the hub knows its region")

    figures = [figure for answer in [*answers, _region(world)] for figure in _of_people(answer)]
    assert len(figures) > 150
    assert [figure for figure in figures if figure.number % 5 or (figure.hidden and figure.number)] == []
    assert any(figure.hidden for figure in figures)


def _community(world: World) -> list[Proto]:
    codes = [code for code, one in world.series().items() if one.indicator.people]
    asked = [pb.GetIndicatorRequest(community_id=CARE_HOMES, indicator=code, months=36) for code in codes]
    each = [world.evaluation.GetIndicator(one, metadata=world.as_(ANN)) for one in asked]
    return [world.evaluation.ListIndicators(
        pb.ListIndicatorsRequest(community_id=CARE_HOMES, months=36), metadata=world.as_(ANN)
    ), *each]  # fmt: skip


def _pulses(world: World, chance: random.Random) -> list[Proto]:
    found: list[Proto] = []
    for number in range(MEETING, MEETING + 8):
        for member_id in range(1, 60):
            said = pb.AnswerPulseRequest(meeting_id=an_id(number), worth=chance.randint(1, 5), change=pb.CHANGE_NO)
            try:
                world.evaluation.AnswerPulse(said, metadata=world.as_(a_person(member_id)))
            except NotAllowed:
                continue
        asked = pb.GetPulseRequest(meeting_id=an_id(number))
        found.append(world.evaluation.GetPulse(asked, metadata=world.as_(CATH)))
    return found


def _region(world: World) -> pb.GetRegionResponse:
    return world.evaluation.GetRegion(pb.GetRegionRequest(months=12), metadata=world.as_(ANN))


def _of_people(answer: Proto) -> Iterator[pb.Figure]:
    """Every figure in an answer but those of series that count no people."""
    if isinstance(answer, pb.Figure):
        yield answer
        return
    series = answer.region if isinstance(answer, pb.RegionSeries) else answer
    if isinstance(series, pb.Series) and not series.indicator.people:
        return
    for known, value in answer.ListFields():
        if known.message_type is not None:
            for one in value if known.is_repeated else [value]:
                yield from _of_people(one)
