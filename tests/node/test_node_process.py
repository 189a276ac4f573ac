"""The embedded node as an operator meets it: one process, one folder, and a sentence for whatever is in the way."""

import json
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from services.common.clock import utc_now
from services.common.topics import SERVICES
from services.node.cli import fosse
from services.node.demo.person import Person, chosen
from services.node.demo.region import RunningNode, environment, free_ports
from services.node.folder import Folder
from services.node.provider.accounts import Accounts
from tests import machine
from tests.running_nodes import NOTTS, a_running_node
from tests.waiting import until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    with a_running_node(tmp_path_factory.mktemp("node") / "data") as made:
        yield made


def told(*arguments: str) -> Result:
    return CliRunner().invoke(fosse, [str(each) for each in arguments])


def start(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """A node that is expected not to start."""
    command = [sys.executable, "-m", "services.node", "node", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def running(options: list[str]) -> Iterator["subprocess.Popen[str]"]:
    """A node that said it is ready; it must end well."""
    command = [sys.executable, "-m", "services.node", "node", *options]
    log = Path(options[1]) / "stderr.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout and "ready" in process.stdout.readline(), log.read_text()
        yield process
        if process.poll() is None:
            process.terminate()
        assert process.wait(15) == 0, log.read_text()


def resident_mb(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1000


def test_a_node_says_one_line_when_its_pages_answer(node: RunningNode) -> None:
    lines = [line for line in node.log.read_text().splitlines() if not line.startswith("{")]

    assert lines == [f"Nottinghamshire is ready: {node.address}"]


def test_an_idle_node_needs_no_more_than_180_megabytes(node: RunningNode) -> None:
    if not Path("/proc/self/status").exists():
        machine.without("memory figures", "there is no /proc")
    assert resident_mb(node.pid) <= 180


def test_a_second_process_on_the_folder_is_told_which_one_has_it(node: RunningNode) -> None:
    second = start("--data", str(node.folder.path), "--port", str(free_ports().web))

    assert second.returncode == 1
    assert f"process {node.pid}" in second.stderr and "Traceback" not in second.stderr


def test_a_port_in_use_is_named_and_nothing_is_left_half_made(node: RunningNode, tmp_path: Path) -> None:
    second = start("--data", str(tmp_path / "other"), "--port", str(node.ports.web))

    assert second.returncode == 1
    assert f"Port {node.ports.web}" in second.stderr and "--port" in second.stderr
    assert not list((tmp_path / "other").glob("*.db"))


def test_the_built_in_sign_in_is_never_offered_to_other_machines(tmp_path: Path) -> None:
    refused = start("--data", str(tmp_path), "--host", "0.0.0.0")

    assert refused.returncode == 1
    assert "--issuer" in refused.stderr


def test_a_database_of_a_newer_fosse_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.prepare()
    with sqlite3.connect(tmp_path / "membership.db") as newer:
        newer.execute("create table alembic_version (version_num varchar(32) primary key)")
        newer.execute("insert into alembic_version values ('from_the_future')")
    newer.close()
    ports = free_ports()

    refused = start("--data", str(tmp_path), "--port", str(ports.web), "--provider-port", str(ports.provider))

    assert refused.returncode == 1
    assert "newer Fosse" in refused.stderr and "Traceback" not in refused.stderr


def test_an_invited_person_joins_by_the_link_and_a_second_invitation_makes_no_second_member(node: RunningNode) -> None:
    data = str(node.folder.path)
    who = ("Ann Example", "ann@byron.example", "--organisation", "Byron Lodge (demo)", "--role", "convenor")

    first = told("invite", "--data", data, *who, "--community", "Care homes (demo)")
    again = told("invite", "--data", data, *who)

    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    everybody = Accounts(node.folder.path / "provider" / "people.json").all()
    accounts = [each for each in everybody if each.name == "Ann Example"]
    assert len(accounts) == 1
    link = re.search(r"/invitation/(\S+)", again.output)
    assert link
    person = Person(node.address, chosen(accounts[0].subject))
    assert "Welcome" in person.accept(link[1]).words
    me = person.ask("GET", "/me")
    assert me and me["name"] == "Ann Example"


def test_a_colleague_who_shares_a_mailbox_gets_a_membership_of_their_own(node: RunningNode) -> None:
    shared = ("office@lodge.example", "--organisation", "Lodge (demo)", "--community", "Care homes (demo)")

    told("invite", "--data", str(node.folder.path), "Bea Example", *shared)
    second = told("invite", "--data", str(node.folder.path), "Cal Example", *shared)

    assert second.exit_code == 0 and "Give this link to Cal Example" in second.output, second.output


def test_nobody_else_on_the_machine_can_read_what_a_node_keeps(node: RunningNode) -> None:
    kept = [each for each in node.folder.path.iterdir() if each != node.log]

    assert [each for each in kept if stat.S_IMODE(each.stat().st_mode) & 0o077] == []


def test_what_is_far_too_large_is_answered_with_a_page_that_says_so(node: RunningNode) -> None:
    answer = requests.post(f"{node.address}/signin", data=b"x" * 60_000_000, timeout=30)

    assert answer.status_code == 413 and "a smaller file will do" in answer.text


def test_the_operators_commands_speak_to_the_running_node(node: RunningNode) -> None:
    data = str(node.folder.path)

    status, replay, doctor = (told(each, "--data", data) for each in ("status", "replay", "doctor"))

    assert "membership" in status.output and status.output.endswith(
        "(notts), alone: it belongs to no region, and needs none\n"
    )
    assert "hub" not in status.output
    assert "0 still set aside" in replay.output
    assert "Nottinghamshire (notts), alone: it belongs to no region" in doctor.output
    assert doctor.output.endswith("\nAll is well: folder, keys, services, audit and region.\n"), doctor.output
    assert doctor.exit_code == 0 and len(doctor.output.splitlines()) <= 24
    assert told("doctor", "--quiet", "--data", data).output == ""


def test_the_doctor_tells_machines_the_same_and_names_no_member(node: RunningNode) -> None:
    who = ("Dee Example", "dee@byron.example", "--organisation", "Byron Lodge (demo)")
    told("invite", "--data", str(node.folder.path), *who, "--community", "Care homes (demo)")

    answer = told("doctor", "--data", str(node.folder.path), "--json")

    said = json.loads(answer.output)
    assert said["well"] and said["problems"] == [] and answer.exit_code == 0, answer.output
    assert set(said["processes"]) == set(SERVICES)
    assert {each["version"] for each in said["processes"].values()} == {said["version"]}
    assert said["processes"]["notification"]["figures"]["mails_waiting"] == 0
    assert "example" not in answer.output.lower()


def test_the_doctor_names_what_is_wrong_and_ends_with_1(node: RunningNode) -> None:
    keys = node.folder.path / "keys"
    keys.chmod(0o755)
    try:
        doctor = told("doctor", "--data", str(node.folder.path))
    finally:
        keys.chmod(0o700)

    assert doctor.exit_code == 1
    assert f"chmod go= {keys}" in doctor.output


def test_a_command_to_a_node_that_does_not_run_says_how_to_start_it(tmp_path: Path) -> None:
    answer = told("status", "--data", str(tmp_path / "nothing"))

    assert answer.exit_code == 1
    assert "fosse node --data" in answer.output


def test_the_index_is_made_anew_while_the_node_runs(node: RunningNode) -> None:
    answer = told("reindex", "--data", str(node.folder.path))

    assert (answer.exit_code, answer.output) == (0, "The index is made anew from 0 resources.\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_node_ends_by_itself_when_told_to_and_starts_again_from_its_folder(
    number: signal.Signals, tmp_path: Path
) -> None:
    ports = free_ports()
    options = ["--data", str(tmp_path), "--slug", "notts", "--name", "Nottinghamshire"]
    wanted = [*options, "--port", str(ports.web), "--provider-port", str(ports.provider)]
    with running(wanted) as first:
        began = utc_now()
        first.send_signal(number)
        assert first.wait(15) == 0
        assert (utc_now() - began).total_seconds() < 10

    with running(["--data", str(tmp_path)]):
        assert Folder(tmp_path).holder()["address"] == f"http://127.0.0.1:{ports.web}"


def test_a_node_without_pages_leaves_them_to_workers_outside(tmp_path: Path) -> None:
    ports = free_ports()
    wanted = ["--data", str(tmp_path), "--port", str(ports.web), "--provider-port", str(ports.provider)]
    with running([*wanted, "--no-gateway"]):
        environment = (tmp_path / "gateway.env").read_text()
        assert f"FOSSE_GATEWAY_PUBLIC_URL=http://127.0.0.1:{ports.web}" in environment
        assert told("status", "--data", str(tmp_path)).exit_code == 0


def test_nodes_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    made = RunningNode(NOTTS, tmp_path, free_ports())
    made.start()
    made.wait_until_ready()

    # What the kernel does to our end of the pipe when we are killed.
    made.close_pipe()

    until(lambda: not Folder(tmp_path).holder(), "the node let go of its folder")
    assert made.wait_until_stopped() == 0


def test_asking_a_hub_that_is_not_there_never_says_that_it_was_asked(tmp_path: Path) -> None:
    ports = free_ports()
    nowhere = f"http://127.0.0.1:{free_ports().web}"
    wanted = ["--data", str(tmp_path), "--port", str(ports.web), "--provider-port", str(ports.provider)]

    with running([*wanted, "--no-gateway"]):
        asked = told("enrol", "ask", nowhere, "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF", "--data", str(tmp_path))

    assert "does not answer" in asked.output or "cannot be reached" in asked.output, asked.output
    assert "Asked" not in asked.output


@pytest.mark.parametrize(
    ("option", "value", "named"), [("--port", "80000", "65535"), ("--slug", "My County", "small letters")]
)
def test_a_port_or_slug_that_cannot_be_is_refused_before_anything_starts(
    tmp_path: Path, option: str, value: str, named: str
) -> None:
    refused = start("--data", str(tmp_path / "new"), option, value)

    assert refused.returncode == 1
    assert named in refused.stderr and "Traceback" not in refused.stderr
    assert not list((tmp_path / "new").glob("*.db"))


def test_the_operator_says_which_localities_the_county_has(node: RunningNode) -> None:
    data = ("--data", str(node.folder.path))

    none = told("localities", *data).output
    added = told("localities", "--add", "04K", "Nottingham City", "--add", "04E", "Mansfield", *data).output
    renamed = told("localities", "--add", "04E", "Mansfield and Ashfield", *data).output

    assert "none yet" in none
    assert added.split() == ["04E", "Mansfield", "04K", "Nottingham", "City"]
    assert "04E          Mansfield and Ashfield" in renamed
