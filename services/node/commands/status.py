"""How a running node does, in lines; and sending again what got stuck."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from fosse.common.v1 import housekeeping_pb2 as housekeeping
from fosse.federation.v1 import federation_pb2 as pb
from fosse.federation.v1.entry_pb2 import NODE_STATUS_LEFT
from services.common.topics import SERVICES
from services.node import standing
from services.node.calling import Node, running
from services.node.commands.options import data_option


@click.command()
@data_option
def status(data: Path) -> None:
    """Say how this node does, and what it holds of its neighbours."""
    with running(data) as node:
        for service in SERVICES:
            click.echo(_service_line(node, service))
        region = node.federation.GetFederationStatus(pb.GetFederationStatusRequest())
    for line in region_lines(region):
        click.echo(line)


@click.command()
@data_option
@click.option("--service", type=click.Choice(SERVICES), help="Only this one.")
@click.option("--facts/--no-facts", default=False, help="Send all kept facts once more.")
@click.option("--parked/--no-parked", default=True, show_default=True, help="Handle set-aside messages again.")
def replay(data: Path, service: str | None, facts: bool, parked: bool) -> None:
    """Handle again what was set aside, or send all facts again.

    Both are safe at any time: what was done already is recognised and not done twice.
    """
    with running(data) as node:
        for each in [service] if service else SERVICES:
            if facts:
                sent = node.housekeeping(each).ReplayFacts(housekeeping.ReplayFactsRequest())
                click.echo(f"{each}: {sent.facts} facts will be sent again.")
            if parked:
                done = node.housekeeping(each).ReplayParked(housekeeping.ReplayParkedRequest())
                click.echo(f"{each}: {done.handled} set-aside messages handled, {done.still_parked} still set aside.")


def _service_line(node: Node, service: str) -> str:
    now = node.housekeeping(service).GetHousekeepingStatus(housekeeping.GetHousekeepingStatusRequest())
    return (
        f"{service:<13} facts {now.facts} kept, {now.facts_unsent} not sent yet; {now.parked} set aside; "
        f"{now.timetable_overdue} jobs overdue; audit {now.audit_rows} rows, {now.audit_unsealed} not sealed yet"
    )


def region_lines(region: pb.GetFederationStatusResponse) -> list[str]:
    lines = [f"\n{region.name} ({region.slug}), {standing.place(region)}", *_hub_lines(region)]
    lines += [f"Problem: {region.problem}"] if region.problem else []
    for held in region.held:
        left = ", which left the region" if held.status == NODE_STATUS_LEFT else ""
        lines.append(f"We hold {held.items_held} of {held.items_live} items of {held.name}{left}.")
        lines += [f"  {alarm}" for alarm in held.alarms]
    return lines + [f"Attention: {alarm}" for alarm in region.alarms]


def _hub_lines(region: pb.GetFederationStatusResponse) -> Iterator[str]:
    if standing.outside(region):
        return
    yield "Signing what is shared." if region.signing else "Waiting to sign what is shared."
    if region.HasField("last_contact"):
        heard = _ago(region.last_contact.ToDatetime(UTC))
        yield f"Last answer of the hub: {heard}; not sent yet: {region.unsent}"


def _ago(moment: datetime) -> str:
    seconds = int((datetime.now(UTC) - moment).total_seconds())
    return f"{seconds} s ago" if seconds < 120 else f"{seconds // 60} minutes ago"
