"""The compose files beside docker-compose.yml fit it: a hub, a proxy that speaks TLS, a region on one machine."""

from pathlib import Path

import pytest

from services.common.topics import SERVICES
from tests import machine
from tests.composed import compose, configured

NODE = {"FOSSE_SLUG": "hub", "FOSSE_TLS_DIR": "./tls"}
REGION = sorted(each.name for each in (machine.ROOT / "deploy" / "two-counties").glob("*.env"))


@pytest.fixture(autouse=True)
def _engine() -> None:
    machine.need_containers()


def test_a_hub_opens_its_door_beside_the_pages_and_says_where_counties_dial() -> None:
    files = ("-f", "docker-compose.yml", "-f", "deploy/region/compose.yml")
    found = configured(*files, **NODE, FOSSE_DOOR_ADDRESS="hub.example:8420")

    opened = {name: [port["target"] for port in each["ports"]] for name, each in found.items() if "ports" in each}
    assert opened == {"gateway": [8080], "federation": [8420]}
    assert found["federation"]["environment"]["FOSSE_FEDERATION_DOOR_ADDRESS"] == "hub.example:8420"
    assert "Set FOSSE_DOOR_ADDRESS to the name and port that counties dial" in compose(*files, **NODE).stderr


def test_the_proxy_that_speaks_tls_is_as_closed_as_the_rest_and_is_believed() -> None:
    found = configured("-f", "docker-compose.yml", "-f", "deploy/tls/compose.yml", **NODE)

    proxy = found["tls"]
    assert proxy["read_only"] and proxy["cap_drop"] == ["ALL"] and proxy["mem_limit"]
    assert list(proxy["networks"]) == ["outside"]
    assert found["gateway"]["environment"]["FOSSE_GATEWAY_TRUSTED_PROXIES"] == "1"


def test_with_a_sign_in_of_the_countys_own_keycloak_is_left_out_and_nothing_waits_for_it() -> None:
    files = ("-f", "docker-compose.yml", "-f", "deploy/own-provider/compose.yml")
    found = configured(*files, **NODE, FOSSE_ISSUER="https://login.example", FOSSE_CLIENT_SECRET_FILE="/etc/secret")

    assert not {"keycloak", "identity"} & set(found)
    said = {**found["membership"]["environment"], **found["gateway"]["environment"]}
    theirs = {name: value for name, value in said.items() if "keycloak" in str(value) or "authority.pem" in str(value)}
    assert not theirs and said["FOSSE_MEMBERSHIP_ISSUER"] == said["FOSSE_GATEWAY_ISSUER"] == "https://login.example"
    assert "outside" in found["membership"]["networks"]
    assert [each["source"] for each in found["gateway"]["volumes"] if each["type"] == "bind"] == ["/etc/secret"]
    assert "Set FOSSE_ISSUER to your OpenID provider" in compose(*files, **NODE).stderr


def test_the_watch_runs_where_it_is_asked_for_and_needs_nothing_that_it_watches() -> None:
    given = {**NODE, "FOSSE_OPERATOR_MAIL": "ops@notts.example", "FOSSE_SMTP_HOST": "mail.example"}

    found = configured("-f", "docker-compose.yml", **given, COMPOSE_PROFILES="watch")

    watch, notification = found["watch"], found["notification"]
    assert "watch" not in configured("-f", "docker-compose.yml", **given)
    assert list(watch["depends_on"]) == ["secrets"] and sorted(watch["networks"]) == ["inside", "outside"]
    assert watch["read_only"] and watch["cap_drop"] == ["ALL"] and watch["mem_limit"] and "ports" not in watch
    mail = {name: value for name, value in notification["environment"].items() if "SMTP" in name or "SENDER" in name}
    assert mail.items() <= watch["environment"].items() and mail["FOSSE_NOTIFICATION_SMTP_HOST"] == "mail.example"


def test_postgresql_lets_in_as_many_connections_as_all_pools_may_open_together() -> None:
    found = configured(**NODE, FOSSE_DATABASE_CONNECTIONS="9")
    said = [value for each in found.values() for name, value in each.get("environment", {}).items()
            if name.endswith("_CONNECTIONS")]  # fmt: skip
    lets_in = int(found["postgres"]["entrypoint"][2].rpartition("max_connections=")[2])

    assert said == ["9"] * (len(SERVICES) + 1)
    workers, keycloak, commands = 2, 16, 16
    usual = 2 * 8 * (len(SERVICES) + workers) + keycloak + commands
    assert usual <= lets_in and found["keycloak"]["environment"]["KC_DB_POOL_MAX_SIZE"] == str(keycloak)


def test_who_set_nothing_reads_what_to_set_and_who_set_the_name_reads_nothing() -> None:
    assert "Set FOSSE_SLUG to a short label of your node, such as notts" in compose().stderr
    assert compose(FOSSE_SLUG="notts").stderr == ""


@pytest.mark.parametrize("settings", REGION)
def test_in_a_region_on_one_machine_only_what_has_to_meet_is_on_the_shared_network(settings: str) -> None:
    found = configured("--env-file", str(Path("deploy/two-counties") / settings))

    meeting = {name for name, each in found.items() if "region" in each.get("networks", {})}
    assert meeting == {"federation", "tls"} & set(found)
    slug = settings.removesuffix(".env")
    for name in (*SERVICES, "gateway"):
        assert found[name]["networks"]["inside"]["aliases"] == [f"{name}.{slug}"]


def test_the_nodes_of_a_region_on_one_machine_share_no_port_and_no_project() -> None:
    files = [dict(line.split("=", 1) for line in _lines(each)) for each in REGION]
    ports = [value for each in files for name, value in each.items() if name.endswith("_LISTEN")]

    assert len(files) == 3 and len(set(ports)) == len(ports)
    assert len({each["FOSSE_PROJECT"] for each in files}) == 3
    assert all(each.startswith("127.0.0.1:") for each in ports)


def _lines(name: str) -> list[str]:
    return (machine.ROOT / "deploy" / "two-counties" / name).read_text(encoding="utf-8").splitlines()
