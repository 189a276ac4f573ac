"""The relay folder: files on their way between nodes, by SHA-256, taken up again where they stopped.

Bytes gather under `parts/`; once all are there they are read into the folder of whole files, which checks the hash,
flushes and renames. A crash leaves either a part that is continued, or the whole file. Who may read or write which
file is not decided here.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from services.common.errors import Conflict, Invalid
from services.common.files import CHUNK, Folder, saying_when_full

_NOT_IT = "The file is not the one that its entry names. It was not kept."


class Receiving:
    """One file being received; refuses more bytes than were announced."""

    def __init__(self, file: BinaryIO, held: int, size: int) -> None:
        self._file = file
        self.held = held
        self.size = size

    def write(self, chunk: bytes) -> None:
        if self.held + len(chunk) > self.size:
            raise Invalid("The file is longer than its entry says. It was not kept.")
        self._file.write(chunk)
        self.held += len(chunk)


class RelayFolder(Folder):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._parts = path / "parts"
        self._parts.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._receiving: set[str] = set()
        self._guard = threading.Lock()

    def held(self, sha256: str, sender: str = "") -> int:
        """Bytes that are here, of the whole file or of this sender's part."""
        for path in (self.path_of(sha256), self._part(sha256, sender)):
            if path.is_file():
                return path.stat().st_size
        return 0

    @contextmanager
    def resume(self, sha256: str, size: int, offset: int, sender: str = "") -> Iterator[Receiving]:
        """Continues a part at `offset`; what was written before a connection broke stays for next time.

        Each sender has a part of its own, so that nobody can spoil or hold up what another sends. Raises `Conflict`
        when it is being sent already or continues elsewhere, `Invalid` when the bytes are not what the hash says:
        then none of them is kept.
        """
        part = self._part(sha256, sender)
        with self._alone(part.name):
            self._check_offset(sha256, sender, offset)
            with saying_when_full(), part.open("ab") as file:
                receiving = Receiving(file, offset, size)
                try:
                    yield receiving
                    file.flush()
                except Invalid:
                    part.unlink(missing_ok=True)
                    raise
            if receiving.held == size:
                self._finish(part, sha256, size)

    def drop(self, sha256: str) -> None:
        self.delete(sha256)
        self._drop_parts(sha256)

    def drop_half_written(self, moment: datetime) -> None:
        """What a crash left without a name, last written before this moment."""
        for path in (self._path / "incoming").glob("*"):
            if path.stat().st_mtime < moment.timestamp():
                path.unlink(missing_ok=True)

    def older_than(self, moment: datetime) -> list[str]:
        """Files and parts that were last written before this moment."""
        paths = [*self._path.glob("[0-9a-f][0-9a-f]/*"), *self._parts.iterdir()]
        return sorted({path.name.partition(".")[0] for path in paths if path.stat().st_mtime < moment.timestamp()})

    def _drop_parts(self, sha256: str) -> None:
        for part in self._parts.glob(f"{sha256}*"):
            part.unlink(missing_ok=True)

    def _part(self, sha256: str, sender: str) -> Path:
        return self._parts / (f"{sha256}.{sender}" if sender else sha256)

    def _check_offset(self, sha256: str, sender: str, offset: int) -> None:
        held = self.held(sha256, sender)
        if self.has(sha256) or offset != held:
            raise Conflict(f"This file continues at byte {held}, not at {offset}.")

    def _finish(self, part: Path, sha256: str, size: int) -> None:
        if not part.exists():
            # Dropped meanwhile, or another sender was faster.
            return
        with part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            part.unlink(missing_ok=True)
            raise Invalid(_NOT_IT)
        self.receive(_chunks(part), size)
        self._drop_parts(sha256)

    @contextmanager
    def _alone(self, part: str) -> Iterator[None]:
        with self._guard:
            if part in self._receiving:
                raise Conflict("This file is being received just now.")
            self._receiving.add(part)
        try:
            yield
        finally:
            with self._guard:
                self._receiving.discard(part)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
