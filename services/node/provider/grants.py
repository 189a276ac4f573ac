"""Codes and refresh tokens: what the embedded provider gave out and takes back once.

A code lives a minute in memory. A sign-in's refresh tokens are a family with one living member: each use names a
successor, and using a dead one ends the family, because then somebody has a copy (RFC 9700). Families are kept in a
file as hashes, so that a restart signs nobody out.
"""

import hashlib
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from services.common.files import write_private

CODE_LIVES = timedelta(seconds=60)
FAMILY_LIVES = timedelta(hours=12)


@dataclass(frozen=True)
class Code:
    value: str
    family: str
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str
    subject: str
    issued_at: datetime


@dataclass(frozen=True)
class Family:
    id: str
    client_id: str
    subject: str
    scope: str
    living: str
    """Hash of the one refresh token that is good."""
    until: float


class Grants:
    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._codes: dict[str, Code] = {}
        self._spent: dict[str, Code] = {}
        self._families = _read(path)

    def keep_code(self, code: Code) -> None:
        with self._lock:
            self._forget_old_codes()
            self._codes[code.value] = code

    def spend_code(self, value: str, client_id: str) -> Code | None:
        """The code, once. A second try ends what the first one began."""
        with self._lock:
            self._forget_old_codes()
            if spent := self._spent.get(value):
                self._end(spent.family)
                return None
            code = self._codes.get(value)
            if code is None or code.client_id != client_id:
                return None
            self._spent[value] = self._codes.pop(value)
            return code

    def begin(self, code: Code) -> str:
        """The first refresh token of a sign-in."""
        with self._lock:
            return self._living_token(Family(code.family, code.client_id, code.subject, code.scope, "", 0.0))

    def renew(self, token: str, client_id: str) -> tuple[Family, str] | None:
        """The family of a refresh token and the token's successor; nothing for one that is unknown, old or spent."""
        with self._lock:
            family = self._families.get(token.partition(".")[0])
            if family is None or family.client_id != client_id or family.until < self._clock().timestamp():
                return None
            if not secrets.compare_digest(family.living, _hash(token)):
                self._end(family.id)
                return None
            return family, self._living_token(family)

    def find(self, token: str) -> Family | None:
        """The family that this refresh token is, or was, of."""
        with self._lock:
            return self._families.get(token.partition(".")[0])

    def end(self, family: Family) -> None:
        with self._lock:
            self._end(family.id)

    def _living_token(self, family: Family) -> str:
        token = f"{family.id}.{secrets.token_urlsafe(32)}"
        until = (self._clock() + FAMILY_LIVES).timestamp()
        self._families[family.id] = replace(family, living=_hash(token), until=until)
        self._write()
        return token

    def _end(self, family_id: str) -> None:
        if self._families.pop(family_id, None):
            self._write()

    def _forget_old_codes(self) -> None:
        oldest = self._clock() - CODE_LIVES
        self._codes = {value: code for value, code in self._codes.items() if code.issued_at > oldest}
        self._spent = {value: code for value, code in self._spent.items() if code.issued_at > oldest}

    def _write(self) -> None:
        now = self._clock().timestamp()
        self._families = {id: family for id, family in self._families.items() if family.until > now}
        write_private(self._path, json.dumps([asdict(family) for family in self._families.values()]).encode())


def _read(path: Path) -> dict[str, Family]:
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))
    return {row["id"]: Family(**row) for row in rows}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
