"""Promise 40: no client of a node's Keycloak sends people on to any address, or gives tokens without a code."""

from collections.abc import Iterator
from typing import Any

import pytest
from keycloak import KeycloakAdmin

from services.node.setup import identity
from tests.keycloak import Keycloak
from tests.promises.planted import Bug, planted
from tests.promises.promise import promise

pytestmark = [pytest.mark.xdist_group("keycloak"), pytest.mark.timeout(600)]
PUBLIC = "https://notts.example"
BY_HAND: tuple[dict[str, Any], ...] = (
    {"clientId": "any-address", "redirectUris": ["*"]},
    {"clientId": "any-path", "redirectUris": ["https://notts.example/*"]},
    {"clientId": "without-a-code", "implicitFlowEnabled": True, "redirectUris": ["https://notts.example/here"]},
    {"clientId": "by-password", "directAccessGrantsEnabled": True, "publicClient": True},
)
BUGS: dict[str, Bug] = {
    "others_left_open": (identity, "_shut", lambda admin, clients: iter(())),
    "ours_believed": (identity, "unlike", lambda there, wanted: []),
}


def open_clients(admin: KeycloakAdmin) -> Iterator[str]:
    """Of our realm and of the operator's, whose own command line gives a password and is reached from inside only."""
    for realm in ("master", "fosse"):
        admin.change_current_realm(realm)
        for each in admin.get_clients():
            anywhere = any("*" in address for address in each["redirectUris"])
            by_password = each["directAccessGrantsEnabled"] and (realm, each["clientId"]) != ("master", "admin-cli")
            if anywhere or each["implicitFlowEnabled"] or by_password:
                yield f"{realm}/{each['clientId']}"


def edited_by_hand(admin: KeycloakAdmin) -> int:
    """How many clients are open then."""
    admin.change_current_realm("fosse")
    for client in BY_HAND:
        admin.create_client(client, skip_exists=True)
        admin.update_client(admin.get_client_id(client["clientId"]) or "", {**client, "enabled": True})
    ours = {"redirectUris": ["*"], "implicitFlowEnabled": True}
    admin.update_client(admin.get_client_id("fosse-gateway") or "", ours)
    return len(list(open_clients(admin)))


def test_no_client_is_open_though_hands_opened_some(keycloak: Keycloak) -> None:
    keycloak.prepare(PUBLIC)
    admin = keycloak.admin()
    before = edited_by_hand(admin)

    keycloak.prepare(PUBLIC)

    left = list(open_clients(admin))
    figures = f"opened_by_hand={before} open={len(left)} {' '.join(left)}".rstrip()
    promise(40, "stack", "clients with wildcard redirect or implicit grant", before == 5 and not left, figures, 0)


def test_a_set_up_with_a_bug_is_caught(keycloak: Keycloak) -> None:
    keycloak.prepare(PUBLIC)
    admin = keycloak.admin()

    found: dict[str, int] = {}
    for name, bug in BUGS.items():
        edited_by_hand(admin)
        with planted(bug):
            keycloak.prepare(PUBLIC)
        found[name] = len(list(open_clients(admin)))
        keycloak.prepare(PUBLIC)

    caught = sum(count > 0 for count in found.values())
    figures = f"bugs={len(BUGS)} caught={caught} " + " ".join(f"{name}={count}" for name, count in found.items())
    promise(40, "stack", "open clients planted", caught == len(BUGS), figures, 0)
