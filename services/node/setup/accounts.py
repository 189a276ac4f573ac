"""Accounts of the node's own Keycloak, as the operator helps their owners: by the name that they sign in with."""

import secrets as random
from pathlib import Path

from keycloak import KeycloakAdmin

from services.common.errors import NotFound
from services.node.setup.identity import administering

_REALM = "fosse"
_BYTES = 12


def new_password(secrets: Path, server: str, name: str) -> str:
    """A password that must be changed at the next sign-in; whoever is signed in with the old one is no more."""
    made = random.token_urlsafe(_BYTES)
    with administering(secrets, server, _REALM) as admin:
        account = _account(admin, name)
        admin.set_user_password(account, made, temporary=True)
        admin.user_logout(account)
    return made


def forget_codes(secrets: Path, server: str, name: str) -> int:
    """How many there were."""
    with administering(secrets, server, _REALM) as admin:
        account = _account(admin, name)
        codes = [each["id"] for each in admin.get_credentials(account) if each["type"] == "otp"]
        for code in codes:
            admin.delete_credential(account, code)
        return len(codes)


def _account(admin: KeycloakAdmin, name: str) -> str:
    found = admin.get_user_id(name.lower())
    if not found:
        raise NotFound(f"Nobody signs in with the name {name}. Nothing was changed; ask them what they type.")
    return str(found)
