"""Makes the search index of a running node anew from its database."""

from pathlib import Path

import click

from fosse.resource.v1 import resource_pb2 as pb
from services.common.text import plural
from services.node.calling import running
from services.node.commands.options import data_option


@click.command()
@data_option
def reindex(data: Path) -> None:
    """Make the search index anew from the database.

    Safe at any time, while people work: until it is made, the index before is asked.
    """
    with running(data) as node:
        made = node.resources.RebuildIndex(pb.RebuildIndexRequest())
    click.echo(f"The index is made anew from {plural(made.resources, 'resource')}.")
