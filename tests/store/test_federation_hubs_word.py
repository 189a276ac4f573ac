"""A hub that forgot, or says what cannot be: a county believes what was signed and fits, and nothing else."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fosse.federation.v1 import door_pb2 as door
from services.common.errors import Invalid
from services.federation.store import registries
from services.federation.store import standing as standing_row
from services.federation.store import streams as kept
from services.federation.usecases import enrolment, exchanging, standing
from services.federation.usecases.comparing import is_beyond
from services.federation.usecases.enrolment import Answer
from tests.conftest import MakeDatabase
from tests.federations import Region, a_region, a_shared, share


@pytest.fixture
def region(make_database: MakeDatabase, tmp_path: Path) -> Region:
    return a_region(make_database, tmp_path)


def test_a_county_that_lost_entries_is_told_though_the_hub_has_no_head_of_them(region: Region) -> None:
    derbys = region.county("derbys")
    share(derbys, a_shared(1, 1))
    cursors = region.publish(derbys).cursors
    beyond = door.Cursor(node=derbys.id, stream="region", epoch=cursors[0].epoch, seq=2)

    with derbys.db.read() as conn:
        assert not is_beyond(conn, derbys.id, cursors)
        assert is_beyond(conn, derbys.id, [beyond])


def test_a_hub_that_was_restored_never_says_a_version_of_its_list_again(region: Region) -> None:
    region.county("notts")
    with region.hub.db.read() as conn:
        before = registries.newest(conn)
    assert before
    region.clock.now += timedelta(hours=1)
    with region.hub.db.write() as conn:
        lost = standing.change_registry(conn, region.hub.signer, lambda nodes: None, region.clock()).version
        registries.save(conn, before, region.hub.signer.public_key)

    region.clock.now += timedelta(hours=1)
    with region.hub.db.write() as conn:
        again = standing.change_registry(conn, region.hub.signer, lambda nodes: None, region.clock()).version

    assert again > lost


def test_an_answer_of_a_hub_that_is_of_no_use_is_not_taken(region: Region) -> None:
    notts = region.county("notts")
    with notts.db.read() as conn:
        known, held = standing_row.get(conn), registries.newest(conn)
    assert known and held
    good = Answer(known.certificate, known.authority, "hub.example:8420", held.signed)

    for spoilt in (
        replace(good, certificate=b"none"),
        replace(good, certificate=known.authority),
        replace(good, authority=b""),
        replace(good, door_address="unix:/elsewhere"),
    ):
        with pytest.raises(Invalid):
            enrolment.join(notts, spoilt, region.clock())


def test_a_hub_cannot_stop_streams_that_a_county_does_not_have(region: Region) -> None:
    notts = region.county("notts")
    share(notts, a_shared(1, 1))
    region.publish(notts)
    false = [door.EntryFault(stream=name, seq=2**64 - 1, reason="no", stream_stopped=True) for name in ("nation", "?")]

    stopped = exchanging.note_published(notts, door.PublishResponse(faults=false))

    assert stopped
    with notts.db.read() as conn:
        assert [copy.stream for copy in kept.of_node(conn, notts.id)] == ["region"]
