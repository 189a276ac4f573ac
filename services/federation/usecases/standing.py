"""How this node came to be what it is: its first start, and at the hub the list of nodes that it signs."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from fosse.federation.v1 import entry_pb2
from fosse.federation.v1 import facts_pb2 as said
from services.common import audit, facts
from services.common.errors import Conflict
from services.federation.authority import spki_of_request
from services.federation.domain.registry import (
    LIFETIME,
    Limits,
    Registry,
    quota,
    self_certified,
    sign_registry,
    signing_key,
    timestamp_of,
    verify_registry,
)
from services.federation.domain.signing import Signer, node_id_of
from services.federation.domain.standing import Enrolment, Standing
from services.federation.domain.words import fingerprint
from services.federation.store import registries
from services.federation.store import standing as rows
from services.federation.store.registries import HeldRegistry
from services.federation.this_node import ThisNode

RENEW_BEFORE = LIFETIME - timedelta(days=30)


def begin(node: ThisNode) -> None:
    """At each start: notes who this node is; the hub's first start makes the region's list of nodes."""
    with node.db.write() as conn:
        known = rows.get(conn)
        if known is None:
            known = Standing(node.id, words=words_of(node))
            rows.begin(conn, known)
        if known.node_id != node.id:
            raise Conflict(
                "The keys in this data folder are not those of this database. Nothing was changed; put both back from "
                "the same backup."
            )
        if node.is_hub and registries.newest(conn) is None:
            _found_region(conn, node, known)


def words_of(node: ThisNode) -> str:
    """What two people read to each other when this node is let in."""
    spki = spki_of_request(node.keys.certificate_request())
    return fingerprint(node.signer.public_key, node.keys.sealing_public, spki)


def registered(public_key: bytes, sealing_key: bytes, spki: bytes, now: datetime) -> entry_pb2.RegisteredNode:
    """A node as it stands in the list from the day it joins."""
    return entry_pb2.RegisteredNode(
        id=node_id_of(public_key),
        status=entry_pb2.NODE_STATUS_ACTIVE,
        signing_keys=[signing_key(public_key, now)],
        sealing_key=sealing_key,
        certificate_spki=spki,
        quota=quota(Limits()),
        joined_at=timestamp_of(now),
    )


def change_registry(
    conn: Connection, signer: Signer, change: Callable[[list[entry_pb2.RegisteredNode]], None], now: datetime
) -> Registry:
    """Signs the next version of the list after `change` has altered its nodes in place."""
    held = registries.newest(conn)
    nodes = list(entry_pb2.RegistryDocument.FromString(held.signed.document).nodes) if held else []
    change(nodes)
    # At least the clock's seconds: a hub that was restored from an old backup does not say again a version that
    # others hold, which they would never exchange for the new one.
    version = max(held.registry.version + 1 if held else 1, int(now.timestamp()))
    return _sign(conn, signer, nodes, version, now)


def renew_registry(node: ThisNode, now: datetime) -> bool:
    """Signs the list again well before it runs out; returns whether it was time."""
    with node.db.write() as conn:
        held = registries.newest(conn)
        if held is None or held.registry.expires_at - now > RENEW_BEFORE:
            return False
        change_registry(conn, node.signer, lambda nodes: None, now)
        return True


def take_registry(conn: Connection, signed: entry_pb2.SignedRegistry) -> Registry:
    """Keeps a newer list of our hub; raises `Forged` for any other."""
    held = registries.newest(conn)
    hub, keys = (held.registry.hub, held.registry.hub_keys) if held else self_certified(signed)
    seen = held.registry.version if held else 0
    registry = verify_registry(signed, hub=hub, hub_keys=keys, seen_version=seen)
    if registry.version > seen:
        key_id = entry_pb2.RegistryDocument.FromString(signed.document).key_id
        registries.save(conn, HeldRegistry(registry, signed), keys[key_id])
    return registry


def _found_region(conn: Connection, node: ThisNode, known: Standing) -> None:
    now = node.clock()
    spki = spki_of_request(node.keys.certificate_request())
    own = registered(node.signer.public_key, node.keys.sealing_public, spki, now)
    own.slug, own.name, own.hub = node.slug, node.name, True
    _sign(conn, node.signer, [own], 1, now)
    rows.save(conn, replace(known, state=Enrolment.ENROLLED))
    facts.put(conn, said.NodeAdmitted(node_id=node.id, registry_version=1), node.id, now)
    audit.add(conn, "federation", "founded the region", node.id, now)


def _sign(
    conn: Connection, signer: Signer, nodes: Iterable[entry_pb2.RegisteredNode], version: int, now: datetime
) -> Registry:
    signed = sign_registry(signer, nodes, version=version, now=now)
    registry = verify_registry(signed, hub=signer.node, hub_keys={signer.key_id: signer.public_key})
    registries.save(conn, HeldRegistry(registry, signed), signer.public_key)
    return registry
