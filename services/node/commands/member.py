"""What the operator does about one member: looks, gives and takes roles, shuts the door and opens it, ends it."""

from collections.abc import Iterable
from pathlib import Path

import click

from fosse.common.v1.access_pb2 import Role
from fosse.membership.v1 import membership_pb2
from fosse.membership.v1 import standing_pb2 as pb
from services.common.errors import Invalid
from services.node.calling import Node, running
from services.node.commands import people
from services.node.commands.options import data_option

_ROLES = {name.removeprefix("ROLE_").lower(): value for name, value in Role.items() if value}
_CHOICE = click.Choice(sorted(set(_ROLES) - {"member"}))
_ONE = click.argument("member", metavar="MEMBER")


@click.group()
def member() -> None:
    """Look after members. MEMBER is an id, or its first six digits or more.

    What is changed here is noted in the audit trail as done by the operator; accounts at the node's own sign-in follow
    within a minute.
    """


@member.command("list")
@data_option
@click.argument("words", nargs=-1)
@click.option("--community", help="Only of this one, by its name.")
def list_members(data: Path, words: tuple[str, ...], community: str | None) -> None:
    """List members, or those whose name or e-mail address has all WORDS in it."""
    found = False
    with running(data) as node:
        for here in people.communities(node, community):
            for each in people.members(node, here.id):
                if all(word.casefold() in f"{each.name} {each.email}".casefold() for word in words):
                    found = True
                    click.echo(f"{each.id}  {each.name} <{each.email}>, {_how(each)}; {here.name}")
    if not found:
        click.echo("Nobody has these words." if words else "There are no members yet.")


@member.command()
@data_option
@_ONE
def show(data: Path, member: str) -> None:
    """Show one member, with the roles in each community."""
    with running(data) as node:
        _show(_described(node, member))


@member.command()
@data_option
@_ONE
@click.option("--give", "given", multiple=True, type=_CHOICE, help="Repeatable.")
@click.option("--take", "taken", multiple=True, type=_CHOICE, help="Repeatable.")
@click.option("--community", help="Its name; needed where the node has several. `operator` is of the whole node.")
def roles(data: Path, member: str, given: tuple[str, ...], taken: tuple[str, ...], community: str | None) -> None:
    """Give roles, and take some away. A new convenor sets up a one-time code at the next sign-in."""
    if not given and not taken:
        raise Invalid("Say a role with --give or --take. Nothing was changed.")
    with running(data) as node:
        before = _described(node, member)
        here = "" if {*given, *taken} == {"operator"} else people.community(node, community).id
        node.standing.ChangeRoles(
            pb.ChangeRolesRequest(
                member_id=before.member.id,
                expected_version=before.member.version,
                community_id=here,
                given=[_ROLES[each] for each in given],
                taken=[_ROLES[each] for each in taken],
            )
        )
        _show(_described(node, before.member.id))


@member.command()
@data_option
@_ONE
def disable(data: Path, member: str) -> None:
    """Shut somebody out for now: signed out within a minute, and kept out. Nothing they made is touched."""
    _stand(data, member, pb.MEMBER_STANDING_DISABLED)


@member.command()
@data_option
@_ONE
def enable(data: Path, member: str) -> None:
    """Let somebody in again who was disabled, or came back."""
    _stand(data, member, pb.MEMBER_STANDING_ENABLED)


@member.command()
@data_option
@_ONE
@click.option("--yes", is_flag=True, help="Without asking.")
def end(data: Path, member: str, yes: bool) -> None:
    """End somebody's membership: shut out, and without roles should they ever come back.

    What they made stays, as the community's.
    """
    if not yes:
        with running(data) as node:
            _show(_described(node, member))
        click.confirm("End this membership?", abort=True)
    _stand(data, member, pb.MEMBER_STANDING_ENDED)


def _stand(data: Path, member: str, standing: pb.MemberStanding.ValueType) -> None:
    with running(data) as node:
        before = _described(node, member).member
        node.standing.ChangeStanding(
            pb.ChangeStandingRequest(member_id=before.id, expected_version=before.version, standing=standing)
        )
        _show(_described(node, before.id))


def _described(node: Node, member: str) -> pb.DescribeMemberResponse:
    return node.standing.DescribeMember(pb.DescribeMemberRequest(member_id=people.member_id(node, member)))


def _show(found: pb.DescribeMemberResponse) -> None:
    click.echo(f"{found.member.id}  {found.member.name} <{found.member.email}>, {_how(found.member)}")
    click.echo(f"  {found.organisation_name or 'No organisation'}")
    for each in found.communities:
        click.echo(f"  {each.community_name}: {_named(each.roles)}")
    if found.operator:
        click.echo("  Operator of this node")


def _how(member: membership_pb2.Member) -> str:
    if member.left:
        return "shut out"
    return "signs in" if member.bound else "has not signed in yet"


def _named(given: Iterable[int]) -> str:
    return ", ".join(name for name, role in _ROLES.items() if role in set(given))
