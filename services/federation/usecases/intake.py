"""Entries and heads that arrive, at the hub by Publish and at a county by Fetch: judged and stored in one transaction.

A crash before the commit leaves nothing of the batch, and the same entries come again; what is held already changes
nothing. Files that nobody names any more are returned, so that the caller drops them once the commit stands; those of
a crash in between are found by the sweep of the relay folder.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError
from sqlalchemy import Connection

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2
from services.common.errors import Invalid
from services.federation.domain import heads, intake, streams
from services.federation.domain.chain import HeadChange, HeadView, check_head, compare_heads, is_truncated
from services.federation.domain.copies import STATE_OF, SetAside, StreamCopy
from services.federation.domain.entries import Verified
from services.federation.domain.faults import Fault, Forged
from services.federation.domain.intake import Decision, Reader, State, StreamKey, Verdict
from services.federation.store import entries, files, items, quarantine
from services.federation.store import streams as kept
from services.federation.store.entries import Place
from services.federation.store.files import RefState

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TakenIn:
    """What became of each entry, in their order, and the files to drop after the commit."""

    decisions: list[Decision] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    @property
    def stored(self) -> int:
        return sum(decision.verdict.stores for decision in self.decisions)


def take_in(conn: Connection, batch: Sequence[entry_pb2.Entry], reader: Reader) -> TakenIn:
    headers = [_header(entry) for entry in batch]
    state = _state(conn, [header for header in headers if header])
    before = dict(state.items)
    decisions = list(intake.take(state, batch, reader))
    stored = [(decision, entry) for decision, entry in zip(decisions, batch, strict=True) if decision.verdict.stores]
    numbers = _store(conn, stored, reader)
    items.save(conn, before, state.items, _schemas(stored))
    for key in {decision.stream for decision, _ in stored if decision.stream}:
        kept.move(conn, key, state.positions[key])
    _note_faults(conn, decisions, reader)
    _name_files(conn, stored, numbers, reader)
    return TakenIn(decisions, _erase_withdrawn(conn, [decision for decision, _ in stored]))


def take_heads(conn: Connection, signed: Iterable[entry_pb2.SignedHead], reader: Reader, *, more: bool) -> None:
    """Keeps the newest head of each stream; one that does not fit what is held stops its stream.

    `more`: entries are still to be fetched, so a head beyond what is held is nothing to wonder at.
    """
    for head in signed:
        try:
            said = _believed(head, reader)
        except Forged as forged:
            log.warning("head refused", extra={"fault": forged.fault.value})
            continue
        _take_head(conn, head, said, more=more, hub=reader.is_hub)


def _header(entry: entry_pb2.Entry) -> entry_pb2.EntryHeader | None:
    """What an entry claims, only to look up what is held; whether it is true is decided by the domain."""
    try:
        return entry_pb2.EntryHeader.FromString(entry.header)
    except DecodeError:
        return None


def _state(conn: Connection, headers: Sequence[entry_pb2.EntryHeader]) -> State:
    copies = kept.copies(conn, {(header.node, header.stream) for header in headers}, locked=True)
    places: set[Place] = {(header.node, header.stream, header.epoch, header.seq) for header in headers}
    return State(
        positions={key: copy.position for key, copy in copies.items()},
        hashes=entries.hashes(conn, places),
        items=items.known(conn, {header.item for header in headers}),
        # Whatever else stopped a stream is over when the right entry comes.
        forked={key for key, copy in copies.items() if copy.fault is Fault.FORK},
    )


Stored = Sequence[tuple[Decision, entry_pb2.Entry]]


def _store(conn: Connection, stored: Stored, reader: Reader) -> list[int]:
    rows = []
    for decision, entry in stored:
        verified = _verified(decision)
        if decision.verdict is Verdict.QUARANTINE and verified.header.operation == shareable_pb2.OPERATION_PUT:
            # Its place in the chain is kept, its bytes are not: neither shown nor passed on.
            entry = entry_pb2.Entry(header=entry.header, signature=entry.signature)
        rows.append((verified.header, verified.hash, entry, STATE_OF[decision.verdict]))
    return entries.add(conn, rows, reader.now)


def _schemas(stored: Stored) -> dict[str, str]:
    # Of a put without its content no service hears, nor of the withdrawal that follows it.
    seen = [one for one in (_verified(decision) for decision, _ in stored if decision.item) if one.content]
    return {one.header.item: one.header.schema for one in seen if one.header.schema}


def _note_faults(conn: Connection, decisions: Sequence[Decision], reader: Reader) -> None:
    stopped = set[StreamKey]()
    for decision in decisions:
        if decision.verdict is Verdict.QUARANTINE:
            header = _verified(decision).header
            place = (header.node, header.stream, header.epoch, header.seq, header.item)
            quarantine.add(conn, SetAside(*place, reason=decision.reason, at=reader.now))
        key = decision.stream
        if decision.verdict is Verdict.STOP and decision.fault and key and key not in stopped:
            stopped.add(key)
            _stop(conn, key, decision.fault, decision.reason, reader)


def _stop(conn: Connection, key: StreamKey, fault: Fault, reason: str, reader: Reader) -> None:
    log.warning("stream stopped", extra={"node": key[0], "fault": fault.value})
    if kept.copies(conn, [key]) or _may_begin(key, reader):
        kept.stop(conn, key, fault, reason)


def _may_begin(key: StreamKey, reader: Reader) -> bool:
    """An alarm needs a stream that can exist: else anybody could fill the table with names."""
    try:
        return streams.may_begin(key[1], key[0], reader.registry)
    except Invalid:
        return False


def _name_files(conn: Connection, stored: Stored, numbers: Sequence[int], reader: Reader) -> None:
    for (decision, _), number in zip(stored, numbers, strict=True):
        verified = _verified(decision)
        mine = decision.verdict in (Verdict.APPLY, Verdict.WAIT)
        if verified.content is None or decision.verdict is Verdict.QUARANTINE or not (mine or reader.is_hub):
            continue
        key = (verified.header.node, verified.header.stream)
        wanted = RefState.DUE if mine else RefState.KEPT
        files.name(conn, number, key, verified.header.item, verified.content.files, wanted)


def _erase_withdrawn(conn: Connection, decisions: Sequence[Decision]) -> list[str]:
    dropped: list[str] = []
    for decision in decisions:
        header = _verified(decision).header
        withdrawn = header.operation == shareable_pb2.OPERATION_WITHDRAW
        if withdrawn and decision.verdict is not Verdict.QUARANTINE:
            dropped += erase(conn, (header.node, header.stream), header.item, header.item_version)
    return dropped


def erase(conn: Connection, key: StreamKey, item: str, version: int) -> list[str]:
    """What was withdrawn in a stream goes, its headers stay; returns the files that nobody names any more."""
    return files.forget(conn, entries.erase(conn, key, item, version))


def _believed(head: entry_pb2.SignedHead, reader: Reader) -> entry_pb2.HeadStatement:
    said = heads.read_head(head)
    node = reader.registry.node(said.node)
    if node is None or not streams.may_write(said.stream, said.node, reader.registry):
        raise Forged(Fault.REGISTRY, "The hub's list of nodes does not know this stream.")
    if not (reader.is_hub or streams.may_read(said.stream, reader.node, reader.registry)):
        raise Forged(Fault.STREAM, "This head is not for us.")
    return heads.verify_head(head, node)


HIDDEN = "The hub does not give us all that the origin signed. We keep what we hold and ask again."
_SPLIT = "The origin signed two different histories. A person must find out which one holds."


def _take_head(
    conn: Connection, head: entry_pb2.SignedHead, said: entry_pb2.HeadStatement, *, more: bool, hub: bool
) -> None:
    key = (said.node, said.stream)
    copy = kept.copies(conn, [key], locked=True).get(key, StreamCopy(*key))
    change = _change(copy, said)
    if change in (HeadChange.SPLIT_VIEW, HeadChange.WENT_BACK):
        kept.stop(conn, key, Fault.FORK, _SPLIT)
    if change not in (HeadChange.NEWER, HeadChange.SAME):
        return
    place = (said.node, said.stream, said.epoch, said.seq)
    view = check_head(copy.position, said, held_hash=entries.hashes(conn, [place]).get(place))
    if view is HeadView.FORK:
        kept.stop(conn, key, Fault.FORK, _SPLIT)
    elif view in (HeadView.AGREES, HeadView.OLDER) or (view is HeadView.BEHIND and not hub):
        # A hub gives out no head beyond the entries it holds: it would look as if it hid the rest.
        kept.save_head(conn, key, head, said)
        _note_hidden(conn, copy, is_truncated(copy.position, said, more=more))


def _change(copy: StreamCopy, said: entry_pb2.HeadStatement) -> HeadChange:
    if not copy.head.statement:
        return HeadChange.NEWER
    return compare_heads(entry_pb2.HeadStatement.FromString(copy.head.statement), said)


def _note_hidden(conn: Connection, copy: StreamCopy, hidden: bool) -> None:
    if hidden and copy.fault is None:
        kept.stop(conn, copy.key, Fault.GAP, HIDDEN)
    elif copy.fault is Fault.GAP and not hidden:
        kept.go_on(conn, copy.key)


def _verified(decision: Decision) -> Verified:
    assert decision.verified is not None  # what is stored was believed
    return decision.verified
