"""Who did what, and whether the trail that says so can be trusted."""

import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click

from fosse.common.v1 import housekeeping_pb2 as housekeeping
from fosse.federation.v1 import entry_pb2
from fosse.federation.v1 import federation_pb2 as pb
from services.common.errors import Conflict, Invalid, NotFound
from services.common.instants import instant
from services.common.text import plural
from services.common.topics import SERVICES
from services.federation.domain.audit_heads import misfits, turns, verify_with_key
from services.federation.domain.faults import Forged
from services.node import audit_file
from services.node.audit_file import Part
from services.node.calling import Node, running
from services.node.commands.options import data_option

_ROUND_S = 60.0
_AT_ONCE = 1_000
Finding = str
Heads = list[tuple[entry_pb2.SignedAuditHead, entry_pb2.AuditHeadStatement]]


@click.group()
def audit() -> None:
    """Check the audit trail, and hand out one item's history."""


@audit.command()
@data_option
def check(data: Path) -> None:
    """Walk the trail of every service, and compare it with what was signed and lodged at the hub."""
    with running(data) as node:
        last = _taken_now(node)
        heads, findings = _own(node, last.public_key)
        findings += [finding for service in SERVICES for finding in _service(node, service, heads[service])]
        findings += _neighbours(node)
    for finding in findings:
        click.echo(f"- {finding}")
    click.echo(_compared(last))
    click.echo(f"This node is {last.own_node_id}; it signs with the key {last.public_key.hex()}.")
    sys.exit(1 if findings else 0)


@audit.command()
@data_option
@click.argument("item")
@click.option("--to", "file", type=click.File("w", encoding="utf-8", lazy=True), required=True, help="`-`: print it.")
def export(data: Path, item: str, file: TextIO) -> None:
    """Write what was done to ITEM, by its id, into a file that anybody can check with this node's public key."""
    with running(data) as node:
        last = _taken_now(node)
        heads, _ = _own(node, last.public_key)
        parts = [part for service in SERVICES for part in _parts(node, service, item, heads[service])]
    if not parts:
        raise NotFound("No sealed audit row of this node names this item. What was done just now is there in a moment.")
    file.write(audit_file.written(last.own_node_id, last.public_key, item, parts))
    rows = plural(sum(len(part.rows) for part in parts), "row")
    click.echo(f"{rows} written. To check them: fosse audit verify FILE --key {last.own_node_id}", err=True)


@audit.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", required=True, help="The node's public key, or its id: 64 hexadecimal digits.")
def verify(path: Path, key: str) -> None:
    """Check a history that was handed out, without a node, and show it."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("This file is no text, so it is no history that `fosse audit export` wrote.") from error
    shown = audit_file.checked(text, key.strip().lower())
    for one in shown:
        who = one.row.actor or "(erased)"
        click.echo(f"{one.row.at:%Y-%m-%d %H:%M:%S}  {one.service:<13} {one.row.action}, by {who}")
    until = max(one.signed_at for one in shown)
    click.echo(f"All {plural(len(shown), 'row')} hold: the node signed for them by {until:%-d %B %Y at %H:%M} UTC.")


def _taken_now(node: Node) -> pb.ListAuditHeadsResponse:
    """The answer of a round that is made now, without its heads."""
    before = node.federation.TakeAuditHeads(pb.TakeAuditHeadsRequest()).asked
    until = time.monotonic() + _ROUND_S
    while time.monotonic() < until:
        last = node.federation.ListAuditHeads(pb.ListAuditHeadsRequest())
        if last.asked > before:
            return last
        time.sleep(0.1)
    raise Conflict("The node did not sign for its audit trail within a minute. Is it overloaded? Then try again.")


def _heads(node: Node, node_id: str = "") -> list[entry_pb2.SignedAuditHead]:
    """Of one node, in the order in which they came."""
    heads, after, more = list[entry_pb2.SignedAuditHead](), 0, True
    while more:
        answer = node.federation.ListAuditHeads(pb.ListAuditHeadsRequest(node_id=node_id, after=after))
        heads += answer.heads
        more, after = answer.next > after, answer.next
    return heads


def _own(node: Node, public_key: bytes) -> tuple[dict[str, Heads], list[Finding]]:
    """The heads signed for each service, and what is wrong with those that do not hold."""
    held, findings = defaultdict[str, Heads](Heads), list[Finding]()
    for signed in _heads(node):
        try:
            statement = verify_with_key(signed, public_key)
        except Forged as forged:
            findings.append(f"A signed head that this node keeps was altered. {forged.sentence}")
        else:
            held[statement.service].append((signed, statement))
    return held, findings


def _service(node: Node, service: str, heads: Heads) -> Iterator[Finding]:
    calls, findings = node.auditing(service), list[Finding]()
    walked = calls.VerifyAudit(housekeeping.VerifyAuditRequest())
    if not walked.intact:
        findings.append(f"The audit trail of {service} does not fit at row {walked.broken_at}: it was changed there.")
    statements = [statement for _, statement in heads]
    for begin in range(0, len(statements), _AT_ONCE):
        some = statements[begin : begin + _AT_ONCE]
        found = calls.GetAuditSeals(housekeeping.GetAuditSealsRequest(places=[one.count for one in some]))
        findings += misfits(some, found.seals)
    state = "does not fit" if findings else "as it was sealed"
    emptied = f", {walked.emptied} with somebody erased" if walked.emptied else ""
    click.echo(f"{service:<13} {plural(walked.rows, 'row')}{emptied}; {plural(len(heads), 'signed head')}; {state}")
    yield from findings


def _neighbours(node: Node) -> Iterator[Finding]:
    """At the hub: what counties signed for can only grow."""
    for other in node.federation.ListNodes(pb.ListNodesRequest()).nodes:
        if not other.self:
            heads = [entry_pb2.AuditHeadStatement.FromString(each.statement) for each in _heads(node, other.node_id)]
            for head in turns(heads):
                yield (
                    f"{other.name} signed on {head.time.ToDatetime():%-d %B %Y at %H:%M} for another audit trail of "
                    f"{head.service} than before. Ask them whether they restored a backup then."
                )


def _compared(last: pb.ListAuditHeadsResponse) -> str:
    if last.problem:
        return f"Not all could be compared. {last.problem}"
    if not last.HasField("compared_at"):
        return "Compared with what this node signed itself: no hub keeps heads of it."
    return f"Compared with what the hub keeps of this node, as of {instant(last.compared_at):%-d %B %Y at %H:%M} UTC."


def _parts(node: Node, service: str, item: str, heads: Heads) -> Iterator[Part]:
    """The item's rows of one service, by the first signed head that covers them."""
    calls = node.housekeeping(service)
    rows, more = list[housekeeping.SealedAuditRow](), True
    while more:
        after = rows[-1].place if rows else 0
        found = calls.ListAuditHistory(housekeeping.ListAuditHistoryRequest(item_id=item, after_place=after)).rows
        rows += found
        more = len(found) == _AT_ONCE
    for signed, statement in sorted(heads, key=lambda head: head[1].count):
        covered = [row for row in rows if row.place <= statement.count]
        rows = rows[len(covered) :]
        if covered:
            yield _part(node, service, covered, signed, statement.count)


def _part(
    node: Node, service: str, rows: list[housekeeping.SealedAuditRow], head: entry_pb2.SignedAuditHead, count: int
) -> Part:
    calls, after = node.housekeeping(service), rows[0].place - 1
    first = calls.ListAuditDigests(housekeeping.ListAuditDigestsRequest(after_place=after))
    digests = list(first.digests)
    while len(digests) < count - after and first.digests:
        more = calls.ListAuditDigests(housekeeping.ListAuditDigestsRequest(after_place=after + len(digests)))
        digests += more.digests
        if not more.digests:
            break
    return Part(service, head, after, first.previous, digests[: count - after], rows)
