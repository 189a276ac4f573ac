"""The steps that make a deployed node ready to start; each may be run again at any time."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from services.common.clock import utc_now

if TYPE_CHECKING:
    from services.node.setup.realm import MailServer

_FOLDER = click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("/secrets"), show_default=True, help="All secrets.",
)  # fmt: skip
_HOST = click.option("--host", default="postgres", show_default=True, help="Where PostgreSQL answers.")

_PUBLIC_URL = click.option(
    "--public-url", default="http://localhost:8080", envvar="FOSSE_PUBLIC_URL", help="What people type."
)


@click.group()
def setup() -> None:
    """Make a deployed node ready to start. docker compose runs this at each start; it changes only what is missing."""


@setup.command()
@_FOLDER
@click.option("--node", required=True, envvar="FOSSE_SLUG", help="Short label of the node, such as notts.")
@_PUBLIC_URL
def secrets(folder: Path, node: str, public_url: str) -> None:
    """Make keys, passwords and certificates, and renew certificates that end within a month."""
    from gateway.settings import origin_of
    from services.node.setup.secrets import lay_out

    # Said by the first step: with a wrong one Keycloak and membership would start again and again.
    origin_of(public_url)
    _say(lay_out(folder, node, utc_now()), "All secrets are there.")


@setup.command()
@_FOLDER
@_HOST
def databases(folder: Path, host: str) -> None:
    """Make each process's database and role, and bring their tables up to date."""
    from services.common.migrating import WrongVersion
    from services.node.setup.databases import prepare

    try:
        _say(prepare(folder, host), "All databases are up to date.")
    except WrongVersion as wrong:
        raise click.ClickException(str(wrong)) from wrong


@setup.command()
@_FOLDER
@click.option("--server", default="https://keycloak:8443/id", show_default=True, help="Where Keycloak answers.")
@_HOST
@_PUBLIC_URL
@click.option("--smtp-host", default="", envvar="FOSSE_SMTP_HOST", help="Empty: forgotten passwords are not mailed.")
@click.option("--smtp-port", default=587, envvar="FOSSE_SMTP_PORT")
@click.option("--smtp-tls", default="starttls", envvar="FOSSE_SMTP_TLS", help="starttls, tls or none.")
@click.option("--smtp-user", default="", envvar="FOSSE_SMTP_USER")
@click.option("--smtp-password-file", type=click.Path(path_type=Path), envvar="FOSSE_SMTP_PASSWORD_FILE")
@click.option("--mail-sender", default="fosse@localhost", envvar="FOSSE_MAIL_SENDER", help="Whom mails are from.")
def identity(folder: Path, server: str, host: str, public_url: str, **mail: Any) -> None:
    """Bring the realm of the node's own Keycloak to what this version and the settings say."""
    from services.node.setup.identity import Place, prepare
    from services.node.stack import database_of

    place = Place(folder, server, database_of(folder, host, "keycloak"))
    _say(prepare(place, public_url, _mail_server(**mail)), "The realm is as it should be.")


def _mail_server(
    smtp_host: str, smtp_port: int, smtp_tls: str, smtp_user: str, smtp_password_file: Path | None, mail_sender: str
) -> "MailServer | None":
    from services.node.setup.realm import MailServer

    if not smtp_host:
        return None
    password = smtp_password_file.read_text(encoding="utf-8").strip() if smtp_password_file else ""
    return MailServer(smtp_host, smtp_port, smtp_tls, mail_sender, smtp_user, password)


def _say(done: Sequence[str], nothing: str) -> None:
    for line in done:
        click.echo(f"made: {line}")
    if not done:
        click.echo(nothing)
