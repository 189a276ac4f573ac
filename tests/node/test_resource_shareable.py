"""Resource as federation meets it: two nodes' shelves, and between them what would travel."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fosse.common.v1 import audience_pb2
from fosse.common.v1 import shareable_pb2 as pb
from fosse.resource.v1 import resource_pb2
from services.common.errors import NotAllowed, NotFound
from tests.databases import SqliteDatabases
from tests.node.resource_world import ANN, World, resource_alone
from tests.unit.resource.shelves import DERBYSHIRE, LEICESTERSHIRE, NOW, PDF, an_id

NOTTS, DERBYS = LEICESTERSHIRE, DERBYSHIRE


@pytest.fixture
def notts(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    with resource_alone(sqlite_databases, tmp_path / "n") as world:
        yield world


@pytest.fixture
def derbys(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    with resource_alone(sqlite_databases, tmp_path / "d") as world:
        yield world


def carry(item_id: str, of: World, node_id: str, to: World) -> int:
    """Reads an item where it is and takes it where it goes, with its files; returns how it was taken."""
    read = of.federation.ReadShared(pb.ReadSharedRequest(item_id=item_id))
    entry = pb.VerifiedEntry(
        entry_hash="h",
        origin_node_id=node_id,
        stream="region",
        community_id=read.community_id,
        item_id=item_id,
        item_version=read.version,
        operation=pb.OPERATION_WITHDRAW if read.withdrawn else pb.OPERATION_PUT,
        schema="" if read.withdrawn else read.schema,
        body=read.body,
        files=read.files,
    )
    entry.signed_at.FromDatetime(NOW)
    (result,) = to.federation.TakeEntries(pb.TakeEntriesRequest(entries=[entry])).results
    for ref in read.files:
        pieces = of.federation.ReadSharedFile(pb.ReadSharedFileRequest(item_id=item_id, sha256=ref.sha256))
        first = pb.TakeFileRequest(item_id=item_id, sha256=ref.sha256)
        taken = to.federation.TakeFile(iter([first, *(pb.TakeFileRequest(chunk=each.chunk) for each in pieces)]))
        assert taken.kept
    return int(result.taken)


def test_a_leaflet_of_notts_is_found_opened_and_used_in_derbys_and_notts_sees_it(notts: World, derbys: World) -> None:
    item = notts.published()
    assert carry(item.id, notts, NOTTS, derbys) == pb.TAKEN_APPLIED

    derbys.found(item.id, "drinks")
    assert derbys.get(item.id).resource.origin_node_id == NOTTS
    assert derbys.download(item.id, an_id(901))[1] == PDF
    request = resource_pb2.AdoptResourceRequest(
        id=an_id(5), resource_id=item.id, stage="adopted", locality="High Peak", show_organisation=True
    )
    derbys.resources.AdoptResource(request, metadata=derbys.as_(ANN))
    assert carry(an_id(5), derbys, DERBYS, notts) == pb.TAKEN_APPLIED

    shown = notts.get(item.id, ANN)
    assert shown.resource.used_by == 1
    (adoption,) = shown.adoptions
    assert (adoption.node_id, adoption.organisation, adoption.mine) == (DERBYS, "Sherwood Lodge", False)


def test_what_notts_withdraws_disappears_in_derbys_with_its_files(notts: World, derbys: World) -> None:
    item = notts.published()
    carry(item.id, notts, NOTTS, derbys)
    request = resource_pb2.WithdrawResourceRequest(id=item.id, expected_version=item.version, reason="Wrong dose.")
    notts.resources.WithdrawResource(request, metadata=notts.as_(ANN))

    assert carry(item.id, notts, NOTTS, derbys) == pb.TAKEN_APPLIED

    with pytest.raises(NotFound, match="took it back"):
        derbys.get(item.id)


def test_a_file_that_did_not_come_yet_is_said_to_be_on_its_way(notts: World, derbys: World) -> None:
    item = notts.published()
    read = notts.federation.ReadShared(pb.ReadSharedRequest(item_id=item.id))
    entry = pb.VerifiedEntry(
        entry_hash="h", origin_node_id=NOTTS, stream="region", item_id=item.id, item_version=read.version,
        operation=pb.OPERATION_PUT, schema=read.schema, body=read.body,
    )  # fmt: skip
    derbys.federation.TakeEntries(pb.TakeEntriesRequest(entries=[entry]))

    assert not derbys.get(item.id).resource.editions[0].parts[0].here
    with pytest.raises(NotFound, match="on its way"):
        derbys.download(item.id, an_id(901))


def test_only_what_was_shared_can_be_read_to_be_shared(notts: World) -> None:
    kept = notts.published(1, audience_pb2.AUDIENCE_NODE)
    draft = notts.add_file(notts.create(2))

    for item in (kept, draft):
        sha256 = (item.draft if item.HasField("draft") else item.editions[0]).parts[0].sha256
        with pytest.raises(NotFound):
            notts.federation.ReadShared(pb.ReadSharedRequest(item_id=item.id))
        with pytest.raises(NotFound):
            list(notts.federation.ReadSharedFile(pb.ReadSharedFileRequest(item_id=item.id, sha256=sha256)))


def test_people_and_other_services_do_not_come_in_by_federations_door(notts: World) -> None:
    item = notts.published()

    with pytest.raises(NotAllowed):
        notts.gateway_shareable.ReadShared(pb.ReadSharedRequest(item_id=item.id), metadata=notts.as_(ANN))
