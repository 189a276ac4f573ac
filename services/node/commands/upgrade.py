"""Before and during an upgrade, by command."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import OperationalError

from services.common import version
from services.common.clock import utc_now
from services.common.errors import Conflict
from services.common.migrating import Standing, WrongVersion
from services.node.commands.options import data_option, stack_option
from services.node.folder import Folder, slug_of
from services.node.stack import Stack

if TYPE_CHECKING:
    from services.node.doctor.judging import Problem
    from services.node.upgrading import Upgrade

_WAY_BACK = "It can be called off: until the upgrade after this one, the software that runs now can be started again."
_NO_WAY_BACK = (
    "There is no way back but a backup: this upgrade leaves out a version, so what runs now does not start after it. "
    "Stop the node first."
)


@click.command()
@data_option
@click.option("--check", is_flag=True, help="Only look, and say what it would do.")
@click.option("--backups", type=click.Path(path_type=Path), help="Folder of the backups; one has to be of today.")
@stack_option
def upgrade(data: Path, check: bool, backups: Path | None, stack: Stack | None) -> None:
    """Bring the databases to this version, after a look at backup, disk and how the node is.

    A deployed node goes on meanwhile; an embedded one is stopped first, or just started with the new software, which
    does the same without a look. Killed at any point, it can be run again.
    """
    from services.node import upgrading

    what = upgrading.deployed(stack, backups) if stack else upgrading.embedded(data, slug_of(data), backups)
    try:
        to_do = upgrading.standings(what)
        _say(to_do)
        found = [*upgrading.problems(what, utc_now()), *_unwell(data, deployed=bool(stack))]
        _refuse(found, check)
        if not check:
            with nullcontext() if stack else Folder(data).held():
                _do(what, deployed=bool(stack))
    except WrongVersion as wrong:
        raise Conflict(str(wrong)) from wrong
    except OperationalError as away:
        raise Conflict("A database does not answer. Nothing was changed. Is PostgreSQL running?") from away


def _say(to_do: Mapping[str, Standing]) -> None:
    own = version.running()
    click.echo(f"This is Fosse {own.version} {own.revision[:7]}".rstrip() + ".")
    for name, each in to_do.items():
        if each.versions_to_go:
            click.echo(f"  {name}: {each.versions_to_go} to do")
    if not any(each.versions_to_go for each in to_do.values()):
        click.echo("All databases are up to date.")
    else:
        click.echo(_WAY_BACK if all(each.way_back for each in to_do.values()) else _NO_WAY_BACK)


def _refuse(found: "list[Problem]", check: bool) -> None:
    if found:
        lines = "\n".join(f"- {each.about}: {each.sentence}" for each in found)
        raise Conflict(f"Nothing was changed. Before an upgrade this needs a person:\n{lines}")
    if check:
        click.echo("Nothing stands in the way. Nothing was changed.")


def _do(what: "Upgrade", *, deployed: bool) -> None:
    from services.node import upgrading

    for name in upgrading.migrate(what):
        click.echo(f"  {name}: done")
    start = "`docker compose up -d --wait`" if deployed else "`fosse node`"
    click.echo(f"Now start the new software: {start}.")


def _unwell(data: Path, *, deployed: bool) -> "list[Problem]":
    from services.node.doctor.examining import examined

    if not deployed and not Folder(data).holder():
        return []
    # That this command is newer than the node is the point of it.
    return [each for each in examined(data)[1] if each.about != "versions"]
