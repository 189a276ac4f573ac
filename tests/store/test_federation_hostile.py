"""A county with a valid certificate that means harm: it harms its own streams, and nobody else's."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from fosse.common.v1 import shareable_pb2 as shareable
from fosse.federation.v1 import door_pb2 as door
from fosse.federation.v1 import entry_pb2
from services.common.errors import Invalid
from services.federation.domain import heads
from services.federation.domain.chain import Position
from services.federation.domain.entries import Step, make_entry, position_of
from services.federation.store import entries, files, items
from services.federation.store import streams as kept
from services.federation.this_node import ThisNode
from services.federation.usecases import serving
from tests.conftest import MakeDatabase
from tests.federations import (
    CARE_HOMES,
    NAMED,
    SCHEMA,
    SCHEMAS,
    Region,
    a_region,
    a_shared,
    item_id,
    share,
    spki_of,
)

WITHDRAW = shareable.OPERATION_WITHDRAW


@pytest.fixture
def region(make_database: MakeDatabase, tmp_path: Path) -> Region:
    return a_region(make_database, tmp_path)


class Rogue:
    """What a county signs that does not keep to its own software."""

    def __init__(self, region: Region, county: ThisNode) -> None:
        self.hub = region.hub
        self.county = county
        self.now = region.clock()
        self._positions: dict[str, Position] = {}

    def put(
        self, item: int, version: int = 1, *, stream: str = "region", refs: Sequence[shareable.FileRef] = ()
    ) -> entry_pb2.Entry:
        step = Step(stream, CARE_HOMES, item_id(item), version, schema=SCHEMA, body=b"false", files=tuple(refs))
        return self.write(step)

    def write(self, step: Step) -> entry_pb2.Entry:
        before = self._positions.get(step.stream, Position.start(7))
        entry = make_entry(self.county.signer, step, position=before, salt=b"s" * 32, time=self.now)
        self._positions[step.stream] = position_of(entry)
        return entry

    def publish(self, *sent: entry_pb2.Entry, signed: Sequence[entry_pb2.SignedHead] = ()) -> door.PublishResponse:
        request = door.PublishRequest(entries=sent, heads=signed)
        return serving.take_published(self.hub, spki_of(self.county), request, SCHEMAS).response


def two_counties(region: Region) -> tuple[ThisNode, ThisNode]:
    """The first is asked for first: its node id sorts before the other's."""
    slugs = ("notts", "derbys")
    one, other = sorted((region.county(slug) for slug in slugs), key=lambda node: node.id)
    return one, other


def test_an_item_that_another_claims_stays_its_owners_for_a_newcomer_who_reads_the_claim_first(
    region: Region,
) -> None:
    first, second = two_counties(region)
    share(second, a_shared(1, 1, body=b"true"))
    region.publish(second)
    rogue = Rogue(region, first)
    rogue.publish(rogue.put(1, 9), rogue.write(Step("region", CARE_HOMES, item_id(1), 9, operation=WITHDRAW)))

    newcomer = region.county("leics")
    region.fetch(newcomer)

    with newcomer.db.read() as conn:
        known = items.known(conn, [item_id(1)])[item_id(1)]
        put = entries.newest_put(conn, item_id(1))
    assert (known.owner, known.held, known.version) == (second.id, True, 1)
    assert put and entry_pb2.EntryHeader.FromString(put.entry.header).node == second.id


def test_the_receiver_of_an_item_cannot_claim_it_before_others(region: Region) -> None:
    notts, derbys, leics = region.county("notts"), region.county("derbys"), region.county("leics")
    region.fetch(notts)
    share(notts, a_shared(1, 1, NAMED, nodes=[derbys.id]))
    region.publish(notts)
    rogue = Rogue(region, derbys)
    rogue.publish(rogue.put(1, 5))
    region.fetch(leics)
    share(notts, a_shared(1, 2, body=b"now for all"))
    region.publish(notts)

    region.fetch(leics)

    with leics.db.read() as conn:
        known = items.known(conn, [item_id(1)])[item_id(1)]
    assert (known.owner, known.held) == (notts.id, True)


def test_files_that_never_come_keep_nobody_elses_from_being_asked_for(region: Region) -> None:
    notts, derbys, leics = region.county("notts"), region.county("derbys"), region.county("leics")
    rogue = Rogue(region, derbys)
    for number in range(6):
        refs = [shareable.FileRef(sha256=f"{number:032x}{at:032x}", size=1) for at in range(200)]
        rogue.publish(rogue.put(100 + number, refs=refs))
    region.fetch(leics)
    wanted = shareable.FileRef(sha256="ab" * 32, size=3)
    share(notts, a_shared(1, 1), [wanted])
    region.publish(notts)
    region.fetch(leics)

    with leics.db.read() as conn:
        asked = {ref.sha256 for ref in files.missing(conn, 1000)}

    assert wanted.sha256 in asked


def test_a_false_size_of_a_file_does_not_stand_for_another_nodes(region: Region) -> None:
    first, second = two_counties(region)
    sha256 = "ab" * 32
    rogue = Rogue(region, first)
    rogue.publish(rogue.put(2, refs=[shareable.FileRef(sha256=sha256, size=1)]))
    share(second, a_shared(1, 1), [shareable.FileRef(sha256=sha256, size=3)])
    region.publish(second)
    newcomer = region.county("leics")
    region.fetch(newcomer)

    serving.may_put(region.hub, spki_of(second), sha256, 3)
    with newcomer.db.read() as conn:
        sizes = {ref.size for ref in files.missing(conn, 1000)}

    assert sizes == {1, 3}


def test_streams_without_end_leave_no_trace_at_the_hub_when_nothing_of_them_is_taken(region: Region) -> None:
    derbys = region.county("derbys")
    rogue = Rogue(region, derbys)
    streams = [f"community:{derbys.id}/{number:032x}" for number in range(50)]
    for stream in streams:
        rogue.put(1, stream=stream)

    answer = rogue.publish(*(rogue.put(2, stream=stream) for stream in streams))

    assert len(answer.faults) == 50
    with region.hub.db.read() as conn:
        assert kept.of_node(conn, derbys.id) == []


def test_more_heads_than_entries_may_be_sent_at_once_are_refused(region: Region) -> None:
    derbys = region.county("derbys")
    rogue = Rogue(region, derbys)
    entry = rogue.put(1)
    head = heads.make_head(derbys.signer, "region", position=position_of(entry), live_items=1, time=region.clock())

    with pytest.raises(Invalid, match="At most 500"):
        rogue.publish(entry, signed=[head] * 501)


@pytest.mark.parametrize("seconds", [253_402_300_800, 2**62])
def test_a_time_that_no_calendar_has_is_refused_and_not_a_fault_of_the_hub(region: Region, seconds: int) -> None:
    derbys = region.county("derbys")
    rogue = Rogue(region, derbys)
    entry = rogue.put(1)
    head = heads.make_head(derbys.signer, "region", position=position_of(entry), live_items=1, time=region.clock())
    said = entry_pb2.HeadStatement.FromString(head.statement)
    said.time.seconds = seconds
    statement = said.SerializeToString(deterministic=True)
    late = entry_pb2.SignedHead(statement=statement, signature=derbys.signer.sign(statement))

    rogue.publish(entry, signed=[late])

    with region.hub.db.read() as conn:
        (copy,) = kept.of_node(conn, derbys.id)
    assert (copy.position.seq, copy.head_time) == (1, None)


def test_a_cursor_beyond_all_numbers_is_answered_from_the_first_entry(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")
    share(notts, a_shared(1, 1))
    region.publish(notts)
    cursor = door.Cursor(node=notts.id, stream="region", epoch=2**64 - 1, seq=2**64 - 1)

    answer = serving.give_entries(region.hub, spki_of(derbys), door.FetchRequest(cursors=[cursor], limit=500))

    assert len(answer.entries) == 1


def test_what_was_set_aside_is_neither_kept_nor_passed_on_by_the_hub(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")
    share(notts, a_shared(1, 1))
    region.publish(notts)
    rogue = Rogue(region, derbys)

    rogue.publish(rogue.put(1, 9))

    passed_on = [entry for entry in region.give(notts).entries if b"false" in entry.content]
    assert (passed_on, kept_contents(region.hub, derbys)) == ([], [b""])


def kept_contents(node: ThisNode, origin: ThisNode) -> list[bytes]:
    with node.db.read() as conn:
        return [one.entry.content for one in entries.after(conn, (origin.id, "region"), 0, 0, 500)]
