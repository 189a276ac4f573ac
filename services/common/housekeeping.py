"""What every service tells an operator about itself: status, parked messages, audit, what it holds of a person."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Column, Connection, MetaData, select

from fosse.common.v1 import housekeeping_pb2 as pb
from fosse.common.v1 import housekeeping_pb2_grpc
from services.common import access, audit, audit_chain, facts, given_secrets, pages, privacy, seen, version
from services.common.audit_proof import START, Sealed, row_digest
from services.common.bus import Consumer, Lag, replay_parked
from services.common.clock import Clock
from services.common.database import Database
from services.common.floor_tables import FLOOR
from services.common.instants import stamp
from services.common.vitals import Given, Vitals
from services.common.wires import expires_at

_PLACES = 1_000
"""Of the audit chain, in one answer."""
_HIDDEN = {privacy.SECRET["data"], privacy.SIGNED["data"]}


class Keeps(Protocol):
    """What of a service's floor is needed here."""

    @property
    def db(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def given(self) -> Given: ...


class Housekeeping(housekeeping_pb2_grpc.HousekeepingServicer):
    """Served beside each service's own rpcs."""

    def __init__(
        self,
        name: str,
        keeps: Keeps,
        consumers: Sequence[Consumer],
        tables: MetaData,
        vitals: Callable[[], Vitals],
    ) -> None:
        self._name = name
        self._db = keeps.db
        self._clock = keeps.clock
        self._consumers = consumers
        self._tables = tables
        self._given = keeps.given
        self._vitals = vitals

    def add_to(self, server: grpc.Server) -> None:
        housekeeping_pb2_grpc.add_HousekeepingServicer_to_server(self, server)

    def GetHousekeepingStatus(
        self, request: pb.GetHousekeepingStatusRequest, context: Any
    ) -> pb.GetHousekeepingStatusResponse:
        now, built = self._vitals(), version.running()
        with self._db.read() as conn:
            kept, audit_rows = facts.count(conn), audit.count(conn)
        return pb.GetHousekeepingStatusResponse(
            service=self._name,
            facts=kept,
            facts_unsent=now.unsent.unsent,
            oldest_unsent=stamp(now.unsent.oldest),
            parked=now.parked,
            timetable_overdue=now.overdue,
            audit_rows=audit_rows,
            audit_unsealed=now.audit_unsealed.rows,
            schema_version=now.schema_version,
            version=built.version,
            revision=built.revision,
            clock=stamp(self._clock()),
            database_ahead_s=now.database_ahead_s,
            disk_free_bytes=now.disk_free_bytes,
            connections_in_use=now.connections_in_use,
            lags=[_lag(each) for each in now.lags],
            certificate_expires=self._certificate_expires(),
            settings=self._given.settings,
            secrets=self._secrets(request.fingerprint_key),
            figures=now.figures,
            oldest_unsealed=stamp(now.audit_unsealed.oldest),
        )

    def _certificate_expires(self) -> Timestamp | None:
        return stamp(expires_at(self._given.certificate)) if self._given.certificate else None

    def _secrets(self, key: bytes) -> list[pb.SecretFile]:
        if not key:
            return []
        return [
            pb.SecretFile(path=str(each.path), open=each.open, weak=each.weak, fingerprint=each.fingerprint)
            for each in given_secrets.look_at(self._given.secrets, key)
        ]

    def ListParked(self, request: pb.ListParkedRequest, context: Any) -> pb.ListParkedResponse:
        size = pages.page_size(request.page_size)
        after = pages.decode_token(request.page_token, int)
        with self._db.read() as conn:
            rows = seen.parked_after(conn, after[0] if after else 0, size)
        found = [
            pb.ParkedMessage(
                message_id=row.message_id,
                consumer=row.consumer,
                kind=row.kind,
                key=row.key,
                reason=row.reason,
                parked_at=stamp(row.parked_at),
            )
            for row in rows
        ]
        token = pages.encode_token(rows[-1].number) if len(rows) == size else ""
        return pb.ListParkedResponse(parked=found, next_page_token=token)

    def ReplayParked(self, request: pb.ReplayParkedRequest, context: Any) -> pb.ReplayParkedResponse:
        handled = sum(replay_parked(self._db, consumer, self._clock) for consumer in self._consumers)
        with self._db.write() as conn:
            audit.add(conn, access.asker(context), "replayed parked messages", self._name, self._clock())
            still = seen.count_parked(conn)
        return pb.ReplayParkedResponse(handled=handled, still_parked=still)

    def ReplayFacts(self, request: pb.ReplayFactsRequest, context: Any) -> pb.ReplayFactsResponse:
        now = self._clock()
        with self._db.write() as conn:
            again = facts.resend(conn, now)
            audit.add(conn, access.asker(context), "replayed facts", self._name, now)
        return pb.ReplayFactsResponse(facts=again)

    def ListAudit(self, request: pb.ListAuditRequest, context: Any) -> pb.ListAuditResponse:
        size = pages.page_size(request.page_size)
        before = pages.decode_token(request.page_token, int)
        with self._db.read() as conn:
            rows = audit.rows_before(conn, request.item_id, before[0] if before else None, size)
        found = [
            pb.AuditRow(number=row.number, at=stamp(row.at), actor=row.actor, action=row.action, item_id=row.item_id)
            for row in rows
        ]
        token = pages.encode_token(rows[-1].number) if len(rows) == size else ""
        return pb.ListAuditResponse(rows=found, next_page_token=token)

    def VerifyAudit(self, request: pb.VerifyAuditRequest, context: Any) -> pb.VerifyAuditResponse:
        with self._db.read() as conn:
            verdict = audit_chain.verify(conn)
        intact = verdict.broken_at is None
        return pb.VerifyAuditResponse(
            intact=intact, broken_at=verdict.broken_at or 0, rows=verdict.rows, emptied=verdict.emptied
        )

    def GetAuditSeals(self, request: pb.GetAuditSealsRequest, context: Any) -> pb.GetAuditSealsResponse:
        with self._db.read() as conn:
            head = audit_chain.head(conn)
            found = audit_chain.seals_at(conn, request.places[:_PLACES])
        return pb.GetAuditSealsResponse(count=head.count, seal=head.seal, seals=found)

    def ListAuditHistory(self, request: pb.ListAuditHistoryRequest, context: Any) -> pb.ListAuditHistoryResponse:
        with self._db.read() as conn:
            links = audit_chain.history_of(conn, request.item_id, request.after_place, _PLACES)
        return pb.ListAuditHistoryResponse(rows=[_sealed_row(link.place, link.row) for link in links if link.row])

    def ListAuditDigests(self, request: pb.ListAuditDigestsRequest, context: Any) -> pb.ListAuditDigestsResponse:
        with self._db.read() as conn:
            before = audit_chain.seals_at(conn, [request.after_place])
            links = audit_chain.links_after(conn, request.after_place, _PLACES)
        digests = [row_digest(link.row) if link.row else b"" for link in links]
        return pb.ListAuditDigestsResponse(previous=before.get(request.after_place, START), digests=digests)

    def ExportPerson(self, request: pb.ExportPersonRequest, context: Any) -> pb.ExportPersonResponse:
        with self._db.read() as conn:
            held = _rows_about(conn, request.member_id, (self._tables, FLOOR))
        return pb.ExportPersonResponse(json=json.dumps(held, ensure_ascii=False))


def _sealed_row(place: int, row: Sealed) -> pb.SealedAuditRow:
    shown = pb.AuditRow(number=row.number, at=stamp(row.at), actor=row.actor, action=row.action, item_id=row.item_id)
    return pb.SealedAuditRow(place=place, row=shown, actor_proof=row.actor_proof, item_proof=row.item_proof)


def _lag(lag: Lag) -> pb.ConsumerLag:
    return pb.ConsumerLag(consumer=lag.consumer, messages=lag.messages, oldest=stamp(lag.oldest))


def _rows_about(conn: Connection, member_id: str, tables: Sequence[MetaData]) -> dict[str, list[dict[str, Any]]]:
    """Rows of each table that has a column of the class PERSON with this id; secrets stay behind."""
    held: dict[str, list[dict[str, Any]]] = {}
    for table in (table for metadata in tables for table in metadata.sorted_tables):
        columns = [column for column in table.columns if column.info.get("data") not in _HIDDEN]
        for person in _columns_of_people(table.columns.values()):
            for row in conn.execute(select(*columns).where(person == member_id)):
                held.setdefault(table.name, []).append({key: _plain(value) for key, value in row._mapping.items()})
    return held


def _columns_of_people(columns: Sequence[Column[Any]]) -> list[Column[Any]]:
    return [column for column in columns if column.info.get("data") == privacy.PERSON["data"]]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value
