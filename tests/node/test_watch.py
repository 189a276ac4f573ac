"""The operator is mailed when something of the node needs them: once, each day again, and when all is well."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.node.cli import fosse
from services.node.doctor.judging import Problem
from services.node.doctor.watching import REMIND, Letterhead, Watch
from services.notification.service import smtp_post
from services.notification.settings import Settings as MailSettings
from tests.alone import HeldClock
from tests.machine import environment
from tests.mail_server import MailServer, Mood
from tests.waiting import until

AWAY = Problem("events", "events does not answer. `docker compose up -d --wait` starts what does not run.")
THREE, FOUR = (Problem("resource", f"resource set {n} messages aside. Look at why.") for n in (3, 4))


@dataclass
class Watched:
    """A node whose doctor finds what a test says, a mail server, and the watch between them."""

    server: MailServer
    folder: Path
    clock: HeldClock = field(default_factory=HeldClock)
    found: list[Sequence[Problem]] = field(default_factory=list)

    def start(self) -> None:
        mail = MailSettings(smtp_host="127.0.0.1", smtp_port=self.server.port, smtp_tls="none", smtp_timeout_s=2.0)
        head = Letterhead("Nottinghamshire", "fosse@notts.example", "ops@notts.example")
        self.watch = Watch(self._look, smtp_post(mail), head, self.folder / "watch.json", self.clock)

    def looks(self, first: Sequence[Problem], then: Sequence[Problem] | None = None) -> None:
        """One step, in which the doctor finds the first, and at a second look the other."""
        self.found = [first, first if then is None else then]
        self.watch.step(lambda seconds: False, 60)

    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(each, policy=policy.default) for each in self.server.mails]

    def subjects(self) -> list[str]:
        return [str(each["Subject"]).partition(": ")[2] for each in self.mails()]

    def _look(self) -> Sequence[Problem]:
        return self.found.pop(0)


@pytest.fixture
def watched(tmp_path: Path) -> "Watched":
    return Watched(MailServer(), tmp_path)


def test_the_operator_hears_once_of_each_thing_that_needs_them_and_when_all_is_well(watched: Watched) -> None:
    with watched.server:
        watched.start()
        for found in ([], [AWAY], [AWAY], [AWAY, THREE], [AWAY, FOUR], [FOUR], [], []):
            watched.looks(found)

    assert watched.subjects() == ["1 thing needs a person", "2 things need a person", "all is well again"]
    text = watched.mails()[1].get_content()
    assert AWAY.sentence in text and THREE.sentence in text and watched.mails()[1]["To"] == "ops@notts.example"
    assert {each["Auto-Submitted"] for each in watched.mails()} == {"auto-generated"}


def test_what_stays_is_told_again_after_a_day_and_no_sooner(watched: Watched) -> None:
    with watched.server:
        watched.start()
        for wait in (timedelta(), REMIND - timedelta(minutes=5), timedelta(minutes=5), timedelta(minutes=5)):
            watched.clock.now += wait
            watched.looks([AWAY])

    assert watched.subjects() == ["1 thing needs a person"] * 2


def test_what_is_gone_at_a_second_look_wakes_nobody(watched: Watched) -> None:
    with watched.server:
        watched.start()
        watched.looks([AWAY], [])
        watched.looks([AWAY])
        watched.looks([], [AWAY])

    assert watched.subjects() == ["1 thing needs a person"]


def test_a_watch_that_starts_again_knows_what_it_told(watched: Watched) -> None:
    with watched.server:
        for found in ([AWAY], [AWAY], [], []):
            watched.start()
            watched.looks(found)

    assert watched.subjects() == ["1 thing needs a person", "all is well again"]


def test_what_a_mail_server_did_not_take_is_told_at_a_later_look(watched: Watched) -> None:
    with watched.server:
        watched.start()
        for mood in (Mood.DROPS, Mood.PUTS_OFF, Mood.REFUSES, Mood.TAKES):
            watched.server.mood = mood
            watched.clock.now += timedelta(minutes=5)
            watched.looks([AWAY])

    assert watched.subjects() == ["1 thing needs a person"]


def test_what_was_told_is_remembered_although_the_disk_takes_no_file(watched: Watched) -> None:
    watched.folder = watched.folder / "nowhere"
    with watched.server:
        watched.start()
        for _ in range(2):
            watched.looks([AWAY])

    assert watched.subjects() == ["1 thing needs a person"]


def test_the_command_mails_that_a_node_does_not_run(tmp_path: Path) -> None:
    with MailServer() as server:
        given = environment(
            FOSSE_OPERATOR_MAIL="ops@notts.example", FOSSE_NOTIFICATION_SMTP_HOST="127.0.0.1",
            FOSSE_NOTIFICATION_SMTP_PORT=str(server.port), FOSSE_NOTIFICATION_SMTP_TLS="none",
        )  # fmt: skip
        command = [sys.executable, "-m", "services.node", "watch", "--data", str(tmp_path), "--every", "0.1"]
        with subprocess.Popen(command, env=given, stderr=subprocess.PIPE, text=True) as watch:
            until(lambda: server.mails and (tmp_path / "watch.json").exists(), "the operator is mailed", 60)
            watch.send_signal(signal.SIGTERM)
            _, log = watch.communicate(timeout=30)

    assert watch.returncode == 0 and len(server.mails) == 1
    assert b"node" in server.mails[0] and "ops@" not in log and json.loads(log.splitlines()[-1])["problems"] >= 1


def test_a_watch_that_could_mail_nobody_refuses_to_start_and_says_what_to_set() -> None:
    nobody = CliRunner().invoke(fosse, ["watch"], env={"FOSSE_OPERATOR_MAIL": ""})
    nowhere = CliRunner().invoke(fosse, ["watch", "--to", "ops@notts.example"])

    assert nobody.exit_code == nowhere.exit_code == 1
    assert "Set FOSSE_OPERATOR_MAIL" in nobody.output and "Set FOSSE_SMTP_HOST" in nowhere.output
