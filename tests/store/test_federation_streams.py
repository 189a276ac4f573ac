"""What nodes say and hold: signing, publishing, fetching, delivering."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from fosse.common.v1 import audience_pb2
from fosse.common.v1 import shareable_pb2 as shareable
from fosse.federation.v1 import entry_pb2
from services.common.errors import Invalid
from services.federation.domain.intake import Verdict
from services.federation.domain.views import Status
from services.federation.gate import SigningGate
from services.federation.store import entries, files, items
from services.federation.store import streams as kept
from services.federation.this_node import ThisNode
from services.federation.usecases import delivering, exchanging, looking
from tests.conftest import MakeDatabase
from tests.federations import (
    NAMED,
    SCHEMA,
    SCHEMAS,
    Region,
    a_region,
    a_shared,
    alarm_of,
    item_id,
    seq_of,
    share,
    withdrawn,
)

PUBLIC, COMMUNITY = audience_pb2.AUDIENCE_PUBLIC, audience_pb2.AUDIENCE_COMMUNITY
SHA = "ab" * 32


@pytest.fixture
def region(make_database: MakeDatabase, tmp_path: Path) -> Region:
    return a_region(make_database, tmp_path)


def own_head(node: ThisNode, stream: str = "region") -> entry_pb2.HeadStatement:
    with node.db.read() as conn:
        (copy,) = [copy for copy in kept.of_node(conn, node.id) if copy.stream == stream]
    return entry_pb2.HeadStatement.FromString(copy.head.statement)


def deliver_all(node: ThisNode) -> list[shareable.VerifiedEntry]:
    """Hands everything that is due to a service that takes it all."""
    given: list[shareable.VerifiedEntry] = []
    while True:
        with node.db.read() as conn:
            parcel = delivering.next_parcel(conn, node.keys.sealing, {SCHEMA: "resource"})
        if parcel is None:
            return given
        given += parcel.entries
        with node.db.write() as conn:
            delivering.note_taken(conn, parcel, taken(parcel.entries), node.clock())


def taken(parcel: Iterable[shareable.VerifiedEntry]) -> list[shareable.EntryResult]:
    return [shareable.EntryResult(entry_hash=each.entry_hash, taken=shareable.TAKEN_APPLIED) for each in parcel]


def test_signing_the_same_version_twice_says_nothing_new(region: Region) -> None:
    notts = region.county("notts")
    share(notts, a_shared(1, 1))

    moves = share(notts, a_shared(1, 1))

    assert (moves, own_head(notts).seq, own_head(notts).live_items) == ([], 1, 1)


def test_what_stays_at_home_makes_no_entry(region: Region) -> None:
    notts = region.county("notts")

    assert share(notts, a_shared(1, 1, COMMUNITY)) == []


def test_a_changed_audience_is_put_in_one_stream_and_withdrawn_from_the_other(region: Region) -> None:
    notts = region.county("notts")
    share(notts, a_shared(1, 1))

    moves = share(notts, a_shared(1, 2, PUBLIC))

    assert [(move.stream, move.version) for move in moves] == [("public", 2), ("region", 1)]
    assert (own_head(notts, "public").live_items, own_head(notts).live_items) == (1, 0)


def test_what_is_withdrawn_is_erased_at_its_origin_and_everywhere_with_its_files(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")
    share(notts, a_shared(1, 1), [shareable.FileRef(sha256=SHA, size=3)])
    region.publish(notts)
    region.fetch(derbys)

    share(notts, withdrawn(1, 2))
    region.publish(notts)
    fetched = region.fetch(derbys)

    assert fetched.taken.dropped == [SHA]
    for node in (notts, region.hub, derbys):
        with node.db.read() as conn:
            put = entries.newest_put(conn, item_id(1))
            assert put and put.entry.content == b""
            assert files.known(conn, [SHA]) == set()


def test_publishing_and_fetching_twice_changes_nothing(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")
    for number in range(5):
        share(notts, a_shared(number, 1))
    region.publish(notts)
    answer = region.give(derbys)
    exchanging.take_fetched(derbys, answer, SCHEMAS)

    region.publish(notts)
    again = exchanging.take_fetched(derbys, answer, SCHEMAS)

    assert [decision.verdict for decision in again.taken.decisions] == [Verdict.ALREADY_HELD] * 5
    assert (seq_of(region.hub, notts), seq_of(derbys, notts)) == (5, 5)


def test_a_county_receives_in_steps_as_many_entries_as_it_asks_for(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")
    for number in range(7):
        share(notts, a_shared(number, 1))
    region.publish(notts)

    steps = []
    while (answer := region.give(derbys, limit=3)).entries:
        steps.append((len(answer.entries), answer.more))
        exchanging.take_fetched(derbys, answer, SCHEMAS)

    assert steps == [(3, True), (3, True), (1, False)]
    assert alarm_of(derbys, notts) == ""


def test_a_named_county_alone_is_given_what_is_for_it(region: Region) -> None:
    derbys, leics, notts = region.county("derbys"), region.county("leics"), region.county("notts")
    share(notts, a_shared(1, 1, NAMED, nodes=[derbys.id], body=b"for Derbyshire"))
    region.publish(notts)

    region.fetch(derbys)

    assert [entry.body for entry in deliver_all(derbys)] == [b"for Derbyshire"]
    assert not region.give(leics).entries
    assert deliver_all(region.hub) == []


def test_what_is_for_a_node_that_the_region_does_not_know_waits(region: Region) -> None:
    notts = region.county("notts")

    with pytest.raises(Invalid, match="does not know"):
        share(notts, a_shared(1, 1, NAMED, nodes=["e" * 64]))


def test_a_body_of_a_later_release_waits_and_is_offered_again_after_the_upgrade(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")
    later = a_shared(1, 1)
    later.schema = "fosse.shared.v9.Marvel"
    share(notts, later)
    region.publish(notts)
    region.fetch(derbys)
    assert deliver_all(derbys) == []

    with derbys.db.write() as conn:
        offered = entries.offer_waiting_again(conn)
        parcel = delivering.next_parcel(conn, derbys.keys.sealing, {"fosse.shared.v9.Marvel": "resource"})

    assert (offered, parcel and len(parcel.entries)) == (1, 1)


def test_live_items_that_were_taken_are_counted_against_what_the_origin_signed(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")
    for number in range(4):
        share(notts, a_shared(number, 1))
    share(notts, withdrawn(3, 2))
    region.publish(notts)
    region.fetch(derbys)

    deliver_all(derbys)

    with derbys.db.read() as conn:
        assert items.held(conn) == {notts.id: 3}
    assert own_head(notts).live_items == 3


def test_a_county_that_fell_silent_is_named_with_the_day_it_was_last_heard(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")
    share(notts, a_shared(1, 1))
    region.publish(notts)
    region.fetch(derbys)
    soon = looking.status(derbys, SigningGate())

    region.clock.now += timedelta(days=2)

    late = looking.status(derbys, SigningGate())
    assert alarms_about(soon, notts) == []
    assert any("Nothing has been heard from" in alarm for alarm in alarms_about(late, notts))


def alarms_about(status: Status, node: ThisNode) -> list[str]:
    return [alarm for held in status.held if held.node.id == node.id for alarm in held.alarms]
