"""Pages and API of a county by docker compose beside those of an embedded node, on the same machine in one run."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from services.node.demo import world as worlds
from services.node.demo.check_region import PEOPLE
from services.node.demo.composed import with_password
from services.node.demo.person import Person
from services.node.demo.played import Played
from services.node.demo.region import free_ports
from services.node.demo.world import World
from tests.bench import client
from tests.bench.figures import Figure
from tests.bench.region import UNLIMITED
from tests.composed import Compose

NAMES = ("page-ratio", "api-ratio")
AREA = "stack"
_LEAFLETS, _SECONDS, _CONNECTIONS, _RUNS = 20, 4.0, 4, 5


def measure(county: Compose) -> Iterator[Figure]:
    """Both hold the same leaflets, and one signed-in convenor asks both by turns."""
    world = worlds.load(date.today())
    with tempfile.TemporaryDirectory() as folder:
        node = Played(world.county("notts"), Path(folder) / "node", free_ports(), *UNLIMITED)
        node.start()
        try:
            node.wait_until_ready()
            member = world.member(PEOPLE["notts"])
            one = _filled(node.person(member), _link(node.fosse("invite", *_who(world))), world)
            said = county.fosse("invite", *_who(world))
            other = _filled(Person(county.address, with_password(member)), _link(said.stdout), world)
            for name, paths in (("page-ratio", _PAGES), ("api-ratio", _API)):
                yield Figure(AREA, name, _ratios(one, other, paths), "x", 0.7, most=False, note="of the embedded node")
        finally:
            node.ask_to_stop()
            node.wait_until_stopped()


_PAGES = ("/", "/shelf", "/meetings")
_API = ("/api/v1/me", "/api/v1/resources?query=drink", "/api/v1/localities")


def _ratios(one: Person, other: Person, paths: Sequence[str]) -> list[float]:
    found = []
    for _ in range(_RUNS):
        embedded, composed = _rate(one, paths), _rate(other, paths)
        found.append(composed / embedded)
    return found


def _rate(person: Person, paths: Sequence[str]) -> float:
    cookies = "; ".join(f"{each.name}={each.value}" for each in person.browser.session.cookies if each.path == "/")
    measured = client.measure(person.address, paths, cookies=cookies, seconds=_SECONDS, connections=_CONNECTIONS)
    assert not measured.bad, f"{measured.bad} answers of {person.address} were not 200"
    return measured.rate


def _filled(person: Person, code: str, world: World) -> Person:
    person.accept(code)
    for each in world.resources_of("notts")[:_LEAFLETS]:
        person.write(each.words.title, each.words.summary)
    return person


def _who(world: World) -> list[str]:
    member, county = world.member(PEOPLE["notts"]), world.county("notts")
    home = world.organisation(member.organisation)
    roles = [word for role in member.roles for word in ("--role", role)]
    return [member.name, member.email, "--community", county.community, "--organisation", home.name, *roles]


def _link(said: str) -> str:
    match = re.search(r"/invitation/(\S+)", said)
    assert match, said
    return match[1]
