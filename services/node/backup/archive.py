"""One file: a tar encrypted with age, so that `age -d` and `tar` open it where no Fosse is left.

First comes `about.json`, last `manifest.json` with the SHA-256 of every member: a file that was cut off or altered is
known before anything is made of it. Nothing is ever on disk in clear.
"""

import hashlib
import io
import json
import os
import sys
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyrage
from pyrage.x25519 import Identity, Recipient

from services.common.errors import Invalid

ABOUT, MANIFEST = "about.json", "manifest.json"
CHUNK = 256 * 1024
# Of a manifest, without the lines for members.
_LONGEST = 1024 * 1024
DAMAGED = "This backup is damaged or was cut off. Nothing was restored. Take another copy of the file, or an older one."
_WRONG_KEY = "This key does not open this backup: it was made for another. Nothing was restored."


@dataclass(frozen=True)
class Member:
    """One file of the tar; `content` is read once, in order."""

    name: str
    size: int
    content: Iterable[bytes]


def member(name: str, content: bytes) -> Member:
    return Member(name, len(content), [content])


def encrypt(members: Iterable[Member], rows: Mapping[str, int], recipient: str, out: BinaryIO) -> None:
    """Writes them and their manifest, for whoever has the recipient's identity.

    `rows` by table is read when all members have been written. Raises what `members` or writing raised.
    """
    source, target = _Pulled(_tar(members, rows)), _Written(out)
    try:
        pyrage.encrypt_io(source, target, [recipient_of(recipient)])
    except pyrage.EncryptError as error:
        # age tells of a fault on our side in words only.
        raise source.fault or target.fault or error from None


def recipient_of(said: str) -> Recipient:
    try:
        return Recipient.from_str(said.strip())
    except pyrage.RecipientError as error:
        raise Invalid(
            "This is no recipient: it begins with age1. `fosse backup key FILE` makes one. Nothing was written."
        ) from error


def new_key() -> tuple[bytes, str]:
    """What a key file holds, and its recipient."""
    made = Identity.generate()
    recipient = str(made.to_public())
    return f"# recipient: {recipient}\n{made}\n".encode(), recipient


def identity_of(file: Path) -> Identity:
    """Of a key file; `-` is what somebody types or sends in, so that the key need not lie on this machine."""
    try:
        lines = (sys.stdin.read() if str(file) == "-" else file.read_text("ascii")).splitlines()
    except (OSError, ValueError) as error:
        raise Invalid(f"The key file {file} cannot be read. Nothing was restored.") from error
    with suppress(pyrage.IdentityError, StopIteration):
        return Identity.from_str(next(line.strip() for line in lines if line.startswith("AGE-SECRET-KEY-1")))
    raise Invalid(f"{file} holds no key: a line of it begins with AGE-SECRET-KEY-1. Nothing was restored.")


@contextmanager
def members_of(file: BinaryIO, identity: Identity) -> Iterator[Iterator[tuple[str, BinaryIO]]]:
    """Each with its content, which is to be read before the next; the block raises `Invalid` where the file is damaged,
    or made for another key. What comes before the damage has been handed out by then.
    """
    file.seek(0)
    reading, writing = os.pipe()
    opening = _Opening(file, identity, writing)
    opening.start()
    try:
        with os.fdopen(reading, "rb") as pipe, tarfile.open(fileobj=pipe, mode="r|") as tar:
            yield ((each.name, _content(tar, each)) for each in tar)
            while pipe.read(CHUNK):
                """To the end of the file, where age says whether it is whole."""
    except tarfile.TarError as error:
        opening.join()
        raise opening.refusal or Invalid(DAMAGED) from error
    finally:
        opening.join()
    if opening.refusal:
        raise opening.refusal


def checked(file: BinaryIO, identity: Identity, look: Callable[[str, BinaryIO], None]) -> dict[str, Any]:
    """What `manifest.json` says, after the whole file was read and agrees with it.

    Meanwhile `look` gets the name of each other member, and reads of its content what it likes.
    """
    found: dict[str, str] = {}
    last = b""
    with members_of(file, identity) as members:
        for name, content in members:
            if last or name in found:
                raise Invalid(DAMAGED)
            if name == MANIFEST:
                last = content.read(_LONGEST + sum(12 * len(each) + 100 for each in found))
                continue
            hashed = _Hashed(content)
            look(name, cast(BinaryIO, hashed))
            found[name] = hashed.to_the_end()
    manifest = json_in(last)
    if manifest.get("sha256") != found:
        raise Invalid(DAMAGED)
    return manifest


def json_in(content: bytes) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        if isinstance(said := json.loads(content), dict):
            return said
    raise Invalid(DAMAGED)


class _Hashed:
    """A content whose hash is taken of all that was read of it."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content
        self._digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        return self._noted(self._content.read(size))

    def readline(self, size: int) -> bytes:
        return self._noted(self._content.readline(size))

    def to_the_end(self) -> str:
        while self.read(CHUNK):
            """Nobody looked at the rest."""
        return self._digest.hexdigest()

    def _noted(self, chunk: bytes) -> bytes:
        self._digest.update(chunk)
        return chunk


class _Opening(threading.Thread):
    """Decrypts into a pipe, until all is said or nobody listens any more."""

    def __init__(self, file: BinaryIO, identity: Identity, pipe: int) -> None:
        super().__init__(name="opening", daemon=True)
        self._file, self._identity, self._pipe = file, identity, pipe
        self.refusal: Invalid | None = None

    def run(self) -> None:
        with os.fdopen(self._pipe, "wb", buffering=0) as pipe:
            try:
                pyrage.decrypt_io(self._file, pipe, [self._identity])
            except pyrage.DecryptError as error:
                self.refusal = Invalid(_WRONG_KEY if "No matching keys" in str(error) else DAMAGED)
            except OSError:
                # Or nobody listens any more, and has said why.
                self.refusal = Invalid(DAMAGED)


class _Pulled(io.RawIOBase):
    """A stream made of pieces as they are asked for."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")
        self.fault: BaseException | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            while not self._rest:
                self._rest = memoryview(next(self._pieces))
        except StopIteration:
            return 0
        except BaseException as fault:
            self.fault = fault
            raise
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


class _Written(io.RawIOBase):
    """A file that remembers why it could not be written."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.fault: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        try:
            return self._out.write(data)
        except OSError as fault:
            self.fault = fault
            raise


def _tar(members: Iterable[Member], rows: Mapping[str, int]) -> Iterator[bytes]:
    hashes: dict[str, str] = {}
    for each in members:
        digest = hashlib.sha256()
        yield _header(each)
        for chunk in each.content:
            digest.update(chunk)
            yield chunk
        yield bytes(-each.size % tarfile.BLOCKSIZE)
        hashes[each.name] = digest.hexdigest()
    last = json.dumps({"sha256": hashes, "rows": dict(rows)}).encode()
    yield _header(member(MANIFEST, last)) + last + bytes(-len(last) % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _content(tar: tarfile.TarFile, of: tarfile.TarInfo) -> BinaryIO:
    content = tar.extractfile(of)
    if content is None:
        raise Invalid(DAMAGED)
    return cast(BinaryIO, content)


def _header(of: Member) -> bytes:
    info = tarfile.TarInfo(of.name)
    info.size, info.mode = of.size, 0o600
    return info.tobuf(tarfile.PAX_FORMAT)
