"""docs/operators.md, followed word by word on a fresh clone: first start, every day, backup, newer version, restore."""

import re
import secrets
import shutil
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests import composed, machine
from tests.composed import in_one_line
from tests.containers import guide, newcomers
from tests.containers.guide import Checkout
from tests.ports import a_free_port

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
    try:
        yield made
    finally:
        made.type("docker compose --profile operator down --volumes --timeout 5")
        made.type(f"docker image rm {settings['FOSSE_KEYCLOAK_IMAGE']}")
        # Those of the containers' user too.
        shutil.rmtree(made.folder)


def test_what_is_not_typed_here_is_in_the_guide_and_typed_by_the_check_or_test_that_is_named() -> None:
    for path, words in ELSEWHERE.values():
        assert words in (machine.ROOT / path).read_text(), (path, words)
    assert set(ELSEWHERE) <= set(guide.commands())


def test_the_guide_goes_from_a_first_start_to_a_restore(checkout: Checkout, chromium: Browser) -> None:
    reader = Reader(checkout, chromium)
    began = time.monotonic()

    for command in guide.commands():
        if command not in ELSEWHERE and not SETTING.match(command):
            reader.follow(command)

    assert reader.backed_up_at - began < 600, "a first backup within ten minutes of the first start"
    assert reader.rto_s() <= 120
    assert "Mansfield and Ashfield" in reader.follow("docker compose run --rm fosse localities")
    assert "All is well" in reader.follow("docker compose run --rm fosse doctor")


class Reader:
    """Types what the guide says, with what it got so far in the place of what the guide cannot know."""

    def __init__(self, checkout: Checkout, chromium: Browser) -> None:
        self._checkout = checkout
        self._chromium = chromium
        self._said: dict[str, str] = {}
        self.backed_up_at = 0.0

    def follow(self, command: str) -> str:
        """What it printed."""
        if " restore " in command:
            self._type("docker compose down --volumes")
        said = self._type(self._known(command))
        self._said[command] = said
        if " invite " in command:
            self._let_in(said)
        if command.endswith("-T backup") and not self.backed_up_at:
            self.backed_up_at = time.monotonic()
        return said

    def rto_s(self) -> float:
        """As the restore itself told it."""
        (told,) = (
            re.findall(r"RTO\D+([0-9.]+) s", said) for command, said in self._said.items() if "restore" in command
        )
        return float(told[0])

    def _known(self, command: str) -> str:
        typed = re.sub(r"^[0-9*/]+( [0-9*/]+){4} ", "", command).replace("/srv/fosse", str(self._checkout.folder))
        if " MEMBER" in typed:
            typed = typed.replace("MEMBER", self._said["docker compose run --rm fosse member list dee"][:6])
        if " ITEM " in typed:
            asked = "docker compose exec -T postgres psql -U postgres -d membership -tAc"
            typed = typed.replace("ITEM", self._type(f'{asked} "select id from communities"').strip())
        if typed.endswith(" NODE"):
            typed = typed.replace("NODE", re.findall(r"This node is (\w{64})", " ".join(self._said.values()))[0])
        if "age1…" in typed:
            typed = typed.replace("age1…", self._said["bin/fosse backup key notts.key"].strip())
        return re.sub(r"/backups/notts-\w+\.age", lambda _: f"/backups/{self._newest()}", typed)

    def _newest(self) -> str:
        return max(path.name for path in (self._checkout.folder / "backups").glob("notts-*.age"))

    def _let_in(self, said: str) -> None:
        """Cath, whose account later commands name."""
        link = re.search(r"http://\S+/invitation/\S+", said)
        assert link, said
        with self._chromium.new_context() as context:
            newcomers.comes_in(context.new_page(), link[0])

    def _type(self, command: str) -> str:
        done = self._checkout.type(command, within_s=600)
        assert done.returncode == 0, f"{command}: {in_one_line(done)}"
        return done.stdout
