"""A county's services as processes of their own, on a real Kafka and a real PostgreSQL, do what one process does."""

import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from pathlib import Path

import pytest
import requests

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.common.v1.audience_pb2 import AUDIENCE_PUBLIC
from fosse.evaluation.v1.evaluation_pb2 import Figure, ListIndicatorsRequest
from fosse.evaluation.v1.evaluation_pb2_grpc import EvaluationStub
from fosse.events.v1 import events_pb2 as events
from fosse.events.v1.events_pb2_grpc import MeetingsStub
from fosse.resource.v1 import resource_pb2 as pb
from services.common.topics import SERVICES
from tests.broker import Broker
from tests.collector import Collector, way_to
from tests.containers.county import EVERYBODY, County, Process, a_county, a_hub, search
from tests.databases import PostgresDatabases
from tests.unit.membership.people import CARE_HOMES, an_id
from tests.waiting import until

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.timeout(300)]
LEAFLET, LINK, ADOPTION, MEETING = an_id(500), an_id(501), an_id(502), an_id(600)
ADOPT, RPC = "POST /api/v1/resources/<segment:resource_id>/adoptions", "fosse.resource.v1.Resources/AdoptResource"
A_STRANGERS = "0123456789abcdef0123456789abcdef"
A_PERSON = re.compile(r"\b(ann|ben|cath|dan|eve|fay)\b|@|dehydration|falls|mansfield|[0-9a-f]{32}", re.IGNORECASE)


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as made:
        yield made


@pytest.fixture(scope="module")
def county(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_databases: PostgresDatabases,
    broker: Broker,
    collector: Collector,
) -> Iterator[County]:
    # Unix sockets take short paths only.
    with a_county(tmp_path_factory.mktemp("c"), postgres_databases, broker.address, traces=collector.address) as made:
        publish_leaflet(made, "Spotting dehydration early")
        yield made


def publish_leaflet(county: County, title: str) -> None:
    """By Ann, a convenor, for everybody."""
    ann = county.a_member(1, "Ann", ROLE_CONVENOR)
    words = pb.Words(
        title=title,
        summary="What to look for in the heat, on one page.",
        type="information_leaflet",
        topics=["hydration"],
    )
    resources = county.resources
    resources.CreateResource(pb.CreateResourceRequest(id=LEAFLET, community_id=CARE_HOMES, words=words), metadata=ann)
    link = pb.AddLinkPartRequest(
        resource_id=LEAFLET,
        expected_version=1,
        part_id=LINK,
        title=title,
        licence="CC-BY-4.0",
        link="https://a.example",
    )
    resources.AddLinkPart(link, metadata=ann)
    publish = pb.PublishResourceRequest(id=LEAFLET, expected_version=2, audience=AUDIENCE_PUBLIC)
    resources.PublishResource(publish, metadata=ann)


def test_a_leaflet_is_found_and_adopted_and_its_author_is_told_through_kafka(county: County) -> None:
    until(lambda: county.search("dehydration"), "the leaflet is found")

    ben = county.a_member(2, "Ben")
    adopt = pb.AdoptResourceRequest(
        id=ADOPTION, resource_id=LEAFLET, stage="adopted", locality="Mansfield and Ashfield"
    )
    county.resources.AdoptResource(adopt, metadata=ben)

    assert county.search("dehydration")[0]["title"] == "Spotting dehydration early"
    until(lambda: any("ann@homes.example" in mail for mail in county.mails()), "its author was told by mail")
    until(lambda: county.housekeeping("resource").facts_unsent == 0, "all facts were carried")
    assert {county.housekeeping(name).parked for name in SERVICES} == {0}


def test_a_place_is_decided_told_by_mail_and_counted_through_kafka(county: County) -> None:
    cath, dan, eve = county.a_member(3, "Cath", ROLE_CONVENOR), county.a_member(4, "Dan"), county.a_member(5, "Eve")
    meetings = county.gateway.stub(MeetingsStub, "events", 5.0)
    day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    words = events.MeetingWords(
        title="Falls at night", kind=events.MEETING_KIND_MONTHLY, audience=events.MEETING_AUDIENCE_COMMUNITY, day=day,
        starts="14:00", ends="16:00", venue="Library", room_holds=1,
    )  # fmt: skip
    create = events.CreateMeetingRequest(id=MEETING, community_id=CARE_HOMES, words=words)
    meetings.CreateMeeting(create, metadata=cath)
    announce = events.AnnounceMeetingRequest(id=MEETING, expected_version=1, invite=True)
    meetings.AnnounceMeeting(announce, metadata=cath)

    for number, member in ((601, dan), (602, eve)):
        request = events.BookPlaceRequest(id=an_id(number), meeting_id=MEETING, wish=events.WISH_ROOM)
        meetings.BookPlace(request, metadata=member)
    meetings.CancelPlace(events.CancelPlaceRequest(id=an_id(603), meeting_id=MEETING), metadata=dan)

    until(lambda: has_mail(county, "eve@", "A place came free"), "who waited is told of the place", 30)
    assert has_mail(county, "dan@", "Falls at night")
    evaluation = county.gateway.stub(EvaluationStub, "evaluation", 5.0)
    asked = ListIndicatorsRequest(community_id=CARE_HOMES, months=1)

    def members() -> Figure:
        found = {each.indicator.code: each for each in evaluation.ListIndicators(asked, metadata=cath).series}
        return found["members"].figures[0]

    until(lambda: members().hidden, "so few members are counted, and not shown", 30)


def has_mail(county: County, to: str, subject: str) -> bool:
    """Subjects may be encoded where they hold more than ASCII."""
    mails = (message_from_string(mail, policy=policy.default) for mail in county.mails())
    return any(to in str(mail["To"]) and subject in str(mail["Subject"]) for mail in mails)


def test_one_trace_goes_from_the_gateway_by_rpc_and_kafka_to_whoever_hears_the_fact(
    county: County, collector: Collector
) -> None:
    county.a_member(7, "Fay")
    token = county.provider.token("Fay", datetime.now(UTC))

    answer = requests.post(
        f"{county.address}/api/v1/resources/{LEAFLET}/adoptions?about=fay@homes.example",
        json={"id": an_id(503), "stage": "adopted", "locality": "Mansfield and Ashfield"},
        headers={"Authorization": f"Bearer {token}", "traceparent": f"00-{A_STRANGERS}-0123456789abcdef-01"},
        timeout=10,
    )

    assert answer.ok, answer.text
    told = {
        ("gateway", ADOPT),
        ("gateway", "fosse.membership.v1.Membership/IssuePass"),
        ("membership", "fosse.membership.v1.Membership/IssuePass"),
        ("gateway", RPC),
        ("resource", RPC),
        ("resource", "send fosse.resource"),
        ("notification", "process fosse.resource"),
    }
    until(lambda: told <= {(each.process, each.name) for each in collector.trace_of(ADOPT)}, "all spans are told")
    spans = collector.trace_of(ADOPT)
    assert len({each.trace for each in spans}) == 1
    # Of an rpc, who called and who answered have a span each.
    way = way_to("notification", "process fosse.resource", spans)
    assert way == ["notification", "resource", "resource", "gateway", "gateway"]


def test_no_span_holds_anything_of_a_person_or_an_item_and_no_stranger_names_a_trace(
    county: County, collector: Collector
) -> None:
    until(lambda: len(collector.spans()) > 30, "a county that begins tells spans")

    spans = collector.spans()

    words = [f"{each.name} {each.said}" for each in spans]
    assert [each for each in words if A_PERSON.search(each)] == []
    assert not any(each.span.events or each.span.status.message or each.span.trace_state for each in spans)
    assert A_STRANGERS not in {each.trace for each in spans}


def test_a_deployed_county_joins_a_hub_and_its_leaflet_is_found_there(county: County, tmp_path: Path) -> None:
    with a_hub(tmp_path / "hub") as hub:
        county.ask_to_join(hub)
        until(lambda: search(hub.address, "dehydration"), "the leaflet is found at the hub", within_s=60)
        found = search(hub.address, "dehydration")[0]

    assert found["id"] == LEAFLET
    assert len(found["originNodeId"]) == 64


def test_no_log_of_any_process_names_a_person(county: County) -> None:
    logs = county.logs()

    assert "index made" in logs and "Booting worker" in logs
    assert [word for word in ("@", "Ann", "Ben", "Cath", "dehydration", "Falls") if word in logs] == []


def test_a_service_that_is_killed_goes_on_where_it_was(county: County) -> None:
    resource = county.processes["resource"]
    before = county.housekeeping("resource").facts

    resource.stop(signal.SIGKILL)
    resource.start()
    until(lambda: county.answers("resource"), "resource answers again")

    assert county.housekeeping("resource").facts == before
    until(lambda: county.search("dehydration"), "the leaflet is found again")


def test_a_service_without_kafka_refuses_to_start_and_says_what_to_do(county: County) -> None:
    known = county.processes["notification"]
    nowhere = Process(known.name, {**known.settings, "kafka": "127.0.0.1:1"}, known.log)
    none = Process(known.name, {**known.settings, "kafka": ""}, known.log)

    assert "Set FOSSE_NOTIFICATION_KAFKA" in none.run().stderr
    refused = nowhere.run()
    assert refused.returncode != 0
    assert "start Kafka, or correct the setting" in refused.stderr


def test_every_process_ends_by_itself_when_it_is_told(county: County) -> None:
    ended = {name: process.stop() for name, process in county.processes.items()}
    county.start()

    assert ended == dict.fromkeys(EVERYBODY, 0)
    until(lambda: county.search("dehydration"), "the leaflet is found again")
