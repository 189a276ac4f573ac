"""Secrets of a node, made at the first run and kept by later ones: a folder for each process, which it alone sees."""

import secrets
from datetime import datetime
from pathlib import Path

from services.common import given_secrets
from services.common.errors import Invalid
from services.common.files import write_private
from services.common.text import checked_slug
from services.common.topics import SERVICES
from services.node.setup import authority

# Who has a database of its own; each reads its password from `pgpass`, libpq's own form.
DATABASES = (*SERVICES, "gateway", "keycloak")
WORKLOADS = (*SERVICES, "gateway", "operator", "keycloak")
# Single secrets: who has to know each. What two have to know stands in both folders, the same.
_WORDS = {
    "superuser-password": ("postgres",),
    "admin-password": ("keycloak",),
    "client-secret": ("keycloak", "gateway"),
    "accounts-secret": ("keycloak", "membership"),
}
_BYTES = 32


def lay_out(folder: Path, node: str, now: datetime) -> list[str]:
    """Makes what is missing, renews certificates in the last third of their life; returns what it did, in words.

    Raises `Invalid` for a short name that no hub would take, and where the folder holds another node's secrets, or a
    password that somebody else chose carelessly.
    """
    checked_slug(node)
    for name in ("authority", "postgres", *WORKLOADS):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    ours = authority.opened(folder / "authority", node, now)
    issued = [f"certificate of {each}" for each in WORKLOADS if ours.issue(each, folder / each, now)]
    _refuse_careless(folder)
    passwords = [f"database password of {each}" for each in DATABASES if _pgpass(folder / each / "pgpass", each)]
    return [*issued, *passwords, *(name for name, who in _WORDS.items() if _word(folder, name, who))]


def _refuse_careless(folder: Path) -> None:
    for path in sorted(folder.glob("*/*")):
        password = given_secrets.password_in(path)
        if password is not None and given_secrets.weak(password):
            new = "Remove the file; the next start makes a good one" if path.name == "pgpass" else "Choose a long one"
            raise Invalid(
                f"The password in {path} is short or known from samples, so nothing is started with it. {new}. "
                f"`docker compose run --rm --no-deps secrets bash` opens a shell in which the file can be changed."
            )


def password_of(folder: Path, name: str) -> str:
    """As it stands in the process's `pgpass`."""
    return (folder / name / "pgpass").read_text(encoding="ascii").strip().rpartition(":")[2]


def _pgpass(file: Path, name: str) -> bool:
    if file.exists():
        return False
    # Letters and digits only: a colon or a backslash would have to be escaped here.
    write_private(file, f"*:*:{name}:{name}:{secrets.token_hex(_BYTES)}\n".encode())
    return True


def _word(folder: Path, name: str, who: tuple[str, ...]) -> bool:
    """Where one of them lost it, they have to agree on the one that is left."""
    files = [folder / each / name for each in who]
    if all(file.exists() for file in files):
        return False
    known = next((file.read_bytes() for file in files if file.exists()), secrets.token_hex(_BYTES).encode())
    for file in files:
        write_private(file, known)
    return True
