"""`docker compose up -d --wait` makes a county that people use, and each of its processes can do its own work only."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Page

from services.common.clock import utc_now
from services.common.ids import new_id
from services.common.topics import SERVICES
from services.node.backup.places import STAMP
from services.node.cli import fosse
from tests.composed import OURS, Compose, a_county, in_one_line, lines
from tests.containers import newcomers
from tests.waiting import until

pytestmark = [pytest.mark.xdist_group("compose"), pytest.mark.timeout(900)]
DATABASES = (*OURS, "keycloak")
CONNECT = """
import psycopg, sys
password = open("/run/secrets/fosse/pgpass").read().strip().rpartition(":")[2]
try:
    psycopg.connect(host="postgres", user=sys.argv[1], dbname=sys.argv[2], password=password).close()
    print("in")
except psycopg.OperationalError as refused:
    print(refused)
"""
FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
LOOK_OUT = "import socket; socket.create_connection(('192.0.2.1', 443), 3)"


@pytest.fixture(scope="module")
def county() -> Iterator[Compose]:
    with a_county("notts", "Nottinghamshire") as up:
        yield up


@pytest.fixture(scope="module")
def convenor(county: Compose, chromium: Browser) -> Iterator[Page]:
    """Invited by the operator, with an account made on the way in, signed in."""
    place = ("--community", "Care homes", "--organisation", "The Laurels", "--role", "convenor")
    invited = county.fosse("invite", "Cath Convenor", "cath@homes.example", *place)
    link = re.search(r"http://\S+/invitation/\S+", "\n".join(lines(invited)))
    assert link
    with chromium.new_context() as context:
        page = context.new_page()
        newcomers.comes_in(page, link[0])
        yield page


def test_a_convenor_gets_in_by_an_invitation_and_announces_a_meeting_that_is_mailed(
    county: Compose, convenor: Page
) -> None:
    """Gateway to services with a pass, a fact over Kafka, and notification asking two services back."""
    wanted = {"id": new_id(), "communityId": newcomers.community(county.address, convenor), "words": newcomers.words()}
    meeting = newcomers.posts(county.address, convenor, "/api/v1/meetings", **wanted).json()["meeting"]
    newcomers.posts(
        county.address,
        convenor,
        f"/api/v1/meetings/{meeting['id']}:announce",
        expectedVersion=meeting["version"],
        invite=True,
    )

    until(lambda: "You are invited" in county.mails(), "the invitation is mailed", within_s=60)
    assert f"{county.address}/l/" in county.mails()
    until(lambda: all("0 not sent yet" in line for line in _status(county)), "every fact is sent", within_s=30)


def test_the_audit_trails_of_all_processes_are_signed_for_and_a_history_holds_elsewhere(
    county: Compose, convenor: Page, tmp_path: Path
) -> None:
    checked = lines(county.fosse("audit", "check"))
    item = newcomers.community(county.address, convenor)
    history = tmp_path / "history.json"
    history.write_text("\n".join(lines(county.fosse("audit", "export", item, "--to", "-"))))

    node_id = re.findall(r"This node is ([0-9a-f]{64})", checked[-1])[0]
    verified = CliRunner().invoke(fosse, ["audit", "verify", str(history), "--key", node_id])

    assert [line.split(" ")[0] for line in checked[: len(SERVICES)]] == list(SERVICES)
    assert checked[-2] == "Compared with what this node signed itself: no hub keeps heads of it."
    assert "community put, by operator" in verified.output, verified.output


def test_every_process_runs_as_nobody_on_files_that_cannot_be_changed(county: Compose) -> None:
    ours = [each for each in county.containers() if _service(each) in OURS]
    assert sorted(map(_service, ours)) == sorted(OURS)

    for each in ours:
        host = each["HostConfig"]
        assert (each["Config"]["User"], host["ReadonlyRootfs"], host["CapDrop"]) == ("10001:10001", True, ["ALL"])
        assert host["Memory"] and host["LogConfig"]["Config"]["max-size"], _service(each)


def test_only_the_gateway_has_a_port_and_it_is_on_this_machine(county: Compose) -> None:
    published = {_service(each): each["HostConfig"]["PortBindings"] for each in county.containers()}

    (found,) = (bindings for bindings in published.values() if bindings)
    assert published["gateway"] == found
    assert [host["HostIp"] for hosts in found.values() for host in hosts] == ["127.0.0.1"]


def test_no_secret_stands_in_what_the_engine_tells_and_each_is_private(county: Compose) -> None:
    everything = county("run", "--rm", "-T", "--entrypoint", "sh", "secrets", "-c", _TELL_SECRETS)
    modes = [line.split() for line in lines(everything) if line.startswith("mode ")]
    secrets = {line.removeprefix("word ") for line in lines(everything) if line.startswith("word ")}

    assert len(secrets) == len(DATABASES) + 4 and {mode for _, mode, _ in modes} == {"600"}
    assert len(modes) > 2 * len(DATABASES)
    told = str(county.containers()) + county("config").stdout
    assert [word for word in secrets if word in told] == []


def test_each_process_gets_into_its_own_database_and_no_other(county: Compose) -> None:
    for name in SERVICES:
        assert lines(county.inside(name, "python", "-c", CONNECT, name, name)) == ["in"]
    refused = county.inside("events", "python", "-c", CONNECT, "events", "membership")
    assert "permission denied for database" in refused.stdout

    there = [*DATABASES, "postgres", "template1"]
    allowed = f"select r, d from unnest(array{list(DATABASES)}) r, unnest(array{there}) d "
    allowed += "where has_database_privilege(r, d, 'CONNECT')"
    found = county.inside("postgres", "psql", "-U", "postgres", "-tAF,", "-c", allowed)
    assert sorted(lines(found)) == sorted(f"{name},{name}" for name in DATABASES)


def test_what_has_no_business_outside_has_no_road_there(county: Compose) -> None:
    for name in ("membership", "events", "resource", "evaluation"):
        assert "unreachable" in county.inside(name, "python", "-c", LOOK_OUT).stderr, name


def test_people_reach_the_sign_in_and_nothing_else_of_the_provider(county: Compose, chromium: Browser) -> None:
    closed = (
        "admin/", "metrics", "health", "realms/master/protocol/openid-connect/auth", "realms/fosse/account/",
        "realms/fosse/protocol/openid-connect/token", "realms/fosse/clients-registrations/default",
        "realms/fosse/.well-known/openid-configuration", "realms/fosse/login-actions/..%2f..%2f..%2fadmin/",
    )  # fmt: skip
    with chromium.new_context() as context:
        assert {path: context.request.get(f"{county.address}/id/{path}").status for path in closed} == dict.fromkeys(
            closed, 404
        )
        asked = context.request.get(f"{county.address}/id/realms/fosse/protocol/openid-connect/auth")
        assert asked.status == 400 and "Keycloak" not in asked.text()


def test_a_convenor_is_asked_for_a_second_factor_at_the_next_sign_in(
    county: Compose, convenor: Page, chromium: Browser
) -> None:
    """Membership to Kafka and back, and to Keycloak: soon the account has the role."""
    until(lambda: _asks_for_a_code(county, chromium), "the next sign-in asks for a one-time code", within_s=120)


def _asks_for_a_code(county: Compose, chromium: Browser) -> bool:
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{county.address}/signin")
        page.locator("main").get_by_role("button", name="Sign in").click()
        page.locator("#username").fill("cath")
        page.locator("#password").fill(newcomers.PASS_PHRASE)
        page.locator("#kc-login").click()
        page.wait_for_load_state()
        return page.locator("#kc-totp-settings-form").count() == 1


def test_the_operator_reaches_accounts_by_command(county: Compose, convenor: Page) -> None:
    told = county("run", "--rm", "-T", "identity", "fosse", "account", "forget-code", "cath")
    nobody = county("run", "--rm", "-T", "identity", "fosse", "account", "password", "cathy")

    assert lines(told) == ["This account has no one-time code. Nothing was changed."]
    assert nobody.returncode == 1 and "Nobody signs in with the name cathy" in nobody.stderr


def test_the_operator_looks_after_members_index_and_figures_by_command(county: Compose) -> None:
    place = ("--community", "Care homes", "--organisation", "The Laurels")
    lines(county.fosse("invite", "Ina Invited", "ina@homes.example", *place))
    file = "name,email,organisation\nDee Example,dee@homes.example,The Laurels\nNobody,no address,The Laurels\n"

    checked = county.fosse("import", "--check", "-", given=file)
    applied = county.fosse("import", "--apply", "--yes", "-", given=file)

    assert "2 rows: 1 new member" in checked.stdout and "line 3, email:" in checked.stdout, in_one_line(checked)
    assert lines(applied)[-1].startswith("Applied: 1 new member,"), in_one_line(applied)
    dee = lines(county.fosse("member", "list", "dee"))[0][:6]
    assert "Care homes: member, convenor" in county.fosse("member", "roles", dee, "--give", "convenor").stdout
    assert ", shut out" in lines(county.fosse("member", "end", dee, "--yes"))[0]
    assert lines(county.fosse("reindex")) == ["The index is made anew from 0 resources."]
    assert lines(county.fosse("figures", "recount"))[-1] == "All were as they should be. Nothing was changed."


def test_starting_again_changes_nothing(county: Compose) -> None:
    before = {each["Name"]: each["State"]["StartedAt"] for each in county.containers() if _service(each) in OURS}
    again = county("--progress", "plain", "up", "-d", "--wait", "--no-build", timeout_s=300)
    after = {each["Name"]: each["State"]["StartedAt"] for each in county.containers() if _service(each) in OURS}

    assert again.returncode == 0, in_one_line(again)
    assert before == after, in_one_line(again)
    assert "All secrets are there." in county("logs", "secrets").stdout
    assert "All databases are up to date." in county("logs", "databases").stdout
    assert "The realm is as it should be." in county("logs", "identity").stdout


def test_another_node_cannot_take_over_these_volumes(county: Compose) -> None:
    other = county("run", "--rm", "-T", "secrets", "fosse", "setup", "secrets", "--node", "derbys")

    assert other.returncode == 1 and "belong to another node than derbys: to notts. Nothing was changed" in other.stderr


def test_the_doctor_finds_a_county_well_and_shows_no_secret(county: Compose) -> None:
    screen, machines = county.fosse("doctor"), county.fosse("doctor", "--json")

    assert screen.returncode == 0, in_one_line(screen)
    assert screen.stdout.endswith("\nAll is well: certificates, secrets, services, audit and region.\n")
    assert [line.split(" ")[0] for line in screen.stdout.splitlines() if line.startswith(OURS)][:7] == list(OURS)
    told = json.loads(machines.stdout)
    assert told["well"] and all(each["secrets"] for each in told["processes"].values())
    assert abs(told["processes"]["events"]["database_ahead_s"]) < 5
    assert {each["consumer"] for each in told["processes"]["evaluation"]["lags"]} == {"evaluation"}
    words = county("run", "--rm", "-T", "secrets", "sh", "-c", _TELL_SECRETS).stdout.splitlines()
    secret = [line.removeprefix("word ") for line in words if line.startswith("word ")]
    assert secret and [word for word in secret if word in screen.stdout + machines.stdout] == []
    assert "homes.example" not in screen.stdout + machines.stdout and county.fosse("doctor", "--quiet").stdout == ""


def test_the_doctor_names_a_process_that_is_away_and_looks_at_the_others(county: Compose) -> None:
    county("stop", "events")
    try:
        away = county.fosse("doctor")
    finally:
        county("start", "events")

    assert away.returncode == 1
    assert "events does not answer. `docker compose logs --tail 50 events` says more" in away.stdout
    assert [line for line in away.stdout.splitlines() if line.startswith("- ")][1:] == []
    until(lambda: county.fosse("doctor").returncode == 0, "the county is well again", within_s=60)


def test_a_county_is_looked_at_before_an_upgrade_and_goes_on(county: Compose, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    here = replace(county, settings={**county.settings, "FOSSE_BACKUPS": str(tmp_path)})

    without = here("run", "--rm", "-T", "upgrade", "--check")
    (tmp_path / f"notts-{utc_now():{STAMP}}.age").write_bytes(b"age")
    done = here("run", "--rm", "-T", "upgrade")

    assert without.returncode == 1, in_one_line(without)
    assert [line for line in without.stderr.splitlines() if line.startswith("- ")] == [
        "- backup: There is no backup of notts. Make one first."
    ]
    assert done.returncode == 0 and "All databases are up to date" in done.stdout, in_one_line(done)
    assert county.fosse("doctor").returncode == 0


def test_with_the_second_compose_file_every_process_shows_metrics_inside_and_nothing_outside(county: Compose) -> None:
    both = ("-f", "docker-compose.yml", "-f", "deploy/observability/compose.yml")

    up = county(*both, "up", "-d", "--wait", "--no-build", *OURS, timeout_s=300)
    try:
        assert up.returncode == 0, in_one_line(up)
        for name in OURS:
            shown = county.inside("events", "python", "-c", FETCH, f"http://{name}:9464/metrics").stdout
            assert f'fosse_database_up{{service="{name}"}} 1.0' in shown, name
            assert "fosse_database_clock_ahead_seconds" in shown and "fosse_disk_free_bytes" in shown
        ports = {_service(each): each["NetworkSettings"]["Ports"] for each in county.containers()}
        assert [name for name, open_ in ports.items() if any((open_ or {}).values())] == ["gateway"]
    finally:
        lines(county("up", "-d", "--wait", "--no-build", timeout_s=300))


_TELL_SECRETS = """
find /secrets -type f -exec stat -c 'mode %a %n' {} +
for file in /secrets/*/pgpass; do echo "word $(cut -d: -f5 $file)"; done
for file in /secrets/postgres/superuser-password /secrets/keycloak/*-password /secrets/keycloak/*-secret
do echo "word $(cat $file)"; done
"""


def _service(container: dict[str, Any]) -> str:
    return str(container["Config"]["Labels"]["com.docker.compose.service"])


def _status(county: Compose) -> list[str]:
    return [line for line in lines(county.fosse("status")) if line.split(" ")[0] in SERVICES]
