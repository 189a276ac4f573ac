"""Accounts at the node's own Keycloak, brought to what membership says of them.

The client that we are there may change accounts and nothing else. Keycloak tells nobody when an account is disabled, so
its sessions are ended too; that is what reaches the gateway (back-channel logout).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keycloak import KeycloakAdmin, KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakError
from requests import RequestException

from services.common.rpc_errors import Away
from services.membership.domain.accounts import SECOND_FACTOR, Account

CLIENT_ID = "fosse-membership"
_TIMEOUT_S = 10
_GONE = 404


class Accounts:
    """`realm` is the issuer's last word; connected when first used."""

    def __init__(self, server: str, realm: str, secret_file: Path, trusted: Path | None) -> None:
        self._server = f"{server.rstrip('/')}/"
        self._realm = realm
        self._secret = secret_file.read_text(encoding="ascii").strip()
        self._trusted: str | bool = str(trusted) if trusted else True
        self._admin: KeycloakAdmin | None = None

    def put(self, account: Account) -> None:
        """An account that is gone stays so; raises `Away` while Keycloak does not do it."""
        with _asked():
            admin = self._connected()
            there = _found(admin, account.subject)
            if there is None:
                return
            if there["enabled"] is account.closed:
                admin.update_user(account.subject, {"enabled": not account.closed})
            if account.closed:
                # Also where it was disabled already: the last try may have ended between the two.
                admin.user_logout(account.subject)
            _put_roles(admin, account)

    def _connected(self) -> KeycloakAdmin:
        if self._admin is None:
            us = KeycloakOpenIDConnection(
                server_url=self._server, realm_name=self._realm, client_id=CLIENT_ID, client_secret_key=self._secret,
                verify=self._trusted, timeout=_TIMEOUT_S,
            )  # fmt: skip
            self._admin = KeycloakAdmin(connection=us)
        return self._admin


def _found(admin: KeycloakAdmin, subject: str) -> dict[str, Any] | None:
    try:
        return dict(admin.get_user(subject))
    except KeycloakError as error:
        if error.response_code == _GONE:
            return None
        raise


def _put_roles(admin: KeycloakAdmin, account: Account) -> None:
    ours = frozenset(SECOND_FACTOR.values())
    there = [each for each in admin.get_realm_roles_of_user(account.subject) if each["name"] in ours]
    gone = [each for each in there if each["name"] not in account.roles]
    missing = account.roles - {each["name"] for each in there}
    if gone:
        admin.delete_realm_roles_of_user(account.subject, gone)
    if missing:
        # By what may be given: reading roles by name would need a right more.
        given = admin.get_available_realm_roles_of_user(account.subject)
        admin.assign_realm_roles(account.subject, [each for each in given if each["name"] in missing])


@contextmanager
def _asked() -> Iterator[None]:
    try:
        yield
    except (KeycloakError, RequestException) as error:
        raise Away(f"Keycloak does not change accounts just now ({type(error).__name__}).") from error
