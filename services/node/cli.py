"""The command line `fosse`: runs nodes and the demo, and speaks to a running node as its operator.

Each command imports what it needs when it is called, because `fosse node` stays in memory and the others do not.
"""

import os
import sys
import threading
from pathlib import Path
from typing import Any

import click

from services.common.errors import Refusal
from services.common.settings import BadSetting
from services.node.commands.account import account
from services.node.commands.audit import audit
from services.node.commands.backup import backup, restore
from services.node.commands.doctor import doctor
from services.node.commands.enrol import enrol
from services.node.commands.figures import figures
from services.node.commands.importing import import_members
from services.node.commands.invite import invite
from services.node.commands.leave import leave
from services.node.commands.localities import localities
from services.node.commands.member import member
from services.node.commands.reindex import reindex
from services.node.commands.setup import setup
from services.node.commands.status import replay, status
from services.node.commands.upgrade import upgrade
from services.node.commands.watch import watch
from services.node.folder import unusable
from services.node.settings import load


class Fosse(click.Group):
    """Answers a refusal with its sentence and exit code 1; a usage error ends with 2, as everywhere."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (Refusal, BadSetting) as refused:
            raise click.ClickException(_in_full(refused) if isinstance(refused, Refusal) else str(refused)) from refused


def _in_full(refused: Refusal) -> str:
    """The sentence, and what it says of single fields where it does not say that itself."""
    notes = [f"  {name}: {what}" for name, what in refused.fields.items() if what not in refused.sentence]
    return "\n".join([refused.sentence, *notes])


@click.group(cls=Fosse, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def fosse() -> None:
    """Fosse: communities of practice that share across counties.

    \b
    To look around:     fosse demo
    To run one node:    fosse node --data DIR --slug notts --name Nottinghamshire
    When in doubt:      fosse doctor --data DIR
    """


@fosse.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the node; made when missing.")
@click.option("--slug", help="Short label in the region, such as notts.")
@click.option("--name", help="What people read, such as Nottinghamshire.")
@click.option("--hub", is_flag=True, default=None, help="Other nodes enrol with this one.")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Of the web pages.  [default: 8400]")
@click.option("--door-port", type=int, help="Of a hub, where counties dial in.  [default: port + 20]")
@click.option("--provider-port", type=int, help="Of the built-in sign-in.  [default: port + 40]")
@click.option("--public-url", help="What people type, when it is not http://host:port.")
@click.option("--issuer", help="The county's own OpenID provider, instead of the built-in sign-in.")
@click.option("--client-id", help="What that provider knows this node by.  [default: fosse-gateway]")
@click.option("--client-secret-file", type=click.Path(path_type=Path), help="File with the secret it gave us.")
@click.option("--trusted-proxies", type=int, help="How many proxies may name the person's address.  [default: 0]")
@click.option("--searches-a-minute", type=int, help="How often one person may search.  [default: 300]")
@click.option("--no-gateway", is_flag=True, default=None, help="No web pages here; gunicorn uses the sockets.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True, help="End with the process that started this one.")
def node(until_stdin_closes: bool, no_gateway: bool | None, **options: Any) -> None:
    """Run one node: all services, sign-in and web pages in one process.

    What is not given is taken from FOSSE_NODE_… in the environment, then from the node's first start.
    End it with Ctrl-C or SIGTERM; requests under way are answered first.
    """
    from services.common import logs, signals
    from services.common.migrating import WrongVersion
    from services.node import embedded

    if no_gateway:
        options["gateway"] = False
    settings = load(options)
    logs.start(settings.slug)
    until = signals.told_to_end()
    if until_stdin_closes:
        threading.Thread(target=_set_when_stdin_closes, args=(until,), name="stdin", daemon=True).start()
    try:
        embedded.run(settings, until, lambda sentence: click.echo(sentence))
    except WrongVersion as wrong:
        raise click.ClickException(str(wrong)) from wrong
    except OSError as error:
        raise click.ClickException(unusable(settings.data, error)) from error


def _set_when_stdin_closes(until: threading.Event) -> None:
    # Not through sys.stdin: at the interpreter's end a thread inside its buffer is a fatal error.
    while os.read(0, 4096):
        pass
    until.set()


@fosse.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path(".data/demo"), show_default=True)
@click.option("--counties", default="notts,derbys,leics", show_default=True, help="Which; `all` for all six.")
@click.option("--port", type=int, help="Of the hub; the counties follow.  [default: 8400]")
def demo(data: Path, counties: str, port: int | None) -> None:
    """Start a region on this machine: a hub and counties, with invented people and resources.

    A second start uses what is there. Ctrl-C stops all of it.
    """
    from services.node.demo import show

    sys.exit(show.run(data, counties, port))


@fosse.command("demo-check")
@click.option("--keep", type=click.Path(path_type=Path), help="Leave the region's folders here for a look.")
def demo_check(keep: Path | None) -> None:
    """Play the main job on a fresh region, as browsers would, and say what happened step by step."""
    from services.node.demo import check

    sys.exit(check.run(keep))


@fosse.command("compose-check")
@click.option("--keep", is_flag=True, help="Leave the containers for a look.")
def compose_check(keep: bool) -> None:
    """Play the main job on a fresh region of containers: deploy/two-counties."""
    from services.node.demo import check

    sys.exit(check.run_composed(keep))


_COMMANDS = (
    *(account, audit, backup, doctor, enrol, figures, import_members, invite, leave, localities, member, reindex),
    *(replay, restore, setup, status, upgrade, watch),
)
for _command in _COMMANDS:
    fosse.add_command(_command)
