"""Entries that are not in order, and callers who may not: what is refused, set aside, or stops a stream."""

from datetime import timedelta
from pathlib import Path

import pytest

from fosse.common.v1 import audience_pb2
from fosse.common.v1 import shareable_pb2 as shareable
from fosse.federation.v1 import door_pb2 as door
from fosse.federation.v1 import entry_pb2
from services.common.errors import Invalid, NotAllowed, NotFound, TooMany
from services.federation.store import items, quarantine
from services.federation.this_node import ThisNode
from services.federation.usecases import exchanging, serving
from services.federation.usecases.comparing import LOST, compare
from services.federation.usecases.standing import change_registry
from tests.conftest import MakeDatabase
from tests.federations import (
    SCHEMAS,
    Region,
    a_node,
    a_region,
    a_shared,
    alarm_of,
    item_id,
    seq_of,
    share,
    spki_of,
)

PUBLIC, COMMUNITY = audience_pb2.AUDIENCE_PUBLIC, audience_pb2.AUDIENCE_COMMUNITY
SHA = "ab" * 32


@pytest.fixture
def region(make_database: MakeDatabase, tmp_path: Path) -> Region:
    return a_region(make_database, tmp_path)


def test_a_node_publishes_its_own_entries_and_no_others(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")
    share(notts, a_shared(1, 1))
    with notts.db.read() as conn:
        request = exchanging.next_batch(conn, notts.id, {}).request

    with pytest.raises(Invalid, match="not all of the node that sent them"):
        serving.take_published(region.hub, spki_of(derbys), request, SCHEMAS)

    assert seq_of(region.hub, notts) == 0


def test_an_unknown_certificate_opens_nothing(region: Region) -> None:
    with pytest.raises(NotAllowed, match="does not know this certificate"):
        serving.show_heads(region.hub, b"x" * 32, door.HeadsRequest(protocol=1))


def test_a_gap_stops_the_stream_with_an_alarm_until_the_missing_entry_comes(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")
    for number in range(3):
        share(notts, a_shared(number, 1))
    region.publish(notts)
    answer = region.give(derbys)
    gap = door.FetchResponse()
    gap.CopyFrom(answer)
    del gap.entries[1]

    stuck = exchanging.take_fetched(derbys, gap, SCHEMAS).stuck

    assert (seq_of(derbys, notts), list(stuck)) == (1, [(notts.id, "region")])
    assert "missing" in alarm_of(derbys, notts)
    exchanging.take_fetched(derbys, answer, SCHEMAS)
    assert (seq_of(derbys, notts), alarm_of(derbys, notts)) == (3, "")


def test_a_hub_that_holds_back_what_the_origin_signed_is_noticed(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")
    for number in range(3):
        share(notts, a_shared(number, 1))
    region.publish(notts)
    cut = region.give(derbys)
    del cut.entries[2]

    exchanging.take_fetched(derbys, cut, SCHEMAS)

    assert "does not give us all" in alarm_of(derbys, notts)
    region.fetch(derbys)
    assert (seq_of(derbys, notts), alarm_of(derbys, notts)) == (3, "")


def test_a_change_to_an_item_of_another_node_is_set_aside_and_the_stream_goes_on(region: Region) -> None:
    notts, derbys, leics = region.county("notts"), region.county("derbys"), region.county("leics")
    share(notts, a_shared(1, 1))
    region.publish(notts)
    share(derbys, a_shared(1, 9))
    share(derbys, a_shared(2, 1))
    faults = region.publish(derbys).faults

    region.fetch(leics)

    with region.hub.db.read() as conn:
        (aside,) = quarantine.before(conn, None, 10)
        assert items.known(conn, [item_id(1)])[item_id(1)].owner == notts.id
    assert (aside.node, "belongs to another node" in aside.reason) == (derbys.id, True)
    assert seq_of(leics, derbys) == 2
    assert not any(fault.stream_stopped for fault in faults)


def test_more_entries_than_a_day_allows_are_refused_until_tomorrow(region: Region) -> None:
    notts = region.county("notts")
    _allow_entries_a_day(region, notts, 3)
    for number in range(3):
        share(notts, a_shared(number, 1))
    region.publish(notts)
    share(notts, a_shared(3, 1))

    with pytest.raises(TooMany, match="entries a day"):
        region.publish(notts)

    region.clock.now += timedelta(days=1, seconds=1)
    region.publish(notts)
    assert seq_of(region.hub, notts) == 4


def test_a_file_is_taken_from_and_given_to_those_alone_whose_entries_name_it(region: Region) -> None:
    notts, derbys, leics = region.county("notts"), region.county("derbys"), region.county("leics")
    stored = region.hub.relay.receive([b"abc"], 3)
    ref = shareable.FileRef(sha256=stored.sha256, size=3)
    share(notts, a_shared(1, 1), [ref])
    region.publish(notts)

    serving.may_put(region.hub, spki_of(notts), ref.sha256, 3)
    serving.may_get(region.hub, spki_of(leics), ref.sha256)
    with pytest.raises(NotFound):
        serving.may_put(region.hub, spki_of(derbys), ref.sha256, 3)
    with pytest.raises(NotFound):
        serving.may_put(region.hub, spki_of(notts), ref.sha256, 4)
    with pytest.raises(NotFound):
        serving.may_get(region.hub, spki_of(leics), SHA)


def test_a_node_that_holds_less_than_the_hub_must_not_sign(region: Region, make_database: MakeDatabase) -> None:
    notts = region.county("notts")
    share(notts, a_shared(1, 1))
    region.publish(notts)
    heads = serving.show_heads(region.hub, spki_of(notts), door.HeadsRequest(protocol=1)).heads

    lost = a_node(make_database("federation"), region.folder / "notts", region.clock, "notts")
    region.admit(lost)

    with notts.db.read() as conn:
        assert compare(conn, notts.id, heads) == ""
    with lost.db.read() as conn:
        assert compare(conn, lost.id, heads) == LOST


def _allow_entries_a_day(region: Region, county: ThisNode, limit: int) -> None:
    def change(nodes: list[entry_pb2.RegisteredNode]) -> None:
        for node in nodes:
            if node.id == county.id:
                node.quota.entries_a_day = limit

    with region.hub.db.write() as conn:
        change_registry(conn, region.hub.signer, change, region.clock())
