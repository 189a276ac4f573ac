"""Members and organisations from a CSV file: the file is checked, what was found is printed, then it is applied."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from fosse.membership.v1 import importing_pb2 as pb
from services.common.errors import Conflict, Invalid
from services.common.ids import new_id
from services.common.text import plural
from services.node.calling import Node, running
from services.node.commands import people
from services.node.commands.options import data_option

_LOOK_S = 0.2
_STDIN = Path("-")
_MOST_BYTES = 3 * 1024 * 1024
_STOPPED = frozenset({pb.IMPORT_STATE_UNUSABLE, pb.IMPORT_STATE_FAILED})
_WORKING = frozenset({pb.IMPORT_STATE_CHECKING, pb.IMPORT_STATE_APPLYING})


@click.command("import")
@data_option
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option("--community", help="Its name; needed where the node has several.")
@click.option("--apply/--check", "applying", help="Apply the good rows, or only check the file.  [default: check]")
@click.option("--yes", is_flag=True, help="Apply without asking.")
def import_members(data: Path, file: Path, community: str | None, applying: bool, yes: bool) -> None:
    """Bring in members and organisations from a CSV FILE; `-` reads it from standard input.

    Bad rows are named by line, column and reason; good rows are kept. Importing again changes nothing.
    docs/import.md tells what the columns are called.
    """
    if applying and not yes and file == _STDIN:
        raise Invalid("A file on standard input leaves nobody to ask. Check it first, then add --yes to --apply.")
    content = _read(file)
    with running(data) as node:
        import_id = new_id()
        asked = pb.CheckImportRequest(id=import_id, community_id=people.community(node, community).id, csv=content)
        node.importing.CheckImport(asked)
        found = _until_done(node, import_id, "Checking")
        if found.state in _STOPPED:
            raise Invalid(found.problem)
        _report(node, found)
        good = found.rows - found.bad_rows
        if not applying or not _changes(found):
            node.importing.DropImport(pb.DropImportRequest(id=import_id))
            click.echo("Nothing was changed." if applying else "Nothing was changed. Add --apply to apply good rows.")
            return
        if not yes and not click.confirm(f"Apply the {plural(good, 'good row')}?"):
            node.importing.DropImport(pb.DropImportRequest(id=import_id))
            raise Conflict("Nothing was changed, and the file is forgotten.")
        node.importing.ApplyImport(pb.ApplyImportRequest(id=import_id))
        done = _until_done(node, import_id, "Applying")
    if done.state != pb.IMPORT_STATE_APPLIED:
        raise Conflict(done.problem)
    click.echo(f"Applied: {_counted(done)}.")


def _read(file: Path) -> bytes:
    """As much as tells the service that a file is too large, which it then says in words."""
    with click.open_file(str(file), "rb") as opened:
        content: bytes = opened.read(_MOST_BYTES + 1)
    return content


def _until_done(node: Node, import_id: str, doing: str) -> pb.Import:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=None)
        while True:
            found = _one(node.importing.GetImport(pb.GetImportRequest(id=import_id)))
            progress.update(task, total=found.rows or None, completed=found.done)
            if found.state not in _WORKING:
                return found
            time.sleep(_LOOK_S)


def _report(node: Node, found: pb.Import) -> None:
    click.echo(found.read_as)
    click.echo(f"{plural(found.rows, 'row')}: {_counted(found)}.")
    for cell in _bad_cells(node, found.id):
        click.echo(f"  {_where(cell)}: {cell.reason}")
    for cell in node.importing.GetImport(pb.GetImportRequest(id=found.id)).notices:
        click.echo(f"  ({_where(cell)}: {cell.reason})")


def _where(cell: pb.BadCell) -> str:
    return f"line {cell.line}" + (f", {cell.column}" if cell.column else "")


def _bad_cells(node: Node, import_id: str) -> Iterator[pb.BadCell]:
    token = ""
    while True:
        page = node.importing.GetImport(pb.GetImportRequest(id=import_id, page_size=100, page_token=token))
        yield from page.bad_cells
        token = page.next_page_token
        if not token:
            return


def _changes(found: pb.Import) -> bool:
    return any((found.new_members, found.changed_members, found.new_organisations, found.changed_organisations))


def _counted(found: pb.Import) -> str:
    return (
        f"{plural(found.new_members, 'new member')}, {found.changed_members:,} changed, {found.unchanged_members:,} "
        f"as they should be already, {plural(found.new_organisations, 'new organisation')}, "
        f"{plural(found.changed_organisations, 'changed organisation')}, {plural(found.bad_rows, 'bad row')}"
    )


def _one(response: Any) -> pb.Import:
    # `import` is a word of Python's own.
    found: pb.Import = getattr(response, "import")
    return found
