"""Keycloak's realm, brought to what this version and the settings say: made at the first start, mended at later ones.

Keycloak itself reads a realm file once and never again, so that a new address, a newer version or a hand's edit would
go unseen. In the realm only our own clients are let in: each other way to get a token is shut.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keycloak import KeycloakAdmin
from keycloak.exceptions import KeycloakError
from requests import RequestException

from services.common.errors import Conflict
from services.common.wires import AUTHORITY
from services.node.backup import accounts
from services.node.setup import flows
from services.node.setup.realm import RIGHTS_IN, Json, MailServer, Realm, unlike, wanted

# Making a realm takes a busy machine a while, and what took too long is asked once more.
_PATIENCE_S = 60
_GIVES_TOKENS = ("standardFlowEnabled", "implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled")
_SHUT = {**dict.fromkeys(_GIVES_TOKENS, False), "enabled": False, "redirectUris": [], "webOrigins": []}
_MASTER = "master"
_SECRETS = {"FOSSE_CLIENT_SECRET": "client-secret", "FOSSE_ACCOUNTS_SECRET": "accounts-secret"}


@dataclass(frozen=True)
class Place:
    """Of a node's own Keycloak: where it answers, its database, and where it finds the gateway."""

    secrets: Path
    server: str
    database: str
    # It is told there of sign-ins that ended: between containers, and what is said is signed.
    gateway: str = "http://gateway:8080"


def prepare(place: Place, public_url: str, mail: MailServer | None) -> list[str]:
    """Returns what it did, in words. May be killed at any point and run again.

    Raises `Conflict` where Keycloak does not answer or refuses, `BadSetting` for what is no address or mail setting.
    """
    words = {name: _word(place.secrets / "keycloak" / file) for name, file in _SECRETS.items()}
    realm = wanted(public_url, {**words, "FOSSE_GATEWAY": place.gateway}, mail)
    with administering(place.secrets, place.server, _MASTER) as admin:
        return [*_in_ours(admin, realm, place.database), *_in_master(admin)]


@contextmanager
def administering(secrets: Path, server: str, realm: str) -> Iterator[KeycloakAdmin]:
    """As Keycloak's own administrator; raises `Conflict` where Keycloak does not answer or refuses."""
    folder = secrets / "keycloak"
    with _answering(server):
        yield KeycloakAdmin(
            server_url=f"{server}/", username="admin", password=_word(folder / "admin-password"), realm_name=realm,
            user_realm_name=_MASTER, verify=str(folder / AUTHORITY), timeout=_PATIENCE_S,
        )  # fmt: skip


def _in_ours(admin: KeycloakAdmin, realm: Realm, database: str) -> Iterator[str]:
    if realm.name not in [each["realm"] for each in admin.get_realms()]:
        # Off until all of it stands.
        admin.create_realm({"realm": realm.name, "enabled": False}, skip_exists=True)
        yield f"realm {realm.name}"
    admin.change_current_realm(realm.name)
    yield from _roles(admin, realm)
    # While nobody can take a name that somebody else had.
    if people := accounts.let_in(database):
        yield f"accounts of {people} people, as they were backed up"
    yield from flows.mend(admin, admin.get_realm(realm.name), realm.flows)
    yield from _settings(admin, realm)
    yield from _clients(admin, realm.clients)
    yield from _rights(admin, realm.rights)
    ours = {each["clientId"] for each in realm.clients}
    yield from _shut(admin, [each for each in admin.get_clients() if _gives_tokens(each, ours)])


def _roles(admin: KeycloakAdmin, realm: Realm) -> Iterator[str]:
    for name, inner in realm.roles.items():
        if admin.create_realm_role({"name": name}, skip_exists=True) and not _has(admin, name, inner):
            admin.add_composite_realm_roles_to_role(name, [admin.get_realm_role(each) for each in inner])
            yield f"role {name}"


def _has(admin: KeycloakAdmin, role: str, inner: Sequence[str]) -> bool:
    there = {each["name"] for each in admin.get_composite_realm_roles_of_role(role)} if inner else set()
    return set(inner) <= there


def _settings(admin: KeycloakAdmin, realm: Realm) -> Iterator[str]:
    there = admin.get_realm(realm.name)
    password = realm.settings["smtpServer"].get("password")
    # It is never read back, so it cannot be compared.
    there.get("smtpServer", {}).update({"password": password} if password else {})
    changed = unlike(there, realm.settings)
    if changed or password:
        admin.update_realm(realm.name, realm.settings)
    if changed:
        yield f"settings of the realm: {', '.join(changed)}"


def _clients(admin: KeycloakAdmin, wanted: Sequence[Json]) -> Iterator[str]:
    there = {each["clientId"]: each for each in admin.get_clients()}
    for client in wanted:
        known = there.get(client["clientId"])
        changed = unlike(known, client) if known else []
        if known and not changed:
            continue
        if known:
            # Parts of a client cannot be put: what somebody added to it would stay.
            admin.delete_client(known["id"])
        admin.create_client(client)
        yield f"client {client['clientId']}" + (f": {', '.join(changed)}" if changed else "")


def _rights(admin: KeycloakAdmin, rights: dict[str, Sequence[str]]) -> Iterator[str]:
    owner = admin.get_client_id(RIGHTS_IN) or ""
    for client, given in rights.items():
        account = admin.get_client_service_account_user(admin.get_client_id(client) or "")["id"]
        there = admin.get_client_roles_of_user(account, owner)
        if {each["name"] for each in there} == set(given):
            continue
        if there:
            admin.delete_client_roles_of_user(account, owner, there)
        admin.assign_client_role(account, owner, [admin.get_client_role(owner, each) for each in given])
        yield f"rights of {client}"


def _gives_tokens(client: Json, ours: set[str]) -> bool:
    if client["clientId"] in ours or client.get("bearerOnly"):
        return False
    return bool(client["enabled"] or client["redirectUris"] or any(client[way] for way in _GIVES_TOKENS))


def _in_master(admin: KeycloakAdmin) -> Iterator[str]:
    """Where the operator alone signs in, by command: pages that send people on to any address are shut."""
    admin.change_current_realm(_MASTER)
    yield from _shut(admin, [each for each in admin.get_clients() if _is_open(each)])


def _is_open(client: Json) -> bool:
    return bool(client.get("implicitFlowEnabled")) or any("*" in each for each in client.get("redirectUris", []))


def _shut(admin: KeycloakAdmin, clients: Sequence[Json]) -> Iterator[str]:
    for client in clients:
        admin.update_client(client["id"], {**client, **_SHUT})
        yield f"client {client['clientId']} shut"


def _word(file: Path) -> str:
    return file.read_text(encoding="ascii").strip()


@contextmanager
def _answering(server: str) -> Iterator[None]:
    """Says in a sentence what can go wrong between Keycloak and us."""
    try:
        yield
    except (KeycloakError, RequestException) as error:
        raise Conflict(
            f"Keycloak at {server} does not do what it is asked ({type(error).__name__}). What was done stands, and "
            "`docker compose up -d --wait` goes on. Is it running, and is its database the one that was made together "
            "with these secrets? `docker compose logs keycloak` says more."
        ) from error
