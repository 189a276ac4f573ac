"""What the operator does to an account of the node's own Keycloak, where its owner cannot."""

from pathlib import Path

import click

_FOLDER = click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("/secrets"), help="Keycloak's secrets."
)
_SERVER = click.option("--server", default="https://keycloak:8443/id", help="Where Keycloak answers.")


@click.group()
def account() -> None:
    """Help somebody back into their account. Be sure who asks: ring them.

    \b
    docker compose run --rm identity fosse account password NAME
    """


@account.command()
@click.argument("name")
@_FOLDER
@_SERVER
def password(name: str, folder: Path, server: str) -> None:
    """Give the account NAME a password for one sign-in, at which its owner chooses another."""
    from services.node.setup import accounts

    made = accounts.new_password(folder, server, name)
    click.echo(f"Tell {name} this password. It is for one sign-in; then they choose another:", err=True)
    click.echo(made)


@account.command()
@click.argument("name")
@_FOLDER
@_SERVER
def forget_code(name: str, folder: Path, server: str) -> None:
    """Take away the one-time code of the account NAME, after a lost telephone; a convenor sets up another."""
    from services.node.setup import accounts

    taken = accounts.forget_codes(folder, server, name)
    click.echo("Taken away." if taken else "This account has no one-time code. Nothing was changed.")
