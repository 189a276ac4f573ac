"""A county brought up by the product's own compose file, under a name and a port that no other test uses."""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from services.common.topics import SERVICES
from tests import images, machine
from tests.ports import a_free_port

OURS = (*SERVICES, "gateway")
UP_S = 300
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Compose:
    """One project of docker-compose.yml; `took_s`: until everything was healthy."""

    project: str
    address: str
    settings: dict[str, str]
    took_s: float = 0.0

    def __call__(self, *arguments: str, timeout_s: float = 120, given: str | None = None) -> Done:
        """`given`: on standard input."""
        command = ["docker", "compose", "-p", self.project, "--progress", "quiet", *arguments]
        return subprocess.run(
            command, cwd=machine.ROOT, env={**os.environ, **self.settings}, capture_output=True, text=True,
            timeout=timeout_s, input=given,
        )  # fmt: skip

    def fosse(self, *arguments: str, given: str | None = None) -> Done:
        """The operator's command line."""
        return self("run", "--rm", "-T", "fosse", *arguments, given=given)

    def inside(self, service: str, *command: str) -> Done:
        return self("exec", "-T", service, *command)

    def containers(self) -> list[dict[str, Any]]:
        """What the engine knows of each, those that have ended too."""
        ids = self("ps", "-aq").stdout.split()
        found: list[dict[str, Any]] = json.loads(images.docker("inspect", *ids).stdout)
        return found

    def mails(self) -> str:
        return self.inside("notification", "sh", "-c", "cat /data/mail/*.eml 2>/dev/null").stdout


def need() -> None:
    """Skips, or fails where containers are demanded, without an engine and all images."""
    images.need_builder()
    wanted = (machine.POSTGRES_IMAGE, machine.KAFKA_IMAGE, machine.KEYCLOAK_IMAGE)
    machine.need_containers(*wanted)


@contextmanager
def a_county(slug: str, name: str, **changed: str) -> Iterator[Compose]:
    need()
    port = a_free_port()
    settings = {
        "FOSSE_SLUG": slug,
        "FOSSE_NAME": name,
        "FOSSE_IMAGE": images.built(),
        "FOSSE_KEYCLOAK_IMAGE": images.keycloak(),
        "FOSSE_LISTEN": f"127.0.0.1:{port}",
        "FOSSE_PUBLIC_URL": f"http://localhost:{port}",
        "POSTGRES_IMAGE": machine.POSTGRES_IMAGE,
        "KAFKA_IMAGE": machine.KAFKA_IMAGE,
        **changed,
    }
    made = Compose(f"fosse-tested-{secrets.token_hex(4)}", f"http://localhost:{port}", settings)
    try:
        began = time.monotonic()
        up = made("up", "-d", "--wait", "--no-build", timeout_s=UP_S)
        assert up.returncode == 0, f"{up.stderr}\n{made('logs', '--tail', '15').stdout}"
        yield Compose(made.project, made.address, settings, time.monotonic() - began)
    finally:
        made("--profile", "operator", "down", "--volumes", "--timeout", "5")


def in_one_line(done: Done) -> str:
    """Everything it said, for a message."""
    return " ".join((done.stdout + done.stderr).split())


def lines(done: Done) -> Sequence[str]:
    assert done.returncode == 0, in_one_line(done)
    return done.stdout.splitlines()


def compose(*arguments: str, **settings: str) -> Done:
    """What the compose files come to with these settings and no others."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("FOSSE_", "COMPOSE_"))}
    command = ["docker", "compose", *arguments, "config", "--format", "json"]
    return subprocess.run(command, cwd=machine.ROOT, env={**ours, **settings}, capture_output=True, text=True)


def configured(*arguments: str, **settings: str) -> dict[str, Any]:
    """Each service as the engine would be told."""
    done = compose(*arguments, **settings)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found
