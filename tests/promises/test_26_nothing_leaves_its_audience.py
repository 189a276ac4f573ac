"""Promise 26: what is for one community, one node or named nodes lies on the disk of no other, not even in passing."""

import random

from fosse.common.v1 import audience_pb2
from fosse.federation.v1 import entry_pb2
from services.federation.domain import sealing, streams
from services.federation.domain.streams import REGION, Source
from tests.databases import SqliteDatabases
from tests.machine import FULL
from tests.neighbours.region import Neighbour, Region, a_region
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.waiting import until

SEED = 26
ITEMS = 60 if FULL else 12
COMMUNITY, NODE = audience_pb2.AUDIENCE_COMMUNITY, audience_pb2.AUDIENCE_NODE
NAMED, WIDE = audience_pb2.AUDIENCE_NAMED_NODES, audience_pb2.AUDIENCE_REGION


def share_all(region: Region, notts: Neighbour, derbys: Neighbour, rng: random.Random) -> dict[str, set[str]]:
    """Items of every audience, each with a canary in its body and one in its file; returns canary → who may have it."""
    audiences = [COMMUNITY, NODE, NAMED, WIDE] * (ITEMS // 4)
    rng.shuffle(audiences)
    readers: dict[str, set[str]] = {}
    for audience in audiences:
        canary = f"canary-{rng.randbytes(12).hex()}"
        nodes = (derbys.id,) if audience == NAMED else ()
        notts.shelf.share(canary, audience, nodes=nodes, file=f"file-{canary} ".encode() * 500)
        also = {NAMED: {"derbys"}, WIDE: {"derbys", "leics", "hub"}}.get(audience, set())
        readers[canary] = {"notts", *also}
    return readers


def found_outside(region: Region, nodes: list[Neighbour], readers: dict[str, set[str]]) -> tuple[int, int]:
    """(canaries outside their audience, canaries where they should be)."""
    outside = inside = 0
    for node in nodes:
        disk = b"".join(content for _, content in node.bytes_on_disk())
        held = b"".join(entry.body for entry in node.shelf.taken.values()) + b"".join(node.shelf.taken_files.values())
        for canary, allowed in readers.items():
            seen = canary.encode() in disk or canary.encode() in held
            outside += seen and node.settings.slug not in allowed
            inside += seen and node.settings.slug in allowed
    return outside, inside


def wait_for(node: Neighbour, last: str) -> None:
    until(lambda: last in node.shelf.taken, "everybody is up to date")
    until(lambda: b"the last file" in node.shelf.taken_files.values(), "with files")


def a_share(databases: SqliteDatabases, seed: int) -> tuple[int, int, int]:
    """(canaries, found outside their audience, found inside)."""
    with a_region(databases) as region:
        derbys, leics = region.county("derbys", "Derbyshire"), region.county("leics", "Leicestershire")
        notts = region.county("notts", "Nottinghamshire")
        readers = share_all(region, notts, derbys, random.Random(seed))
        last = notts.shelf.share("The last one", file=b"the last file")
        for node in (derbys, leics, region.hub):
            wait_for(node, last)
        return len(readers), *found_outside(region, [region.hub, derbys, leics], readers)


def everything_to_the_region(audience: int, node_ids: object, source: Source) -> tuple[str, ...]:
    return (REGION,)


def unsealed(inside: entry_pb2.SealedBody, receiver: bytes) -> bytes:
    return inside.SerializeToString()


def test_nothing_is_found_outside_its_audience(sqlite_databases: SqliteDatabases) -> None:
    canaries, outside, inside = a_share(sqlite_databases, SEED)
    with planted((streams, "streams_for", everything_to_the_region)):
        _, widened, _ = a_share(sqlite_databases, SEED)
    with planted((sealing, "seal_body", unsealed)):
        _, readable, _ = a_share(sqlite_databases, SEED)

    figures = f"canaries={canaries} outside={outside} where_they_should_be={inside} "
    figures += f"planted[audience ignored]={widened} planted[not sealed]={readable}"
    kept = outside == 0 and inside > 0 and widened > 0 and readable > 0
    promise(26, "region", "nothing outside its audience", kept, figures, SEED)
