"""How this node stands, what it holds of whom, and where an item comes from."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from fosse.common.v1 import audience_pb2
from fosse.federation.v1 import entry_pb2
from services.common.access import Person
from services.common.database import Database
from services.common.errors import NotFound
from services.federation import authority
from services.federation.domain import streams
from services.federation.domain.chain import HeadView, check_head, is_silent
from services.federation.domain.copies import EntryState, SetAside, StreamCopy
from services.federation.domain.entries import Verified, verify_entry
from services.federation.domain.faults import Forged
from services.federation.domain.readers import may_ask_about, readers, sentence
from services.federation.domain.registry import KnownNode, Registry
from services.federation.domain.standing import Enrolment, Standing
from services.federation.domain.views import HeldOf, Provenance, Status
from services.federation.gate import SigningGate
from services.federation.store import audit_heads, enrolments, entries, files, items, quarantine, registries, to_sign
from services.federation.store import standing as rows
from services.federation.store import streams as kept
from services.federation.this_node import ThisNode
from services.federation.usecases import exchanging, signing
from services.federation.usecases.intake import HIDDEN

_MAY_BE_ON_ITS_WAY = timedelta(minutes=10)
# Heads are signed anew every ten minutes, so a day without one is a node that stopped or a hub that hides it.
_SILENT_AFTER = timedelta(days=1)
_WARN_BEFORE = timedelta(days=30)
_TOLD_FOR = timedelta(days=14)
_NOT_SHARED = "This item has not come from another node and was not shared with one."


def status(node: ThisNode, gate: SigningGate) -> Status:
    now = node.clock()
    problem = signing.may_sign(node, now)
    with node.db.read() as conn:
        known = rows.get(conn) or Standing(node.id)
        found = registries.newest(conn)
        registry = found.registry if found else None
        expires = authority.expires_at(known.certificate) if known.certificate else None
        own_alarms = [copy.alarm for copy in kept.of_node(conn, node.id) if copy.alarm]
        joined = known.state is Enrolment.ENROLLED
        return Status(
            standing=known,
            enrolment=_enrolment(known, expires, registry, now),
            signing=gate.is_open and not problem,
            unsent=0 if node.is_hub else exchanging.unsent(conn, node.id),
            held=_held(conn, node.id, registry, now) if registry else [],
            newcomers=enrolments.waiting(conn) if node.is_hub else [],
            certificate_expires=expires,
            registry=registry,
            alarms=[
                *([gate.alarm] if gate.alarm else []),
                *([problem] if joined and problem else []),
                *own_alarms,
                *to_sign.problems(conn),
                *audit_heads.alarms(conn),
                *_expiring(expires, now),
                *(_left_lately(registry, now) if registry and node.is_hub else []),
            ],
        )


def figures(conn: Connection, node: ThisNode, now: datetime) -> dict[str, float]:
    """Of the exchange with the region, by the names of metrics; none while this node is alone."""
    known, found = rows.get(conn), registries.newest(conn)
    if known is None or found is None:
        return {}
    held = _held(conn, node.id, found.registry, now)
    told: dict[str, float] = {
        "federation_items_behind": sum(max(each.items_live - each.items_held, 0) for each in held),
        "federation_quarantined_entries": sum(each.quarantined for each in held),
    }
    if not node.is_hub:
        told["federation_unsent_entries"] = exchanging.unsent(conn, node.id)
        if known.last_contact:
            told["federation_last_contact_age_seconds"] = (now - known.last_contact).total_seconds()
    return told


def _enrolment(known: Standing, expires: datetime | None, registry: Registry | None, now: datetime) -> Enrolment:
    ran_out = (expires is not None and expires <= now) or (registry is not None and registry.expired(now))
    return Enrolment.EXPIRED if known.state is Enrolment.ENROLLED and ran_out else known.state


def _expiring(expires: datetime | None, now: datetime) -> list[str]:
    if expires is None or expires - now > _WARN_BEFORE:
        return []
    if expires <= now:
        return [
            f"This node's certificate ran out on {expires:%d %B %Y}, or this machine's clock is wrong: it says "
            f"{now:%d %B %Y %H:%M}. What is held stays. Check the clock; if it is right, enrol with the hub again."
        ]
    return [f"This node's certificate runs out on {expires:%d %B %Y}. Enrol with the hub again before that day."]


def _left_lately(registry: Registry, now: datetime) -> list[str]:
    """For the hub's operator, who tells the others."""
    return [
        f"{node.name} left the region on {node.left_at:%-d %B %Y}. What it did not withdraw stays, marked; it may join "
        "again with a new code."
        for node in sorted(registry.nodes.values(), key=lambda each: each.name)
        if node.has_left and node.left_at and now - node.left_at < _TOLD_FOR
    ]


def _held(conn: Connection, own_id: str, registry: Registry, now: datetime) -> list[HeldOf]:
    copies = kept.of_others(conn, own_id)
    held, lacking = items.held(conn), files.lacking(conn)
    aside, waiting = quarantine.counts(conn), entries.counts(conn, EntryState.WAITS)
    found = []
    for node in sorted(registry.nodes.values(), key=lambda each: each.name):
        if node.id == own_id:
            continue
        mine = [copy for copy in copies if copy.node == node.id and streams.may_read(copy.stream, own_id, registry)]
        found.append(
            HeldOf(
                node,
                items_held=held.get(node.id, 0),
                items_live=sum(copy.head_live_items for copy in mine),
                files_missing=lacking.get(node.id, 0),
                last_heard=_latest(copy.head_time for copy in copies if copy.node == node.id),
                quarantined=aside.get(node.id, 0),
                waiting=waiting.get(node.id, 0),
                alarms=tuple(sorted(_alarms(node, mine, now))),
            )
        )
    return found


def _alarms(node: KnownNode, copies: Iterable[StreamCopy], now: datetime) -> set[str]:
    found = {copy.alarm or _withheld(copy, now) for copy in copies} - {""}
    heads = [entry_pb2.HeadStatement.FromString(copy.head.statement) for copy in copies if copy.head_time]
    if heads and not node.has_left and all(is_silent(head, now, _SILENT_AFTER) for head in heads):
        since = max(head.time.ToDatetime() for head in heads)
        found.add(
            f"Nothing has been heard from {node.name} since {since:%-d %B %Y}. What we hold of it stays, and may be "
            "old; ask its operator whether the node is running."
        )
    return found


def _withheld(copy: StreamCopy, now: datetime) -> str:
    """The origin signed for more than the hub gives us, and not just now."""
    if copy.head_time is None or now - copy.head_time < _MAY_BE_ON_ITS_WAY:
        return ""
    said = entry_pb2.HeadStatement.FromString(copy.head.statement)
    return HIDDEN if check_head(copy.position, said, held_hash=said.hash) is HeadView.BEHIND else ""


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time), default=None)


def nodes(db: Database) -> list[KnownNode]:
    """The region by name; nobody while this node is alone."""
    with db.read() as conn:
        found = registries.newest(conn)
    return sorted(found.registry.nodes.values(), key=lambda node: node.name) if found else []


def set_aside(db: Database, before: int | None, limit: int) -> list[SetAside]:
    """Newest first, from before the one of this number."""
    with db.read() as conn:
        return quarantine.before(conn, before, limit)


def preview(
    node: ThisNode, audience: audience_pb2.Audience.ValueType, named: Iterable[str]
) -> tuple[list[KnownNode], str]:
    """Who would hold an item with this audience, and the sentence that says so."""
    with node.db.read() as conn:
        found = registries.newest(conn)
    who = readers(found.registry if found else None, node.id, audience, named)
    return who, sentence(audience, who)


def provenance(node: ThisNode, item_id: str, person: Person | None) -> Provenance:
    """Verified anew from the stored bytes at each call. Raises `NotFound` also for what this person may not see."""
    with node.db.read() as conn:
        found = entries.newest_put(conn, item_id)
        held = registries.newest(conn)
        if found is None or held is None:
            raise NotFound(_NOT_SHARED)
        header = entry_pb2.EntryHeader.FromString(found.entry.header)
        origin = held.registry.node(header.node)
        copy = kept.copies(conn, [(header.node, header.stream)]).get((header.node, header.stream))
        own = header.node == node.id
        readable = own or streams.may_read(header.stream, node.id, held.registry)
        if origin is None or not readable or not may_ask_about(header.stream, header.community, person, own=own):
            raise NotFound(_NOT_SHARED)
    return Provenance(origin, header, found.hash, _holds(found.entry, origin, found.hash), _heard(copy))


def _holds(entry: entry_pb2.Entry, origin: KnownNode, hash_: bytes) -> bool:
    try:
        verified: Verified = verify_entry(entry, origin)
    except Forged:
        return False
    return verified.content is not None and verified.hash == hash_


def _heard(copy: StreamCopy | None) -> datetime | None:
    return copy.head_time if copy else None
