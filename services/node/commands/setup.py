"""The two steps that make a deployed node ready to start; each may be run again at any time."""

from collections.abc import Sequence
from pathlib import Path

import click

from services.common.clock import utc_now

_FOLDER = click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("/secrets"), show_default=True, help="All secrets.",
)  # fmt: skip


@click.group()
def setup() -> None:
    """Make a deployed node ready to start. docker compose runs this at each start; it changes only what is missing."""


@setup.command()
@_FOLDER
@click.option("--node", required=True, envvar="FOSSE_SLUG", help="Short label of the node, such as notts.")
def secrets(folder: Path, node: str) -> None:
    """Make keys, passwords and certificates, and renew certificates that end within a month."""
    from services.node.setup.secrets import lay_out

    _say(lay_out(folder, node, utc_now()), "All secrets are there.")


@setup.command()
@_FOLDER
@click.option("--host", default="postgres", show_default=True, help="Where PostgreSQL answers.")
def databases(folder: Path, host: str) -> None:
    """Make each process's database and role, and bring their tables up to date."""
    from services.common.migrating import WrongVersion
    from services.node.setup.databases import prepare

    try:
        _say(prepare(folder, host), "All databases are up to date.")
    except WrongVersion as wrong:
        raise click.ClickException(str(wrong)) from wrong


def _say(done: Sequence[str], nothing: str) -> None:
    for line in done:
        click.echo(f"made: {line}")
    if not done:
        click.echo(nothing)
