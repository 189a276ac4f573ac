"""Letting a person in: a member of a community, and a link that ties their sign-in to it."""

import hashlib
from datetime import UTC
from pathlib import Path

import click

from fosse.common.v1.access_pb2 import Role
from fosse.federation.v1 import federation_pb2 as federation
from fosse.membership.v1 import membership_pb2 as pb
from services.common.errors import Invalid
from services.common.ids import new_id
from services.node import settings
from services.node.calling import Node, running
from services.node.commands import people
from services.node.commands.options import data_option
from services.node.folder import Folder
from services.node.provider.accounts import Accounts

_ROLES = {name.removeprefix("ROLE_").lower(): value for name, value in Role.items() if value}


@click.command()
@data_option
@click.argument("name")
@click.argument("email")
@click.option("--community", help="Needed for the first person, and where the node has several.")
@click.option("--organisation", required=True, help="Who the person works for.")
@click.option("--organisation-type", default="home_residential", show_default=True, help="Code of the vocabulary.")
@click.option("--job-title", default="", help="Such as: Registered manager.")
@click.option("--role", "roles", multiple=True, type=click.Choice(sorted(_ROLES)), help="Beside member; repeatable.")
def invite(
    data: Path, name: str, email: str, community: str | None, organisation: str, organisation_type: str,
    job_title: str, roles: tuple[str, ...],
) -> None:  # fmt: skip
    """Invite a person by name and e-mail, and print a link to give them.

    The link works once. Inviting somebody again makes a new link, never a second member.
    """
    with running(data) as node:
        community_id = _community(node, community)
        member = _known(node, community_id, name, email) or pb.Member(
            id=new_id(),
            name=name,
            email=email,
            job_title=job_title,
            organisation_id=_organisation(node, organisation, organisation_type),
            community_id=community_id,
            roles=[Role.ROLE_MEMBER, *(_ROLES[each] for each in roles if each != "member")],
        )
        if not member.version:
            member = node.membership.PutMember(pb.PutMemberRequest(member=member)).member
        link = node.membership.CreateInvitation(pb.CreateInvitationRequest(id=new_id(), member_id=member.id))
    given = settings.load({"data": data})
    if given.built_in_provider and not given.tls_dir:
        accounts = Accounts(Folder(data).path / "provider" / "people.json")
        accounts.add(name, job_title or organisation, key=member.id)
        click.echo("This node's own sign-in has no passwords, so it and the link work on this computer only.")
    click.echo(f"Give this link to {member.name}: {given.address}/invitation/{link.code}")
    click.echo(f"It works once, until {link.expires_at.ToDatetime(UTC).astimezone():%-d %B %Y at %H:%M}.")


def _community(node: Node, name: str | None) -> str:
    found = list(node.membership.ListCommunities(pb.ListCommunitiesRequest()).communities)
    named = [each for each in found if name is None or each.name == name]
    if len(named) == 1:
        return named[0].id
    if name is None:
        names = "; ".join(each.name for each in found)
        raise Invalid(f"Say which community with --community. This node has: {names or 'none yet, so name the first'}.")
    return node.membership.PutCommunity(pb.PutCommunityRequest(id=new_id(), name=name)).community.id


def _organisation(node: Node, name: str, type: str) -> str:
    # There is no search for organisations yet; an id made of the name finds it again.
    node_id = node.federation.GetFederationStatus(federation.GetFederationStatusRequest()).node_id
    organisation_id = hashlib.sha256(f"{node_id}|organisation|{name.casefold()}".encode()).hexdigest()[:32]
    organisation = pb.Organisation(id=organisation_id, name=name, type=type)
    return node.membership.PutOrganisation(pb.PutOrganisationRequest(organisation=organisation)).organisation.id


def _known(node: Node, community_id: str, name: str, email: str) -> pb.Member | None:
    # By both: a home's people often share one mailbox, and a link to a colleague's membership is not theirs.
    wanted = (name.casefold(), email.casefold())
    found = (each for each in people.members(node, community_id) if not each.left)
    return next((each for each in found if (each.name.casefold(), each.email.casefold()) == wanted), None)
