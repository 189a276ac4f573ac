"""A real Keycloak, as a node runs it, on this machine's own network, so that its mail and its calls reach a test."""

import re
import secrets as random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from keycloak import KeycloakAdmin
from sqlalchemy.engine import URL, make_url
from testcontainers.core.container import DockerContainer

from services.common.files import write_private
from services.node.setup import authority, identity, secrets
from services.node.setup.realm import MailServer
from services.node.web import bound
from tests import images, machine
from tests.waiting import until

PASS_PHRASE = "a long phrase of words"


@dataclass(frozen=True)
class Keycloak:
    """`secrets` is the folder of all secrets of its node; `address` has the path too."""

    address: str
    secrets: Path
    database: str
    container: DockerContainer = field(repr=False, compare=False)

    @property
    def trusted(self) -> str:
        return str(self.secrets / "keycloak" / "authority.pem")

    @property
    def issuer(self) -> str:
        return f"{self.address}/realms/fosse"

    def prepare(
        self, public_url: str, mail: MailServer | None = None, gateway: str = "http://gateway:8080"
    ) -> list[str]:
        place = identity.Place(self.secrets, self.address, self.database, gateway)
        return identity.prepare(place, public_url, mail)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It takes what it is sent and answers nothing; afterwards it does all of it."""
        stopped = self.container.get_wrapped_container()
        stopped.pause()
        try:
            yield
        finally:
            stopped.unpause()

    def admin(self, realm: str = "fosse") -> KeycloakAdmin:
        password = (self.secrets / "keycloak" / "admin-password").read_text()
        return KeycloakAdmin(
            server_url=f"{self.address}/", username="admin", password=password, realm_name=realm,
            user_realm_name="master", verify=self.trusted, timeout=60,
        )  # fmt: skip

    def add_account(self, name: str, *roles: str, email: str = "") -> str:
        """With the pass phrase of all tests; returns its id, which is the subject of its tokens."""
        admin = self.admin()
        told = {"username": name, "email": email or f"{name}@homes.example", "firstName": name, "lastName": "Test"}
        password = {"type": "password", "value": PASS_PHRASE, "temporary": False}
        made = str(admin.create_user({**told, "enabled": True, "credentials": [password]}))
        admin.assign_realm_roles(made, [admin.get_realm_role(role) for role in roles])
        return made


@dataclass
class Browser:
    """Somebody at the sign-in pages of a Keycloak, by the forms alone."""

    keycloak: Keycloak
    public_url: str
    page: str = ""
    verifier: str = field(default_factory=lambda: random.token_urlsafe(48))

    def __post_init__(self) -> None:
        self._session = requests.Session()
        self._session.verify = self.keycloak.trusted
        # Else a variable of the machine would say whom to trust.
        self._session.trust_env = False
        self._at = ""

    @property
    def asked(self) -> str:
        """The address with which the node sends somebody here."""
        asked = {
            "client_id": "fosse-gateway", "response_type": "code", "scope": "openid", "state": "s",
            "redirect_uri": f"{self.public_url}/signin/return", "code_challenge_method": "S256",
            "code_challenge": create_s256_code_challenge(self.verifier),
        }  # fmt: skip
        return f"{self.keycloak.issuer}/protocol/openid-connect/auth?{urlencode(asked)}"

    def ask(self) -> None:
        self.open(self.asked)

    def open(self, address: str) -> None:
        self._follow(self._session.get(address, allow_redirects=False, timeout=20))

    def follow_link(self, words: str) -> None:
        found = re.search(rf'<a[^>]*href="([^"]+)"[^>]*>\s*{words}', self.page)
        assert found, self.page
        self.open(urljoin(self._at, unescape(found[1])))

    def send(self, **typed: str) -> None:
        found = re.search(r'<form[^>]*action="([^"]+)"', self.page)
        assert found, self.page
        hidden = dict(re.findall(r'<input type="hidden"[^>]*name="([^"]+)" value="([^"]*)"', self.page))
        typed = {**hidden, **typed}
        self._follow(self._session.post(unescape(found[1]), data=typed, allow_redirects=False, timeout=20))

    def sign_in(self, name: str, password: str = PASS_PHRASE) -> None:
        self.ask()
        self.send(username=name, password=password)

    def set_up_code(self) -> bytes:
        """On the page that a person without a one-time code gets; returns the secret of their telephone."""
        found = re.search(r'name="totpSecret" value="([^"]+)"', self.page)
        assert found, self.page
        secret = found[1].encode()
        self.send(totp=one_time(secret), userLabel="telephone")
        return secret

    @property
    def sent_back_to(self) -> str:
        """An address of the node; empty while they are still at the provider's pages."""
        return self._at if self._back else ""

    @property
    def code(self) -> str:
        """With which the provider sent them back."""
        return "".join(parse_qs(urlsplit(self.sent_back_to).query).get("code", []))

    def tokens(self) -> dict[str, str]:
        """For the code, as the node's gateway would get them."""
        back = f"{self.public_url}/signin/return"
        given = self._asked(
            grant_type="authorization_code", code=self.code, code_verifier=self.verifier, redirect_uri=back
        )  # fmt: skip
        found: dict[str, str] = given.json()
        return found

    def refreshed(self, token: str) -> requests.Response:
        return self._asked(grant_type="refresh_token", refresh_token=token)

    def _asked(self, **form: str) -> requests.Response:
        secret = (self.keycloak.secrets / "keycloak" / "client-secret").read_text()
        address = f"{self.keycloak.issuer}/protocol/openid-connect/token"
        return self._session.post(address, data=form, auth=("fosse-gateway", secret), timeout=20)

    @property
    def _back(self) -> bool:
        return self._at.startswith(f"{self.public_url}/signin/return")

    def _follow(self, answer: requests.Response) -> None:
        while answer.is_redirect:
            self._at = urljoin(answer.url, answer.headers["Location"])
            if self._back:
                return
            answer = self._session.get(self._at, allow_redirects=False, timeout=20)
        self._at, self.page = answer.url, answer.text


def one_time(secret: bytes, steps: int = 0) -> str:
    """Each works once: a later one is of the next half minute, which Keycloak takes too."""
    # Telephones know no other hash.
    made = TOTP(secret, 6, SHA1(), 30, enforce_key_length=False)  # noqa: S303
    return made.generate(int(time.time()) + 30 * steps).decode()


@contextmanager
def running(database: str, folder: Path) -> Iterator[Keycloak]:
    """Ready, on a database that it may have made before; an empty one has no realm of ours."""
    machine.need_containers(machine.KEYCLOAK_IMAGE)
    images.need_builder()
    server = make_url(database)
    _lay_out(folder, server)
    with bound("127.0.0.1", 0) as https, bound("127.0.0.1", 0) as managing:
        port, health = https.getsockname()[1], managing.getsockname()[1]
    container = (
        DockerContainer(images.keycloak(), docker_client_kw=machine.PATIENT)
        .with_kwargs(network_mode="host", user="0:0", mem_limit="768m")
        .with_volume_mapping(str(folder / "keycloak"), "/run/secrets/fosse", "ro")
        .with_envs(
            KC_DB_URL=f"jdbc:postgresql://127.0.0.1:{server.port}/{server.database}",
            KC_DB_USERNAME=server.username or "",
            KC_HOSTNAME=f"https://localhost:{port}/id", KC_HTTP_HOST="127.0.0.1", KC_HTTPS_PORT=str(port),
            KC_HTTPS_CERTIFICATE_FILE="/run/secrets/fosse/identity.pem",
            KC_HTTPS_CERTIFICATE_KEY_FILE="/run/secrets/fosse/identity.pem",
            KC_HTTP_MANAGEMENT_PORT=str(health), KC_HTTP_MANAGEMENT_SCHEME="http", KC_CACHE="local",
            KC_BOOTSTRAP_ADMIN_USERNAME="admin", JAVA_OPTS_KC_HEAP="-Xms64m -Xmx384m",
        )
    )  # fmt: skip
    with container:
        until(lambda: _ready(health), "Keycloak is ready", within_s=300)
        yield Keycloak(f"https://localhost:{port}/id", folder, database, container)


def _lay_out(folder: Path, database: URL) -> None:
    """A node's secrets, with the password of this database, and a certificate for this machine's own name."""
    now = datetime.now(UTC)
    secrets.lay_out(folder, "notts", now)
    write_private(folder / "keycloak" / "pgpass", f"*:*:*:{database.username}:{database.password}\n".encode())
    authority.opened(folder / "authority", "notts", now).issue("localhost", folder / "keycloak", now)


def _ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/id/health/ready", timeout=2).ok
    except requests.RequestException:
        return False
