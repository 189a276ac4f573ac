"""The region of deploy/two-counties: a hub and two counties, each a compose project of its own on this machine."""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from services.common.errors import Conflict
from services.common.settings import inherited_environment
from services.common.topics import SERVICES
from services.node.demo import certificate
from services.node.demo.browser import Browser
from services.node.demo.page import Page, Unexpected
from services.node.demo.person import Person, Way
from services.node.demo.world import County, Member, World

_ROOT = Path(__file__).parents[3]
_FOLDER = _ROOT / "deploy" / "two-counties"
_CERTIFICATES = _ROOT / ".data" / "two-counties"
_NETWORK = "fosse-region"
_UP_S, _COMMAND_S = 600.0, 120.0
SLUGS = ("hub", "notts", "derbys")
_NOT_OURS = frozenset({"postgres", "kafka", "keycloak", "tls"})
# Who has a disk.
_KEEPING = ("postgres", "kafka", *SERVICES, "gateway")


class Composed:
    """One project; its settings stand in `deploy/two-counties/<slug>.env`."""

    def __init__(self, county: County) -> None:
        self.county = county
        lines = (_FOLDER / f"{county.id}.env").read_text(encoding="utf-8").splitlines()
        self._settings = dict(line.split("=", 1) for line in lines)
        self._started = False

    @property
    def address(self) -> str:
        return self._settings["FOSSE_PUBLIC_URL"]

    @property
    def address_for_nodes(self) -> str:
        return "https://hub.region:8443"

    def build(self, service: str) -> None:
        self._said("build", "-q", service, within_s=_UP_S)

    def start(self) -> None:
        """One after the other: together they would wait for each other on a small machine."""
        self._started = True
        self._said("up", "-d", "--wait", "--no-build", within_s=_UP_S)

    def wait_until_ready(self) -> None:
        """`up --wait` waited."""

    def ask_to_stop(self) -> None:
        """Stopping asks and waits in one."""

    def wait_until_stopped(self) -> int:
        if not self._started:
            return 0
        self._started = False
        self._said("stop", within_s=_UP_S)
        ended = self._said("ps", "-a", "--status", "exited", "--format", "{{.Service}} {{.ExitCode}}").splitlines()
        return sum(service not in _NOT_OURS and code != "0" for service, code in (line.split() for line in ended))

    def remove(self) -> None:
        """With its volumes."""
        self._run("--profile", "operator", "down", "--volumes", "--timeout", "10")

    def last_words(self) -> str:
        return self._run("logs", "--tail", "1", "--no-color").stdout.decode()[-2000:]

    def fosse(self, *arguments: str) -> str:
        return self._said("run", "--rm", "-T", "fosse", *arguments)

    def person(self, member: Member) -> Person:
        authority = _CERTIFICATES / certificate.AUTHORITY if self.county.hub else None
        return Person(self.address, with_password(member), authority)

    def mails(self) -> Mapping[str, bytes]:
        packed = self._run("cp", "notification:/data/mail", "-").stdout
        if not packed:
            return {}
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            files = [each for each in tar.getmembers() if each.name.endswith(".eml")]
            return {each.name: opened.read() for each in files if (opened := tar.extractfile(each))}

    def holding(self, words: str) -> list[str]:
        return [each for name in _KEEPING for each in self._found(name, "grep", "-rlaF", words)]

    def copies(self, sha256: str) -> list[str]:
        return [each for name in ("resource", "federation") for each in self._found(name, "find", "-name", sha256)]

    def _found(self, service: str, program: str, *arguments: str) -> list[str]:
        disk = {"postgres": "/var/lib/postgresql/data", "kafka": "/var/lib/kafka/data"}.get(service, "/data")
        command = [program, disk, *arguments] if program == "find" else [program, *arguments, disk]
        found = self._run("exec", "-T", service, *command).stdout.decode()
        return [f"{service}: {line}" for line in found.splitlines()]

    def _said(self, *arguments: str, within_s: float = _COMMAND_S) -> str:
        done = self._run(*arguments, within_s=within_s)
        if done.returncode:
            said = f"{done.stdout.decode()}{done.stderr.decode()}"
            raise Unexpected(f"docker compose {' '.join(arguments)} at {self.county.name}: {said[-2000:]}")
        return done.stdout.decode()

    def _run(self, *arguments: str, within_s: float = _COMMAND_S) -> "subprocess.CompletedProcess[bytes]":
        command = ["docker", "compose", "--env-file", str(_FOLDER / f"{self.county.id}.env"), "--progress", "quiet"]
        return subprocess.run(
            [*command, *arguments], cwd=_ROOT, env=_environment(), capture_output=True, timeout=within_s
        )


@contextmanager
def a_composed_region(world: World, *, keep: bool) -> Iterator[Sequence[Composed]]:
    """Fresh: what an earlier one left is removed first. Raises `Conflict` without Docker."""
    if not shutil.which("docker"):
        raise Conflict("There is no docker on this machine, and these nodes are containers.")
    nodes = [Composed(world.county(slug)) for slug in SLUGS]
    _remove(nodes)
    certificate.make(_CERTIFICATES, ["localhost", "hub.region"])
    _docker("network", "create", _NETWORK)
    # The node's own image is built with its version by `make image`.
    nodes[0].build("keycloak")
    try:
        yield nodes
    finally:
        if not keep:
            _remove(nodes)


def _remove(nodes: Sequence[Composed]) -> None:
    for node in nodes:
        node.remove()
    _docker("network", "rm", _NETWORK)


def _docker(*arguments: str) -> None:
    subprocess.run(["docker", *arguments], capture_output=True, timeout=_COMMAND_S)


def _environment() -> dict[str, str]:
    """Names of images may be given; what is said of a node stands in its file."""
    ours = inherited_environment()
    return {name: value for name, value in ours.items() if not name.startswith("FOSSE_") or name.endswith("_IMAGE")}


def with_password(member: Member) -> Way:
    """By making an account, as everybody does on the first way in."""

    def through(browser: Browser, page: Page) -> Page:
        first, _, last = member.name.partition(" ")
        password = f"a long phrase for {member.id}"
        told = {"username": member.id, "email": member.email, "firstName": first, "lastName": last}
        form = browser.get(page.link("Make an account")).form(having="password-confirm")
        return browser.submit(form, {**told, "password": password, "password-confirm": password})

    return through
