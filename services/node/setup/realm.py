"""What Keycloak's realm should be: deploy/keycloak/fosse-realm.json with this node's address, secret and mail server.

The file is in the form that Keycloak itself reads and writes, so that its documentation explains each word.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

from gateway.settings import origin_of
from services.common.settings import BadSetting

FILE = Path(__file__).parents[3] / "deploy" / "keycloak" / "fosse-realm.json"
Json = dict[str, Any]
RIGHTS_IN = "realm-management"
_APART = ("roles", "authenticationFlows", "authenticatorConfig", "clients", "users")
_TLS = ("starttls", "tls", "none")


@dataclass(frozen=True)
class MailServer:
    host: str
    port: int
    tls: str
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)

    def as_keycloak(self) -> Json:
        """Raises `BadSetting` for a way of encrypting that there is not."""
        if self.tls not in _TLS:
            raise BadSetting(f"FOSSE_SMTP_TLS is {self.tls!r}; it must be starttls, tls or none.")
        words = {
            "host": self.host, "port": str(self.port), "from": self.sender, "fromDisplayName": "Fosse",
            "starttls": _word(self.tls == "starttls"), "ssl": _word(self.tls == "tls"), "auth": _word(bool(self.user)),
        }  # fmt: skip
        return {**words, "user": self.user, "password": self.password} if self.user else words


@dataclass(frozen=True)
class Step:
    """One line of a flow as Keycloak lists them, from the top down; `flow` or `authenticator` is empty."""

    level: int
    requirement: str
    authenticator: str
    flow: str
    config: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Realm:
    """`settings` are the realm's own, `roles` lead to the roles within them, `flows` to their steps."""

    name: str
    settings: Json = field(repr=False)
    roles: dict[str, Sequence[str]]
    flows: dict[str, Sequence[Step]]
    clients: Sequence[Json] = field(repr=False)
    # What clients may do in the realm themselves, by the client's name.
    rights: dict[str, Sequence[str]]


def wanted(public_url: str, words: dict[str, str], mail: MailServer | None) -> Realm:
    """`words` by the names that the file gives them. Forgotten passwords are asked for where mail can be sent only."""
    text = Template(FILE.read_text(encoding="utf-8"))
    read: Json = json.loads(text.substitute(words, FOSSE_PUBLIC_URL=origin_of(public_url)))
    by_mail = {"resetPasswordAllowed": mail is not None, "smtpServer": mail.as_keycloak() if mail else {}}
    flows = {each["alias"]: each for each in read["authenticationFlows"]}
    configs = {each["alias"]: each["config"] for each in read["authenticatorConfig"]}
    return Realm(
        name=read["realm"],
        settings={**{name: value for name, value in read.items() if name not in _APART}, **by_mail},
        roles={role["name"]: role.get("composites", {}).get("realm", []) for role in read["roles"]["realm"]},
        flows={alias: list(_steps(flows, configs, alias)) for alias, flow in flows.items() if flow.get("topLevel")},
        clients=read["clients"],
        rights={each["serviceAccountClientId"]: each["clientRoles"][RIGHTS_IN] for each in read["users"]},
    )


def unlike(there: Any, wanted: Json) -> list[str]:
    """The names under which something else stands there than is wanted; what is not spoken of may be as it is."""
    return [name for name, value in wanted.items() if not _agrees(there.get(name), value)]


def _agrees(there: Any, wanted: Any) -> bool:
    if not wanted:
        return not there
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(_agrees(there.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        there = there or []
        return len(there) == len(wanted) and all(any(_agrees(each, one) for each in there) for one in wanted)
    return bool(there == wanted)


def _steps(flows: dict[str, Json], configs: dict[str, dict[str, str]], alias: str, level: int = 0) -> Iterator[Step]:
    for each in flows[alias]["authenticationExecutions"]:
        flow, config = each.get("flowAlias", ""), configs.get(each.get("authenticatorConfig", ""), {})
        yield Step(level, each["requirement"], each.get("authenticator", ""), flow, tuple(sorted(config.items())))
        if flow:
            yield from _steps(flows, configs, flow, level + 1)


def _word(true: bool) -> str:
    return "true" if true else "false"
