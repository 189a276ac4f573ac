"""Promise 37: what a request says about who sends it, where it comes from and where it goes to opens nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.common.v1.housekeeping_pb2 import GetHousekeepingStatusRequest
from fosse.common.v1.housekeeping_pb2_grpc import HousekeepingStub
from gateway import limits
from gateway.callers import Caller, Callers
from services.common.access import Person
from services.common.topics import SERVICES
from services.common.wires import IDENTITY, MutualTls
from tests.browsing import Browser
from tests.databases import SqliteDatabases
from tests.gateways import Web, a_gateway
from tests.members import COMMUNITY
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.tls_services import NODE, TlsNode, prepared, serving

SEED = 37
ELSEWHERE = "elsewhere.example"
SPIFFE = f"spiffe://{NODE}/operator"
WHO: dict[str, str] = {
    **dict.fromkeys(("X-Forwarded-User", "X-Remote-User", "Remote-User", "X-Auth-Request-User", "X-User"), "operator"),
    **dict.fromkeys(("X-Auth-Request-Email", "X-Forwarded-Email"), "m1@home.example"),
    **dict.fromkeys(("X-Forwarded-Groups", "X-Fosse-Role", "X-Roles"), "operator,convenor"),
    **dict.fromkeys(("X-Fosse-Workload", "Fosse-Workload", "Grpc-Metadata-Fosse-Workload"), "operator"),
    **dict.fromkeys(("X-SSL-Client-Cert", "X-Client-Cert", "SSL-Client-Cert"), "-----BEGIN CERTIFICATE-----"),
    **dict.fromkeys(("X-SSL-Client-S-DN", "X-SSL-Client-Verify"), "CN=operator"),
    "X-Forwarded-Client-Cert": f"By={SPIFFE};URI={SPIFFE}",
    "X-Forwarded-Access-Token": "operator",
    "X-Member-Id": f"{1:032x}",
    "X-Spiffe-Id": SPIFFE,
}
PASSES = {name: "e30.e30.e30" for name in ("Fosse-Pass", "X-Fosse-Pass", "X-Pass")}
ADDRESS = (
    *("X-Forwarded-For", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "Client-IP", "X-Client-IP", "Remote-Addr"),
    *("X-Cluster-Client-IP", "Fastly-Client-IP", "X-Originating-IP", "X-Remote-Addr", "X-ProxyUser-IP"),
)
PLACE = ("Host", "X-Forwarded-Host", "X-Host", "X-Forwarded-Server", "X-Original-Host", "X-HTTP-Host-Override")
PATHS = {name: "/members" for name in ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Script-Name")}
MEMBERS = f"/api/v1/members?communityId={COMMUNITY}"


def honoured_inside(node: TlsNode) -> list[str]:
    """Claims by which notification, whose certificate is good, gets what is the operator's."""
    identity = (node.folder / "notification" / IDENTITY).read_bytes()
    shown = grpc.ssl_channel_credentials(node.trusted, identity, identity)
    found = []
    for service in SERVICES:
        with node.connect(service, shown) as channel:
            for name, claim in {**WHO, "Authorization": "Bearer operator"}.items():
                if _answered(HousekeepingStub(channel), name.lower(), claim):
                    found.append(f"{name} at {service}")
    return found


def _answered(stub: HousekeepingStub, name: str, claim: str) -> bool:
    try:
        stub.GetHousekeepingStatus(GetHousekeepingStatusRequest(), timeout=5, metadata=((name, claim),))
    except grpc.RpcError as error:
        assert isinstance(error, grpc.Call) and error.code() is grpc.StatusCode.PERMISSION_DENIED, error
        return False
    return True


def believing(self: MutualTls, context: Any, said: str) -> str:
    """As between processes on one machine, where only the right ones can speak at all."""
    return said


def test_no_service_believes_what_a_caller_says_of_itself(tmp_path: Path) -> None:
    node = prepared(tmp_path / "node")
    with serving(node):
        found = honoured_inside(node)
        with planted((MutualTls, "caller", believing)):
            caught = honoured_inside(node)

    figures = f"claims={len(WHO) + 1} services={len(SERVICES)} honoured={len(found)} planted[believing]={len(caught)}"
    promise(37, "embedded", "spoofed identity at services", not found and bool(caught), figures, SEED)


def honoured_claims(web: Web) -> list[str]:
    """Of who somebody is, and of what they ask for: by a stranger, and by a member who has no role."""
    ann = web.signed_in(1, "Ann Example")
    found = []
    for name, claim in {**WHO, **PASSES, **PATHS}.items():
        if web.fresh().get("/api/v1/me", headers={name: claim}).status_code != 401:
            found.append(f"{name} of a stranger")
        if ann.get(MEMBERS, headers={name: claim}).status_code != 403:
            found.append(f"{name} of a member")
    return found


def honoured_addresses(web: Web, through: str = "") -> list[str]:
    """Headers by which somebody who has used up their tries gets more. `through`: what a proxy of ours adds."""
    ben = web.fresh()
    for _ in range(limits.LINK[0].count):
        assert _tried(ben, {"X-Forwarded-For": f"192.0.2.1{through}"}) != 429
    claims = [{name: f"198.51.100.{number}"} for number, name in enumerate(ADDRESS)]
    claims += [{"Forwarded": "for=198.51.100.99"}, {"X-Forwarded-For": "198.51.100.98, 198.51.100.97"}]
    return [name for claim in claims for name in claim if _tried(ben, _with(claim, through)) != 429]


def _with(claim: dict[str, str], through: str) -> dict[str, str]:
    """As the proxy hands it on: it adds where the request came from to what was said already."""
    said = claim.get("X-Forwarded-For", "")
    return {**claim, "X-Forwarded-For": f"{said}{through}".removeprefix(", ")} if through else claim


def _tried(browser: Browser, headers: dict[str, str]) -> int:
    return browser.get("/l/no-such-code", headers=headers).status_code


def places_named(web: Web) -> Iterator[str]:
    """Headers by which a page or an answer names another place than the node's own."""
    cath = web.signed_in(3, "Cath Convenor", ROLE_CONVENOR)
    token = cath.form_token("/about")
    web.a_member(4, "Dee Example")
    # By itself the client would send them to the place that is claimed only.
    cookies = "; ".join(f"{name}={text}" for name, text in cath.http.cookies.items())
    for number, name in enumerate((*PLACE, "Forwarded")):
        claim = {"Cookie": cookies, name: f"host={ELSEWHERE}" if name == "Forwarded" else ELSEWHERE}
        invited = {"csrf_token": token, "id": f"{number + 1:032x}"}
        answers = [
            *(cath.get(path, headers=claim) for path in ("/", "/signin", "/federation", "/no/such/page")),
            cath.post("/signin", {"csrf_token": token}, headers=claim),
            cath.post(f"/members/{4:032x}/invitation", invited, headers=claim),
        ]
        assert f"{web.url}/invitation/" in answers[-1].text, answers[-1].status_code
        if any(ELSEWHERE in f"{each.headers}{each.text}" for each in answers):
            yield name


def taken_at_its_word(callers: Callers, asked: Any) -> Caller:
    """Of a gateway that was written for a proxy which signs people in."""
    user = asked.headers.get("X-Forwarded-User")
    return Caller(person=Person("m" * 32, operator=True), bearer=True) if user else sound_of(callers, asked)


sound_of = Callers.of


def test_no_page_believes_a_header(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    with a_gateway(tmp_path / "open", sqlite_databases) as web:
        found = [*honoured_claims(web), *places_named(web), *honoured_addresses(web)]
    with a_gateway(tmp_path / "proxied", sqlite_databases, trusted_proxies=1) as web:
        found += honoured_addresses(web, through=", 203.0.113.9")

    claims = 2 * len({**WHO, **PASSES, **PATHS}) + 2 * (len(ADDRESS) + 2) + len(PLACE) + 1
    figures = " ".join([f"claims={claims} honoured={len(found)}", *found])
    promise(37, "embedded", "spoofed identity at pages", not found, figures, SEED)


def test_a_gateway_that_believes_is_caught(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    with planted((Callers, "of", taken_at_its_word)), a_gateway(tmp_path / "a", sqlite_databases) as web:
        claimed = honoured_claims(web)
    # A proxy is trusted where there is none, so that anybody speaks for it.
    with a_gateway(tmp_path / "b", sqlite_databases, trusted_proxies=1) as web:
        addresses = honoured_addresses(web)

    figures = f"planted[signed in by a header]={len(claimed)} planted[no proxy in front]={len(addresses)}"
    promise(37, "embedded", "spoofed identity at pages planted", bool(claimed and addresses), figures, SEED)
