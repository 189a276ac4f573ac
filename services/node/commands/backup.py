"""Backups of a node, and nodes made from backups, by command."""

import os
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import OperationalError

from services.common.clock import utc_now
from services.common.errors import Conflict, Invalid
from services.common.files import write_private
from services.common.migrating import WrongVersion
from services.common.text import plural
from services.node.commands.options import data_option, stack_option
from services.node.folder import slug_of, unusable
from services.node.stack import Stack

if TYPE_CHECKING:
    from services.node.backup.places import Place
    from services.node.backup.restoring import Contents

_PATH = click.Path(path_type=Path)


@click.group(invoke_without_command=True)
@data_option
@click.option("--to", type=_PATH, help="The new file, or a folder that gets a file named by node and time.")
@click.option("--recipient", default="", envvar="FOSSE_BACKUP_RECIPIENT", help="Whose key opens it: age1…")
@click.option("--keep", type=click.IntRange(1), help="Of the backups of this node in the folder, only so many.")
@stack_option
@click.pass_context
def backup(
    ctx: click.Context, /, data: Path, stack: Stack | None, to: Path | None, recipient: str, keep: int | None
) -> None:
    """Write everything that has to outlive this node into one encrypted file, while it runs or not.

    \b
    Once:       fosse backup key notts.key        (keep that file away from this machine)
    Each day:   fosse backup --to FOLDER --recipient age1…
    """
    if ctx.invoked_subcommand:
        return
    if not to or not recipient:
        raise Invalid(
            "Say where the backup goes with --to, and who can open it with --recipient age1… (with docker compose, by "
            "FOSSE_BACKUP_RECIPIENT in .env); `fosse backup key FILE` makes a key and says its recipient. Nothing was "
            "written."
        )
    _back_up(data, stack, to=to, recipient=recipient, keep=keep)


@backup.command()
@click.argument("file", type=_PATH)
def key(file: Path) -> None:
    """Make the key that opens backups, in FILE, and say its recipient. Without the file no backup can be opened."""
    from services.node.backup import archive

    if file.exists():
        raise Conflict(f"{file} is there already. Nothing was written. Name another file.")
    content, recipient = archive.new_key()
    try:
        write_private(file, content)
    except OSError as error:
        raise Invalid(f"The key could not be written to {file}: {error.strerror or error}.") from error
    click.echo(recipient)


@click.command()
@click.argument("file", type=_PATH)
@click.option(
    "--identity", type=_PATH, required=True, help="The key file that opens it; - reads it from standard input."
)
@click.option("--check", is_flag=True, help="Only read it to its end and say whether it is sound.")
@data_option
@stack_option
def restore(file: Path, identity: Path, check: bool, data: Path, stack: Stack | None) -> None:
    """Make a node from a backup, in a folder or a stack that holds nothing yet.

    Killed at any point, it can be run again. Nothing starts on what is half restored.
    """
    from services.node.backup import archive, restoring

    began, now = time.monotonic(), utc_now()
    opens = archive.identity_of(identity)
    with restoring.opened(file) as found:
        contents = restoring.read(found, opens)
        said = f"{sum(contents.rows.values())} rows and {contents.files} files of {contents.about.node}"
        age = f"made {_words(now - contents.about.made_at)} ago"
        if check:
            click.echo(f"This backup is sound: {said}, {age}.")
            click.echo("That does not tell who made it: whoever knows the recipient can. Restore only what you made.")
            return
        _restore(lambda place: restoring.restore(found, opens, contents, place, now), contents.about.node, data, stack)
    click.echo(f"Restored: {said}. The backup was {age}; what happened since is not in it.")
    click.echo("Start the node: it tells its facts again, and makes its search anew.")
    if of_accounts := _of_accounts(contents, onto_stack=bool(stack)):
        click.echo(of_accounts)
    click.echo(f"RPO {_seconds(now - contents.about.made_at)} s, RTO {time.monotonic() - began:.1f} s")


def _back_up(data: Path, stack: Stack | None, *, to: Path, recipient: str, keep: int | None) -> None:
    from services.node.backup import places, saving

    place = places.deployed(stack) if stack else places.embedded(data, slug_of(data))
    now = utc_now()
    target = to / f"{place.node}-{now:{places.STAMP}}.age" if to.is_dir() else to
    try:
        saved = saving.save(place, target, recipient, now)
    except (WrongVersion, OperationalError) as wrong:
        raise _sentence(wrong) from wrong
    click.echo(f"{saved.path}: {saved.rows} rows, {saved.files} files, {saved.bytes / 1e6:.1f} MB.")
    if keep and to.is_dir():
        # A clock that ran ahead left names later than this one's.
        others = sorted(set(to.glob(f"{place.node}-{places.STAMPS}")) - {target})
        for old in others[: max(len(others) - keep + 1, 0)]:
            old.unlink()


def _restore(put: Callable[["Place"], None], backed_up: str, data: Path, stack: Stack | None) -> None:
    from services.node.backup import places

    # Databases hold names and addresses.
    os.umask(0o077)
    try:
        if not stack:
            _restore_folder(put, data, backed_up)
        elif stack.node != backed_up:
            raise Conflict(
                f"This is a backup of {backed_up}, and this stack is {stack.node}. Nothing was restored. Set "
                f"FOSSE_SLUG to {backed_up} before the stack's first start."
            )
        else:
            put(places.deployed(stack))
    except (WrongVersion, OperationalError, OSError) as wrong:
        raise _sentence(wrong) from wrong


def _sentence(wrong: Exception) -> Conflict:
    if isinstance(wrong, WrongVersion):
        return Conflict(str(wrong))
    if isinstance(wrong, OSError):
        what = f"{wrong.filename or 'The disk'} cannot be written: {wrong.strerror or wrong}."
        return Conflict(f"{what} Nothing starts on what is half restored; mend that, then run the same command again.")
    return Conflict("A database does not answer. Is PostgreSQL running, with the volume that belongs to these secrets?")


def _restore_folder(put: Callable[["Place"], None], data: Path, backed_up: str) -> None:
    """Beside the folder, which then takes its name: there is no half restored folder."""
    from services.node.backup import places

    data = data.absolute()
    if data.exists() and any(data.iterdir()):
        raise Conflict(f"The folder {data} is not empty. Nothing was changed. Name a new one with --data.")
    beside = data.with_name(f".{data.name}.restoring")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(mode=0o700, parents=True)
        put(places.embedded(beside, backed_up))
        os.replace(beside, data)
    except OSError as error:
        raise Invalid(unusable(data, error)) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _of_accounts(contents: "Contents", *, onto_stack: bool) -> str:
    if onto_stack and contents.people:
        waiting = plural(contents.people, "account waits", "accounts wait")
        return f"{waiting} for Keycloak's first start: people sign in there as before."
    if onto_stack and contents.embedded:
        return (
            "An embedded node's accounts have no passwords and stay behind: people make an account here and ask to "
            "join, and a convenor who knows them confirms that they are who they were."
        )
    if contents.people:
        staying = plural(contents.people, "account of Keycloak stays", "accounts of Keycloak stay")
        return f"{staying} behind: an embedded node has its own sign-in. Nothing is taken out of the backup."
    return ""


def _words(age: timedelta) -> str:
    minutes = _seconds(age) // 60
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def _seconds(age: timedelta) -> int:
    return max(0, int(age.total_seconds()))
