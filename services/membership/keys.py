"""Membership's own secrets: the keys that sign passes, and those that codes are made from.

The key that will sign next is given out by `PassKeys` long before it is used, and the one that signed last stays for as
long as a pass may live, so that services which keep the public keys never meet a pass they cannot check.
"""

import hashlib
import hmac
import json
import secrets
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from joserfc.jwk import OKPKey
from nacl.signing import SigningKey

from services.common.clock import Clock
from services.common.files import write_private
from services.common.loops import Loop

ROTATED_EVERY = timedelta(days=30)
_LOOK_EVERY_S = 3600.0
_SECRET_BYTES = 32


class BadKeyFile(OSError):
    """A key file cannot be used; the sentence says what to do."""


@dataclass(frozen=True)
class _Keys:
    """Seeds of Ed25519 keys."""

    since: datetime
    current: bytes
    following: bytes
    previous: bytes | None = None

    def rotated(self, now: datetime) -> "_Keys":
        return _Keys(now, self.following, secrets.token_bytes(_SECRET_BYTES), self.current)


class PassKeyRing:
    """The keys of passes in one file that only its owner may read."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._keys = _decode(private_file(path, lambda: _encode(_fresh(clock()))), path)

    def signing(self) -> tuple[OKPKey, str]:
        """The key that signs now, and its name."""
        seed = self._keys.current
        public = _public(seed)
        key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _base64(public), "d": _base64(seed)})
        return key, _kid(public)

    def public(self) -> Mapping[str, bytes]:
        """By name: the key that signs now, the next and the last."""
        keys = self._keys
        known = (_public(seed) for seed in (keys.current, keys.following, keys.previous) if seed)
        return {_kid(public): public for public in known}

    def rotate(self) -> None:
        keys = self._keys.rotated(self._clock())
        write_private(self._path, _encode(keys))
        self._keys = keys

    def rotate_if_old(self) -> float:
        """A loop's step."""
        if self._clock() - self._keys.since >= ROTATED_EVERY:
            self.rotate()
        return _LOOK_EVERY_S

    def loop(self) -> Loop:
        return Loop("pass-keys", self.rotate_if_old)


class Codes:
    """Codes are made from an id and a secret: asking twice gives the same, and none is kept."""

    def __init__(self, path: Path) -> None:
        self._secret = private_file(path, lambda: secrets.token_bytes(_SECRET_BYTES))

    def code(self, of_id: str) -> str:
        """160 bits as 32 letters and digits that can be read out."""
        digest = hmac.digest(self._secret, of_id.encode(), "sha256")
        return b32encode(digest[:20]).decode().lower()


class InvitationCodes(Codes):
    """Of letters that join a sign-in to a member."""


class LinkCodes(Codes):
    """Of signed links; with a key of their own, so that one kind of code never stands for the other."""


def hash_of(code: str) -> str:
    return hashlib.sha256(code.strip().lower().encode()).hexdigest()


def private_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds; made on first use. Raises `BadKeyFile` when others could have read it."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, make())
    if path.stat().st_mode & 0o077:
        raise BadKeyFile(f"Others may read the key file {path}. Set its mode to 0600, and replace the key if in doubt.")
    return path.read_bytes()


def _fresh(now: datetime) -> _Keys:
    return _Keys(now, secrets.token_bytes(_SECRET_BYTES), secrets.token_bytes(_SECRET_BYTES))


def _encode(keys: _Keys) -> bytes:
    seeds = {"current": keys.current, "following": keys.following, "previous": keys.previous}
    document = {name: _base64(seed) for name, seed in seeds.items() if seed}
    return json.dumps({"since": keys.since.isoformat(), **document}, indent=1).encode()


def _decode(content: bytes, path: Path) -> _Keys:
    try:
        document = json.loads(content)
        since = datetime.fromisoformat(document.pop("since"))
        return _Keys(since, **{name: urlsafe_b64decode(seed + "=") for name, seed in document.items()})
    except (ValueError, TypeError, KeyError) as error:
        raise BadKeyFile(f"The key file {path} cannot be read. Restore it from the backup, or move it away.") from error


def _public(seed: bytes) -> bytes:
    return bytes(SigningKey(seed).verify_key)


def _kid(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
