"""The newest list of nodes that the hub signed, and with which key it was verified."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from fosse.federation.v1 import entry_pb2
from services.common.database import announce
from services.federation.domain.registry import Registry, verify_registry
from services.federation.domain.signing import key_id_of
from services.federation.store.tables import registries


@dataclass(frozen=True)
class HeldRegistry:
    """What is held: the registry, and the very bytes that the hub signed."""

    registry: Registry
    signed: entry_pb2.SignedRegistry


def newest(conn: Connection) -> HeldRegistry | None:
    row = conn.execute(select(registries)).one_or_none()
    if row is None:
        return None
    signed = entry_pb2.SignedRegistry(document=row.document, signature=row.signature)
    keys = {key_id_of(row.signed_with): row.signed_with}
    return HeldRegistry(verify_registry(signed, hub=row.hub, hub_keys=keys, seen_version=row.version), signed)


def save(conn: Connection, held: HeldRegistry, signed_with: bytes) -> None:
    conn.execute(delete(registries))
    row = {
        "version": held.registry.version,
        "hub": held.registry.hub,
        "signed_with": signed_with,
        "document": held.signed.document,
        "signature": held.signed.signature,
    }
    conn.execute(insert(registries).values(row))
    announce(conn, "registry")
