"""Promise 46: of a thousand guesses at a code at most ten are looked at, and whoever has the right one gets in."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask

import gateway.app
from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.federation.v1 import federation_pb2
from fosse.federation.v1.federation_pb2_grpc import FederationStub
from gateway import auth, limits
from gateway.counters import Charge, Counters, Limit, Per
from services.common.channels import Channels
from services.common.errors import TooMany
from services.common.ids import new_id
from services.common.wires import Sockets
from services.node.demo.mailbox import Mailbox, mails_in
from tests.databases import Databases
from tests.gateways import a_gateway
from tests.members import COMMUNITY
from tests.ports import a_free_port
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.waiting import until
from tests.whole_nodes import WholeNode, a_whole_node

SEED = 46
GUESSES, MOST = 1_000, 10
Guess = Callable[[int], int]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[WholeNode]:
    with a_whole_node(tmp_path, "hub", hub=True, trusted_proxies=1, door_port=a_free_port()) as node:
        yield node


def seen_from(address: str) -> dict[str, str]:
    """What the proxy in front says of whoever asks."""
    return {"X-Forwarded-For": address}


def another(number: int) -> str:
    return f"198.51.{number // 250}.{number % 250 + 1}"


def checked(guess: Guess, numbers: Iterable[int]) -> int:
    """How many of the guesses were looked at, right or wrong."""
    return sum(guess(number) != 429 for number in numbers)


def guessing_invitations(node: WholeNode, name: str) -> Guess:
    """One person with an account guesses from a thousand addresses."""
    node.accounts.add(name, "", key=name)
    browser = node.fresh()
    browser.sign_in(name)
    sent = {"csrf_token": browser.form_token("/invitation/0")}
    return lambda number: (
        browser.post(f"/invitation/{number:032x}", sent, headers=seen_from(another(number))).status_code
    )


def at_invitations(node: WholeNode) -> tuple[Guess, Callable[[], bool]]:
    """Eve guesses; Ann has an invitation."""
    ann, path = node.fresh(), node.a_member(1, "Ann Example")
    ann.sign_in("Ann Example")
    return guessing_invitations(node, "Eve"), lambda: ann.send(path).status_code == 303


def at_links(node: WholeNode) -> tuple[Guess, Callable[[], bool]]:
    """Somebody guesses from one address; a member has a link in a mail."""
    good, eve, member = a_link(node), node.fresh(), node.fresh()

    def guess(number: int) -> int:
        return eve.get(f"/l/{number:032x}", headers=seen_from("203.0.113.9")).status_code

    return guess, lambda: member.get(good).status_code == 200


def at_enrolment(node: WholeNode, county: WholeNode) -> tuple[Guess, Callable[[], bool]]:
    """Somebody guesses from one address; a county was told a code."""
    eve, stubs = node.fresh(), [operator(each) for each in (node, county)]
    hub, theirs = (channels.stub(FederationStub, "federation", 20) for channels in stubs)
    code = hub.CreateEnrolmentCode(federation_pb2.CreateEnrolmentCodeRequest(id=new_id())).code

    def guess(number: int) -> int:
        said = {"code": f"{number:032x}", "slug": "eve", "name": "Eve"}
        return eve.post("/api/v1/enrolments", json=said, headers=seen_from("203.0.113.9")).status_code

    def enrols() -> bool:
        theirs.RequestEnrolment(federation_pb2.RequestEnrolmentRequest(hub_address=node.url, code=code))
        asked = federation_pb2.GetFederationStatusRequest()
        until(lambda: hub.GetFederationStatus(asked).newcomers, "the hub shows the newcomer")
        return True

    return guess, enrols


def a_link(node: WholeNode) -> str:
    """From the invitation to a meeting, as its member has it in a mail."""
    convenor = node.signed_in(2, "Cath Convenor", ROLE_MEMBER, ROLE_CONVENOR)
    token = {"X-CSRF-Token": convenor.form_token("/about")}
    words = {
        "title": "Falls", "kind": "MEETING_KIND_MONTHLY", "audience": "MEETING_AUDIENCE_COMMUNITY", "venue": "Hall",
        "day": (date.today() + timedelta(days=14)).isoformat(), "starts": "14:00", "ends": "16:00", "roomHolds": 20,
    }  # fmt: skip
    wanted = {"id": new_id(), "communityId": COMMUNITY, "words": words}
    made = convenor.post("/api/v1/meetings", json=wanted, headers=token).json()["meeting"]
    announced = {"expectedVersion": made["version"], "invite": True}
    convenor.post(f"/api/v1/meetings/{made['id']}:announce", json=announced, headers=token)
    box = Mailbox(lambda: mails_in(Path(node.gateway.secret_key_file).parents[1]))
    until(lambda: [each for letter in box.letters() for each in letter.links], "the invitation is mailed", 30)
    return next(each for letter in box.letters() for each in letter.links)


def operator(node: WholeNode) -> Channels:
    return Channels(Sockets(node.run_dir), "operator")


def attacked(guess: Guess, honest: Callable[[], bool]) -> tuple[int, int]:
    """Guesses that were looked at, and honest people locked out: half way through somebody has the right code."""
    before = checked(guess, range(GUESSES // 2))
    gets_in = honest()
    return before + checked(guess, range(GUESSES // 2, GUESSES)), int(not gets_in)


@pytest.mark.timeout(180)
def test_guesses_at_codes_are_not_looked_at_and_whoever_has_one_gets_in(hub: WholeNode, tmp_path: Path) -> None:
    with a_whole_node(tmp_path / "c", "derbys") as county:
        found = {
            "invitation": attacked(*at_invitations(hub)),
            "link": attacked(*at_links(hub)),
            "enrolment": attacked(*at_enrolment(hub, county)),
        }
    with planted((auth, "INVITATION", tuple(each for each in limits.INVITATION if each.per is Per.ADDRESS))):
        caught = checked(guessing_invitations(hub, "Mallory"), range(2 * MOST))

    figures = " ".join(f"{name}: checked={looked} locked_out={out}" for name, (looked, out) in found.items())
    ok = all(0 < looked <= MOST and not out for looked, out in found.values()) and caught > MOST
    told = f"guesses={GUESSES} each, {figures} planted[address only]={caught}"
    promise(46, "embedded", "guesses at codes", ok, told, SEED)


class InMemory(Counters):
    """Counts in its own worker alone."""

    def take_all(self, charges: Iterable[Charge], now: object) -> None:
        counted: dict[tuple[str, str], int] = self.__dict__.setdefault("counted", {})
        for limit, who in charges:
            self._one(counted, limit, who)

    def _one(self, counted: dict[tuple[str, str], int], limit: Limit, who: str) -> None:
        counted[limit.what, who] = counted.get((limit.what, who), 0) + 1
        if counted[limit.what, who] > limit.count:
            raise TooMany(limit.sentence)


def looked_at_by_two_workers(folder: Path, databases: Databases) -> int:
    """Guesses from one address that reach one worker and the other by turns."""
    with a_gateway(folder, databases, trusted_proxies=1) as web, ExitStack() as stack:
        second = gateway.app.create_app(web.settings, clock=web.clock)
        stack.callback(gateway.app.close, second)
        workers: tuple[Flask, Flask] = (web.app, second)

        def guess(number: int) -> int:
            asking = workers[number % 2].test_client()
            return asking.get(f"/l/{number:032x}", headers=seen_from("203.0.113.9")).status_code

        return checked(guess, range(4 * MOST))


ON_POSTGRES = pytest.param("stack", "postgres_databases", marks=pytest.mark.xdist_group("postgres"))


@pytest.mark.parametrize(("variant", "kept_in"), [("embedded", "sqlite_databases"), ON_POSTGRES])
def test_guesses_are_counted_across_workers(
    tmp_path: Path, request: pytest.FixtureRequest, variant: str, kept_in: str
) -> None:
    databases = request.getfixturevalue(kept_in)
    looked = looked_at_by_two_workers(tmp_path / "sound", databases)
    with planted((gateway.app, "Counters", InMemory)):
        caught = looked_at_by_two_workers(tmp_path / "careless", databases)

    figures = f"workers=2 guesses={4 * MOST} checked={looked} planted[counted in memory]={caught}"
    promise(46, variant, "guesses across workers", looked == MOST < caught, figures, SEED)
