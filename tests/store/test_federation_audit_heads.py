"""What the hub takes of a county's audit trail, and what it does not."""

from pathlib import Path

import pytest

from fosse.federation.v1 import door_pb2 as door
from fosse.federation.v1 import entry_pb2
from services.common.errors import Invalid, NotAllowed
from services.federation.domain.audit_heads import make_audit_head, misfits, read_audit_head, turns
from services.federation.this_node import ThisNode
from services.federation.usecases import audit_heads
from services.federation.usecases.audit_heads import Trail
from tests.conftest import MakeDatabase
from tests.federations import Region, a_region, spki_of
from tests.regions import NOW

SEAL, OTHER = b"s" * 32, b"o" * 32


@pytest.fixture
def region(make_database: MakeDatabase, tmp_path: Path) -> Region:
    return a_region(make_database, tmp_path)


def a_head(node: ThisNode, count: int = 7, seal: bytes = SEAL) -> entry_pb2.SignedAuditHead:
    return make_audit_head(node.signer, "events", count=count, seal=seal, time=NOW)


def lodge(region: Region, county: ThisNode, *heads: entry_pb2.SignedAuditHead) -> None:
    audit_heads.take_lodged(region.hub, spki_of(county), door.LodgeAuditHeadsRequest(heads=heads))


def lodged(region: Region, county: ThisNode) -> list[entry_pb2.SignedAuditHead]:
    return list(audit_heads.give_lodged(region.hub, spki_of(county), door.ListLodgedHeadsRequest()).heads)


def test_a_head_lodged_twice_is_kept_once_and_given_to_its_own_node_alone(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")

    lodge(region, notts, a_head(notts))
    lodge(region, notts, a_head(notts), a_head(notts, 9))

    assert lodged(region, notts) == [a_head(notts), a_head(notts, 9)]
    assert lodged(region, derbys) == []


def test_the_hub_takes_nothing_in_anothers_name_altered_or_of_another_form(region: Region) -> None:
    notts, derbys = region.county("notts"), region.county("derbys")
    true = a_head(notts)
    altered = entry_pb2.SignedAuditHead(statement=a_head(notts, 8).statement, signature=true.signature)
    padded = entry_pb2.SignedAuditHead(statement=true.statement + b"\x42\x01x", signature=true.signature)

    for caller, head in ((derbys, true), (notts, altered), (notts, padded), (notts, entry_pb2.SignedAuditHead())):
        with pytest.raises(Invalid):
            lodge(region, caller, head)

    assert lodged(region, notts) == lodged(region, derbys) == []


def test_a_stranger_lodges_nothing(region: Region) -> None:
    notts = region.county("notts")

    with pytest.raises(NotAllowed):
        audit_heads.take_lodged(region.hub, b"another key", door.LodgeAuditHeadsRequest(heads=[a_head(notts)]))


def test_a_trail_is_signed_for_when_it_grew_and_what_does_not_fit_is_said(region: Region) -> None:
    notts = region.county("notts")

    first = audit_heads.sign(notts, {"events": Trail(7, SEAL, {}), "resource": Trail(0, bytes(32), {})}, NOW)
    same = audit_heads.sign(notts, {"events": Trail(7, SEAL, {7: SEAL})}, NOW)
    changed = audit_heads.sign(notts, {"events": Trail(9, OTHER, {7: OTHER})}, NOW)

    assert first == same == [] and "some row up to there was changed" in changed[0]
    found, _ = audit_heads.listed(notts, "", 0)
    assert [read_audit_head(head.signed).count for head in found] == [7, 9]


def test_a_trail_that_turned_back_is_told_from_one_that_grew(region: Region) -> None:
    notts = region.county("notts")
    grew = [read_audit_head(a_head(notts, count)) for count in (3, 7, 9)]
    shorter, other = read_audit_head(a_head(notts, 4)), read_audit_head(a_head(notts, 9, OTHER))

    assert turns(grew) == [] and turns([*grew, shorter, other]) == [shorter, other]
    assert misfits(grew, {3: SEAL, 7: SEAL, 9: SEAL}) == []
    assert "the end was cut off" in misfits(grew, {3: SEAL, 7: SEAL})[0]
