"""The localities of a county: where members work and resources are used."""

from pathlib import Path

import click

from fosse.membership.v1 import membership_pb2 as pb
from services.node.calling import running
from services.node.commands.options import data_option


@click.command()
@data_option
@click.option("--add", "added", nargs=2, multiple=True, metavar="CODE NAME", help="Add or rename one; repeatable.")
def localities(data: Path, added: tuple[tuple[str, str], ...]) -> None:
    """List the county's localities, after adding some.

    CODE is an ODS or GSS code or a word of your own; it stays when the name changes. Files of members may use either.
    """
    with running(data) as node:
        for code, name in added:
            node.membership.PutLocality(pb.PutLocalityRequest(locality=pb.Locality(id=code, name=name)))
        found = node.membership.ListLocalities(pb.ListLocalitiesRequest()).localities
    for each in found:
        click.echo(f"{each.id:<12} {each.name}")
    if not found:
        click.echo('This node has none yet. Add the first: fosse localities --add 04K "Nottingham City"')
