"""Joining a region: a code from the hub, a question from the county, and two people who compare words."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from fosse.federation.v1 import federation_pb2 as pb
from services.common.errors import Conflict, NotFound
from services.common.ids import new_id
from services.node.calling import Node, running
from services.node.commands.options import data_option

_MOMENT_S = 4.0


@click.group()
def enrol() -> None:
    """Join a county node to a region's hub.

    \b
    1. at the hub:      fosse enrol code
    2. at the county:   fosse enrol ask https://hub.example CODE
    3. by telephone:    compare the words that both screens show
    4. at the hub:      fosse enrol approve SLUG
    """


@enrol.command()
@data_option
def code(data: Path) -> None:
    """At the hub: make a code that lets one county ask. It is shown once."""
    with running(data) as node:
        made = node.federation.CreateEnrolmentCode(pb.CreateEnrolmentCodeRequest(id=new_id()))
    click.echo(f"Give this code to the county's operator: {made.code}")
    click.echo(f"It works once, until {_when(made.expires_at.ToDatetime(UTC))}.")


@enrol.command()
@data_option
@click.argument("hub_address")
@click.argument("code")
def ask(data: Path, hub_address: str, code: str) -> None:
    """At the county: ask the hub at HUB_ADDRESS to let this node in."""
    with running(data) as node:
        node.federation.RequestEnrolment(pb.RequestEnrolmentRequest(hub_address=hub_address, code=code))
        now = _after_a_moment(node)
    if now.enrolment == pb.ENROLMENT_STATE_DECLINED:
        raise Conflict(now.problem)
    click.echo(f"{now.problem or f'Asked {hub_address}.'} This node's words are:\n\n    {now.fingerprint_words}\n")
    click.echo("Read them to the hub's operator. Once they approve, sharing begins by itself.")


@enrol.command()
@data_option
def waiting(data: Path) -> None:
    """At the hub: who has asked, with the words to compare."""
    with running(data) as node:
        found = node.federation.GetFederationStatus(pb.GetFederationStatusRequest()).newcomers
    for each in found:
        click.echo(f"{each.slug}  {each.name}, asked {_when(each.asked_at.ToDatetime(UTC))}: {each.fingerprint_words}")
    if not found:
        click.echo("Nobody is waiting.")


@enrol.command()
@data_option
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Both screens were compared already.")
def approve(data: Path, slug: str, yes: bool) -> None:
    """At the hub: let the county called SLUG in."""
    with running(data) as node:
        newcomer = _newcomer(node.federation.GetFederationStatus(pb.GetFederationStatusRequest()).newcomers, slug)
        click.echo(f"{newcomer.name} must show these words:\n\n    {newcomer.fingerprint_words}\n")
        if not yes:
            click.confirm("Does the county's operator read out the same words?", abort=True)
        node.federation.ApproveNewcomer(
            pb.ApproveNewcomerRequest(enrolment_id=newcomer.enrolment_id, fingerprint_words=newcomer.fingerprint_words)
        )
    click.echo(f"{newcomer.name} is in. What it is allowed to read is on its way.")


@enrol.command()
@data_option
@click.argument("slug")
def decline(data: Path, slug: str) -> None:
    """At the hub: turn the county called SLUG away."""
    with running(data) as node:
        newcomer = _newcomer(node.federation.GetFederationStatus(pb.GetFederationStatusRequest()).newcomers, slug)
        node.federation.DeclineNewcomer(pb.DeclineNewcomerRequest(enrolment_id=newcomer.enrolment_id))
    click.echo(f"{newcomer.name} was turned away. It may ask again with a new code.")


def _after_a_moment(node: Node) -> pb.GetFederationStatusResponse:
    """How this node stands once the hub had time to say that it does not know the code."""
    ends = time.monotonic() + _MOMENT_S
    while True:
        now = node.federation.GetFederationStatus(pb.GetFederationStatusRequest())
        if now.problem or now.enrolment != pb.ENROLMENT_STATE_ASKED or time.monotonic() > ends:
            return now
        time.sleep(0.1)


def _newcomer(waiting: Iterable[pb.Newcomer], slug: str) -> pb.Newcomer:
    found = [each for each in waiting if each.slug == slug]
    if not found:
        raise NotFound(f"No county called {slug} has asked. `fosse enrol waiting` shows who has.")
    if len(found) > 1:
        raise NotFound(f"Several nodes called {slug} have asked. Decline those whose words nobody reads to you.")
    return found[0]


def _when(moment: datetime) -> str:
    return f"{moment.astimezone():%-d %B %Y at %H:%M}"
