"""Asks each process of a node how it is, all at once; who does not answer is noted, and the others are asked on."""

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import grpc

from fosse.common.v1 import housekeeping_pb2 as housekeeping
from fosse.federation.v1 import federation_pb2 as federation
from services.common.clock import Clock
from services.common.errors import Refusal
from services.common.rpc_errors import NO_DATABASE, Away
from services.node.calling import Node

A = TypeVar("A")
# Longer than a process waits for a database that is frozen.
_PATIENCE_S = 15.0
BROKEN = "something in it fails"
DATABASE = "runs, but its database does not answer"


@dataclass(frozen=True)
class Process:
    """What one process said of itself; nothing where there is `trouble`."""

    name: str
    status: housekeeping.GetHousekeepingStatusResponse | None = None
    audit: housekeeping.VerifyAuditResponse | None = None
    # Seconds that its clock is ahead of ours.
    ahead_s: float = 0.0
    # Why it did not answer; begins a sentence after its name.
    trouble: str = ""


@dataclass(frozen=True)
class Report:
    at: datetime
    # In containers, with certificates; else all in one process with a folder.
    deployed: bool
    processes: Sequence[Process] = ()
    region: federation.GetFederationStatusResponse | None = None

    def of(self, name: str) -> housekeeping.GetHousekeepingStatusResponse | None:
        return next((each.status for each in self.processes if each.name == name), None)


def look_over(node: Node, names: Sequence[str], clock: Clock, *, deployed: bool) -> Report:
    key = secrets.token_bytes(32)
    with ThreadPoolExecutor(len(names) + 1) as pool:
        region = pool.submit(_region, node)
        processes = list(pool.map(lambda name: _process(node, name, key, clock), names))
        return Report(clock(), deployed, processes, region.result())


def _process(node: Node, name: str, key: bytes, clock: Clock) -> Process:
    calls = node.housekeeping(name)
    asked = clock()
    request = housekeeping.GetHousekeepingStatusRequest(fingerprint_key=key)
    status, trouble = _answer(lambda: calls.GetHousekeepingStatus(request, timeout=_PATIENCE_S))
    if status is None:
        return Process(name, trouble=trouble)
    audit, trouble = _answer(lambda: node.auditing(name).VerifyAudit(housekeeping.VerifyAuditRequest()))
    return Process(name, status, audit, _ahead(status, asked, clock()), trouble)


def _ahead(status: housekeeping.GetHousekeepingStatusResponse, asked: datetime, answered: datetime) -> float:
    """By no more than is certain: it looked at its clock at some moment between our question and its answer."""
    said = status.clock.ToDatetime(UTC)
    if said < asked:
        return (said - asked).total_seconds()
    return max((said - answered).total_seconds(), 0.0)


def _region(node: Node) -> federation.GetFederationStatusResponse | None:
    request = federation.GetFederationStatusRequest()
    return _answer(lambda: node.federation.GetFederationStatus(request, timeout=_PATIENCE_S))[0]


def _answer(ask: Callable[[], A]) -> tuple[A | None, str]:
    try:
        return ask(), ""
    except Away as away:
        return None, DATABASE if str(away) == NO_DATABASE else "does not answer"
    except Refusal as refused:
        return None, f"refuses to answer ({refused.sentence.split('.')[0]})"
    except grpc.RpcError:
        return None, f"answers that {BROKEN}"
