"""Looks at the secrets a process was given, and says what is wrong with them without saying what they are."""

import hashlib
import hmac
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LEAST_LETTERS = 12
_LEAST_DIFFERENT = 6
# What samples, other projects' compose files and lists of common passwords begin with.
_SAMPLES = (
    *("admin", "changeme", "change-me", "default", "example", "fosse", "keycloak", "letmein", "password"),
    *("postgres", "qwerty", "sample", "secret", "test", "welcome", "123456"),
)


@dataclass(frozen=True)
class Looked:
    """One secret file. `fingerprint` is empty where the file holds no password, or a weak one that could be guessed."""

    path: Path
    open: bool
    weak: bool
    fingerprint: bytes


def look_at(places: Iterable[Path], key: bytes) -> list[Looked]:
    """Files, and those right in folders, that hold something. `key`: equal passwords show under the same key only."""
    # A file may be named by a setting and lie in a folder that is looked at anyway.
    return [_looked(path, key) for path in dict.fromkeys(_files(places)) if path.stat().st_size]


def weak(password: str) -> bool:
    """Short, simple, or a sample's with something behind it."""
    plain = password.lower()
    simple = len(password) < LEAST_LETTERS or len(set(password)) < _LEAST_DIFFERENT
    return simple or (plain.startswith(_SAMPLES) and len(password) < 2 * LEAST_LETTERS)


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        inside = sorted(place.iterdir()) if place.is_dir() else [place]
        # /dev/null stands for "none"; the name of a file half written begins with a dot.
        yield from (each for each in inside if each.is_file() and not each.name.startswith("."))


def _looked(path: Path, key: bytes) -> Looked:
    open_ = bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    password = password_in(path)
    if password is None or weak(password):
        return Looked(path, open_, password is not None, b"")
    return Looked(path, open_, False, hmac.digest(key, password.encode(), hashlib.sha256)[:16])


def password_in(path: Path) -> str | None:
    """Of a file that holds one; None for keys and certificates."""
    if path.name == "pgpass":
        return path.read_text(encoding="utf-8").strip().rpartition(":")[2]
    if path.suffix or not any(word in path.name for word in ("password", "secret")):
        return None
    return path.read_text(encoding="utf-8").strip()
