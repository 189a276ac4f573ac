"""docs/operators.md, followed word by word on a fresh clone: first start, every day, backup, newer version, restore."""

import re
import secrets
import shutil
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from services.common import version
from tests import composed, machine, newer
from tests.composed import in_one_line
from tests.containers import guide, newcomers
from tests.containers.guide import Checkout
from tests.ports import a_free_port
from tests.waiting import until

pytestmark = [pytest.mark.xdist_group("compose"), pytest.mark.timeout(1200)]
SETTING = re.compile(r"[A-Z_]+=\S+$")
# What another test types, and the words by which it does.
ELSEWHERE = {
    "docker compose run --rm fosse enrol code": ("services/node/demo/check_region.py", '"enrol", "code"'),
    "docker compose run --rm fosse enrol waiting": ("services/node/demo/check_region.py", '"enrol", "waiting"'),
    "docker compose run --rm fosse enrol approve notts": ("services/node/demo/check_region.py", '"enrol", "approve"'),
    "docker compose run --rm fosse leave": ("tests/neighbours/test_leaving.py", '["leave",'),
    "docker compose --env-file deploy/two-counties/notts.env ps": ("services/node/demo/composed.py", '"--env-file"'),
    "docker compose -f docker-compose.yml -f deploy/observability/compose.yml up -d --wait": (
        "tests/containers/test_county_by_compose.py", '"deploy/observability/compose.yml"'
    ),
}  # fmt: skip
TYPED = [command for command in guide.commands() if command not in ELSEWHERE and not SETTING.match(command)]
# At its end stands an upgrade, and how it is called off.
CALL_OFF = TYPED[-1]
UPGRADE = TYPED[TYPED.index("docker tag fosse:local fosse:before && git tag -f before") : -1]
ASK = "docker compose exec -T postgres psql -U postgres -d membership -tAc"
INVITE_NIA = (
    'docker compose run --rm fosse invite "Nia Newcomer" nia@homes.example --community "Care homes" '
    '--organisation "The Laurels"'
)
DOCTOR = "docker compose run --rm fosse doctor"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    composed.need()
    port = a_free_port()
    settings = {
        "FOSSE_PROJECT": f"fosse-guide-{secrets.token_hex(4)}",
        "FOSSE_LISTEN": f"127.0.0.1:{port}",
        "FOSSE_PUBLIC_URL": f"http://localhost:{port}",
        "PYTHON_IMAGE": machine.PYTHON_IMAGE,
        "POSTGRES_IMAGE": machine.POSTGRES_IMAGE,
        "KAFKA_IMAGE": machine.KAFKA_IMAGE,
        "KEYCLOAK_IMAGE": machine.KEYCLOAK_IMAGE,
        # Built anew: on this machine an older one may have the usual name.
        "FOSSE_KEYCLOAK_IMAGE": f"fosse-keycloak:guide-{secrets.token_hex(4)}",
    }
    made = Checkout.fresh(tmp_path_factory.mktemp("guide") / "fosse", settings)
    made.publish(newer.make_newer)
    # One of a run before is not this one's.
    made.type("docker image rm fosse:before")
    try:
        yield made
    finally:
        made.type("docker compose --profile operator down --volumes --timeout 5")
        # So that nobody's own county becomes the newer one.
        made.type("docker tag fosse:before fosse:local")
        made.type(f"docker image rm fosse:before {settings['FOSSE_KEYCLOAK_IMAGE']}")
        # Those of the containers' user too.
        shutil.rmtree(made.folder)


@pytest.fixture(scope="module")
def reader(checkout: Checkout, chromium: Browser) -> "Reader":
    """Who has typed all of it but the last."""
    reading = Reader(checkout, chromium)
    for command in TYPED[:-1]:
        reading.follow(command)
    return reading


def test_what_is_not_typed_here_is_in_the_guide_and_typed_by_the_check_or_test_that_is_named() -> None:
    for path, words in ELSEWHERE.values():
        assert words in (machine.ROOT / path).read_text(), (path, words)
    assert set(ELSEWHERE) <= set(guide.commands())


def test_the_guide_goes_from_a_first_start_to_a_restore_and_an_upgrade(reader: "Reader") -> None:
    assert reader.first_backup_s < 600, "a first backup within ten minutes of the first start"
    assert reader.rto_s() <= 120
    assert "Mansfield and Ashfield" in reader.follow("docker compose run --rm fosse localities")
    assert "membership: 1 to do\nIt can be called off" in reader.said["docker compose run --rm upgrade --check"]


def test_an_upgrade_is_called_off_by_starting_the_version_before_and_is_done_again(reader: "Reader") -> None:
    runs = [reader.runs()]
    reader.type(INVITE_NIA)

    reader.follow(CALL_OFF)
    runs.append(reader.runs())
    nia = reader.type("docker compose run --rm fosse member list nia")[:6]
    reader.type(f"docker compose run --rm fosse member roles {nia} --give reviewer")
    noted = reader.type(f'{ASK} "select name, {newer.NOTE} from members where {newer.NOTE} is not null"')
    for command in UPGRADE:
        reader.follow(command)
    runs.append(reader.runs())

    assert runs == [newer.VERSION, version.running().version, newer.VERSION]
    assert noted.strip() == f"Nia Newcomer|{newer.VERSION}"
    assert "reviewer" in reader.type(f"docker compose run --rm fosse member show {nia}")


class Reader:
    """Types what the guide says, with what it got so far in the place of what the guide cannot know."""

    def __init__(self, checkout: Checkout, chromium: Browser) -> None:
        self._checkout = checkout
        self._chromium = chromium
        self._began = time.monotonic()
        # Of each command the first time.
        self.said: dict[str, str] = {}
        self.first_backup_s = 0.0

    def follow(self, command: str) -> str:
        """What it printed."""
        if " restore " in command:
            self.type("docker compose down --volumes")
        said = self.type(self._known(command))
        self.said.setdefault(command, said)
        if " invite " in command:
            self._let_in(said)
        if command.endswith("-T backup") and not self.first_backup_s:
            self.first_backup_s = time.monotonic() - self._began
        return said

    def type(self, command: str) -> str:
        """As it stands; what it printed."""
        done = self._checkout.type(command, within_s=600)
        assert done.returncode == 0, f"{command}: {in_one_line(done)}"
        return done.stdout

    def rto_s(self) -> float:
        """As the restore itself told it."""
        (told,) = (
            re.findall(r"RTO\D+([0-9.]+) s", said) for command, said in self.said.items() if "restore" in command
        )
        return float(told[0])

    def runs(self) -> str:
        """Which version, by all processes: the doctor finds nothing well where they differ."""
        told: list[str] = []

        def well() -> bool:
            told.append(self._checkout.type(DOCTOR).stdout)
            return "All is well" in told[-1]

        until(well, "all is well", within_s=60)
        return str(re.findall(r"^Fosse (\S+)", told[-1])[0])

    def _known(self, command: str) -> str:
        typed = re.sub(r"^[0-9*/]+( [0-9*/]+){4} ", "", command).replace("/srv/fosse", str(self._checkout.folder))
        if " MEMBER" in typed:
            typed = typed.replace("MEMBER", self.said["docker compose run --rm fosse member list dee"][:6])
        if " ITEM " in typed:
            typed = typed.replace("ITEM", self.type(f'{ASK} "select id from communities"').strip())
        if typed.endswith(" NODE"):
            typed = typed.replace("NODE", re.findall(r"This node is (\w{64})", " ".join(self.said.values()))[0])
        if "age1…" in typed:
            typed = typed.replace("age1…", self.said["bin/fosse backup key notts.key"].strip())
        return re.sub(r"/backups/notts-\w+\.age", lambda _: f"/backups/{self._newest()}", typed)

    def _newest(self) -> str:
        return max(path.name for path in (self._checkout.folder / "backups").glob("notts-*.age"))

    def _let_in(self, said: str) -> None:
        """Cath, whose account later commands name."""
        link = re.search(r"http://\S+/invitation/\S+", said)
        assert link, said
        with self._chromium.new_context() as context:
            newcomers.comes_in(context.new_page(), link[0])
