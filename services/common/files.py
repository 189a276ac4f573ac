"""Files that are whole or not there at all: by what is in them (SHA-256), or private under a name."""

import errno
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from services.common.errors import Invalid, TooMany

CHUNK = 64 * 1024
_SHA = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Stored:
    """A file that is safely on disk; `sha256` is 64 hexadecimal digits, `size` bytes."""

    sha256: str
    size: int


class Folder:
    """A folder of files named by their hash. What is written is first flushed to disk, then named, so a crash leaves
    no half file under a name. Knowing a hash is no right to read: who may is decided by whoever asks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def receive(self, chunks: Iterable[bytes], limit: int) -> Stored:
        """Writes the chunks. Nothing stays of a file over `limit` bytes (`Invalid`) or on a full disk (`TooMany`)."""
        with self.receiving(chunks, limit) as received:
            received.keep()
        return received.stored

    @contextmanager
    def receiving(self, chunks: Iterable[bytes], limit: int) -> Iterator["Received"]:
        """As above, for whoever decides in the block whether it is kept: unless it was, it is gone afterwards."""
        incoming = self._path / "incoming"
        with saying_when_full():
            incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _Temporary(incoming) as part:
                stored = _write(part.file, chunks, limit)
                part.flush()
                yield Received(stored, part, self.path_of(stored.sha256))

    def path_of(self, sha256: str) -> Path:
        """Where a file lies or would lie; raises ValueError for what is no hash."""
        if not _SHA.fullmatch(sha256):
            raise ValueError("not a SHA-256")
        return self._path / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        return self.path_of(sha256).is_file()

    def read(self, sha256: str, offset: int = 0) -> Iterator[bytes]:
        """The bytes in chunks of 64 KiB; raises FileNotFoundError at once when it is not here."""
        file = self.path_of(sha256).open("rb")

        def chunks() -> Iterator[bytes]:
            with file:
                file.seek(offset)
                while chunk := file.read(CHUNK):
                    yield chunk

        return chunks()

    def written_before(self, moment: datetime) -> Iterator[set[str]]:
        """The hashes of files that were written before then, those of a few at a time."""
        for part in self._path.glob("[0-9a-f][0-9a-f]"):
            yield {path.name for path in part.iterdir() if _written_before(path, moment)}

    def drop_half_written(self, moment: datetime) -> None:
        """What a process that was killed left of files it was receiving before then."""
        for path in self._path.glob("incoming/*"):
            if _written_before(path, moment):
                path.unlink(missing_ok=True)

    def delete(self, sha256: str) -> None:
        self.path_of(sha256).unlink(missing_ok=True)


def _written_before(path: Path, moment: datetime) -> bool:
    try:
        return path.stat().st_mtime < moment.timestamp()
    except FileNotFoundError:
        # Gone meanwhile.
        return False


class Received:
    """A file that is on disk, whole, under no name yet."""

    def __init__(self, stored: Stored, part: "_Temporary", final: Path) -> None:
        self.stored = stored
        self._part = part
        self._final = final

    def open(self) -> BinaryIO:
        return self._part.path.open("rb")

    def keep(self) -> None:
        """Under its name it stays, whatever happens next."""
        self._part.name_it(self._final)


@contextmanager
def saying_when_full() -> Iterator[None]:
    """Raises `TooMany` on a full disk, in words for a person who sent the file and for a node that sends it again."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise TooMany(
                "The disk of this node is full, so the file could not be received. Nothing else is lost; please tell "
                "the operator to make room. Then it can be sent again.",
                retry_after_s=300,
            ) from error
        raise


class _Temporary:
    """A file without its name yet; gone at the end of the block unless it was named."""

    def __init__(self, folder: Path) -> None:
        handle, name = tempfile.mkstemp(dir=folder)
        self.path = Path(name)
        self.file = os.fdopen(handle, "wb")

    def __enter__(self) -> "_Temporary":
        return self

    def flush(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())

    def name_it(self, final: Path) -> None:
        final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.replace(self.path, final)
        _flush_names(final.parent)

    def __exit__(self, *_: object) -> None:
        try:
            # What is not written yet is written now, which a full disk refuses once more.
            self.file.close()
        finally:
            self.path.unlink(missing_ok=True)


def write_private(path: Path, content: bytes) -> None:
    """Whole or not at all, flushed to disk, and never readable by other accounts, not even for a moment."""
    write_all_private({path: content})


def write_all_private(contents: Mapping[Path, bytes]) -> None:
    """Many files as `write_private` does one: flushed together, which a disk does nearly as fast as one."""
    new = {path: path.with_name(f".{path.name}.{secrets.token_hex(4)}") for path in contents}
    try:
        with ExitStack() as opened:
            files = [opened.enter_context(_begun(new[path], content)) for path, content in contents.items()]
            for file in files:
                os.fsync(file.fileno())
        for path in contents:
            os.replace(new[path], path)
    finally:
        for each in new.values():
            each.unlink(missing_ok=True)
    for folder in {path.parent for path in contents}:
        _flush_names(folder)


def _begun(path: Path, content: bytes) -> BinaryIO:
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    file.write(content)
    file.flush()
    return file


def _flush_names(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(file: BinaryIO, chunks: Iterable[bytes], limit: int) -> Stored:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise Invalid(
                f"This file is larger than {limit // 1_000_000} MB. Nothing was kept; please make it smaller, or share "
                "a link.",
                {"file": "too large"},
            )
        digest.update(chunk)
        file.write(chunk)
    return Stored(digest.hexdigest(), size)
