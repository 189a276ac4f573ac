"""Makes the search index of a node anew from its database, while the node is stopped."""

from pathlib import Path

import click

from services.common.database import Database
from services.common.errors import Invalid
from services.node import settings
from services.node.commands.calling import data_option
from services.node.folder import Folder
from services.resource.service import rebuild_search


@click.command()
@data_option
def reindex(data: Path) -> None:
    """Make the search index anew. Stop the node first; nothing else is touched."""
    if settings.load({"data": data}).tls_dir:
        raise Invalid("The index of a deployed node cannot be made anew by this command yet. Nothing was changed.")
    folder = Folder(data)
    folder.prepare()
    with folder.held():
        db = Database(folder.database("resource"))
        try:
            count = rebuild_search(db, folder.path)
        finally:
            db.dispose()
    click.echo(f"The index holds {count} resources. Start the node again.")
