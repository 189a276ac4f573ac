"""A county leaves its region, after somebody typed its name."""

import time
from pathlib import Path

import click

from fosse.federation.v1 import federation_pb2 as pb
from services.common.errors import Conflict
from services.node.calling import Node, running
from services.node.commands.options import data_option

_MOMENT_S = 30.0


@click.command()
@data_option
@click.option("--withdraw", is_flag=True, help="Take back what other nodes hold of this one.")
@click.option("--county", help="Its name, instead of typing it when asked.")
def leave(data: Path, withdraw: bool, county: str | None) -> None:
    """At the county: leave the region. Everything local stays and goes on.

    What other nodes hold of this county stays there, marked as of one that left, unless --withdraw takes it back. The
    county may join again later, with a new code from the hub.
    """
    with running(data) as node:
        now = _status(node)
        _confirm(now, withdraw, county)
        node.federation.LeaveRegion(pb.LeaveRegionRequest(withdraw=withdraw))
        now = _after_a_moment(node)
    if now.enrolment != pb.ENROLMENT_STATE_LEFT:
        click.echo(f"{now.name} leaves as soon as the hub has heard it; `fosse status` says when.")
        click.echo(now.problem or "What waits is on its way.")
        return
    click.echo(f"{now.name} has left the region. Nothing is exchanged any more; everything local goes on.")


def _confirm(now: pb.GetFederationStatusResponse, withdraw: bool, county: str | None) -> None:
    stays = "What others hold of it is taken back." if withdraw else "What others hold of it stays there, marked."
    click.echo(f"{now.name} leaves the region of {now.hub_address or 'no hub'}. {stays}")
    typed = county or click.prompt("Type the county's name to go on", default="", show_default=False)
    if typed.strip() != now.name:
        raise Conflict(f"That is not the name of this county, which is {now.name}. Nothing was changed.")


def _after_a_moment(node: Node) -> pb.GetFederationStatusResponse:
    """How this node stands once the hub had time to hear it."""
    ends = time.monotonic() + _MOMENT_S
    while (now := _status(node)).enrolment == pb.ENROLMENT_STATE_LEAVING and time.monotonic() < ends:
        time.sleep(0.2)
    return now


def _status(node: Node) -> pb.GetFederationStatusResponse:
    return node.federation.GetFederationStatus(pb.GetFederationStatusRequest())
