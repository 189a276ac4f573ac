"""Where commands look for the parts of a deployed node."""

from pathlib import Path

import click
from click.testing import CliRunner

from services.node import upgrading
from services.node.backup import places
from services.node.commands.options import stack_option
from services.node.stack import Stack


def asked_of(*words: str) -> str:
    @click.command()
    @stack_option
    def show(stack: Stack | None) -> None:
        click.echo(repr(stack))

    return CliRunner().invoke(show, words, env={"FOSSE_SLUG": "notts"}).output.strip()


def test_a_node_is_deployed_where_both_its_volumes_and_its_secrets_are_named() -> None:
    assert asked_of("--volumes", "/v", "--secrets", "/s") == repr(Stack("notts", Path("/v"), Path("/s"), "postgres"))
    assert asked_of("--volumes", "/v") == asked_of("--secrets", "/s") == asked_of() == "None"


def test_a_backup_and_an_upgrade_look_in_the_same_databases_and_folders(tmp_path: Path) -> None:
    stack = Stack("notts", tmp_path / "volumes", tmp_path / "secrets", "db")
    (stack.volumes / "resource").mkdir(parents=True)

    kept, upgraded = places.deployed(stack), upgrading.deployed(stack, None)

    events = f"postgresql://events@db/events?passfile={tmp_path}/secrets/events/pgpass"
    assert kept.databases["events"] == upgraded.databases["events"] == events
    assert kept.accounts == f"postgresql://keycloak@db/keycloak?passfile={tmp_path}/secrets/keycloak/pgpass"
    assert [kept.folders["resource"]] == upgraded.disks == [stack.volumes / "resource"]
