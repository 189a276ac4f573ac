"""Looks a node over and says what needs a person; exit status 1 when something does."""

import sys
from pathlib import Path

import click

from services.common import version
from services.node.commands.options import data_option
from services.node.doctor import telling
from services.node.doctor.examining import examined


@click.command()
@data_option
@click.option("--json", "for_machines", is_flag=True, help="Everything that was found, as JSON.")
@click.option("--quiet", is_flag=True, help="Say nothing when all is well, so that cron mails only what needs you.")
def doctor(data: Path, for_machines: bool, quiet: bool) -> None:
    """Look this node over: what runs, how far behind it is, and what needs a person and why.

    The exit status is 1 when something needs a person.
    """
    report, found = examined(data)
    own = version.running()
    if quiet and not found:
        return
    if for_machines:
        click.echo(telling.as_json(report, found, own))
    else:
        for line in telling.screen(report, found, own):
            click.echo(line)
    if found:
        sys.exit(1)
