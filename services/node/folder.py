"""The data folder of an embedded node: its layout, and the lock that keeps a second process out.

node.lock   locked by the process that holds the folder
node.holder what that one says of itself: process, address, folder of sockets
node.json   what this node was first started as
run/        0700, one unix socket per service
*.db        one SQLite file per service, and the gateway's
files/ relay/ index/ keys/ mail/ provider/
"""

import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.common.errors import Conflict, Invalid, NotFound

# The kernel keeps 108 bytes for a socket's path; `notification.sock` is the longest name.
_LONGEST_RUN_DIR = 107 - len("/notification.sock")
_PRIVATE = ("run", "files", "relay", "index", "keys", "mail", "provider")
_PROBE = b"\0" * 65536


class Folder:
    """A data folder that this process holds, or looks into."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def database(self, name: str) -> str:
        return f"sqlite:///{self.path / f'{name}.db'}"

    def prepare(self) -> None:
        """Makes what is missing; raises `Invalid` with a sentence where the folder cannot be written."""
        try:
            for each in (self.path, *(self.path / name for name in _PRIVATE)):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
            _probe(self.path / ".probe")
        except OSError as error:
            raise Invalid(unusable(self.path, error)) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """The folder belongs to this process inside the block; raises `Conflict` when another holds it."""
        with (self.path / "node.lock").open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Conflict(_held_by(self.path, self.holder())) from error
            self.tell()
            # Uploads that a crash cut off; nobody else writes here now.
            for half in self.path.glob("*/incoming/*"):
                half.unlink()
            yield

    def tell(self, **holder: Any) -> None:
        """Says who holds the folder, to whoever looks at any moment."""
        self._replace("node.holder", {"pid": os.getpid(), **holder})

    def holder(self) -> Mapping[str, Any]:
        """What the holder says of itself; empty when nobody holds the folder, or nothing was said yet."""
        try:
            with (self.path / "node.lock").open(encoding="utf-8") as lock:
                # A node that was killed leaves its words behind, but not its lock.
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return {}
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except BlockingIOError:
            return _json(self.path / "node.holder")

    @contextmanager
    def sockets(self) -> Iterator[Path]:
        """The folder of the sockets: `run/`, or a short one elsewhere when the path is too long for a unix socket."""
        run = self.path / "run"
        if len(os.fsencode(run)) <= _LONGEST_RUN_DIR:
            for old in run.glob("*.sock"):
                old.unlink()
            yield run
            return
        with tempfile.TemporaryDirectory(prefix="fosse-") as short:
            yield Path(short)

    def running_sockets(self) -> Path:
        """Where a running node's sockets are; raises `NotFound` with a sentence when none runs."""
        told = self.holder().get("run_dir")
        if not told:
            raise NotFound(
                f"No node is running on the folder {self.path}. Start it with `fosse node --data {self.path}`, "
                "or name another folder with --data."
            )
        return Path(told)

    def first_started_as(self) -> Mapping[str, Any]:
        return _json(self.path / "node.json")

    def remember(self, **settings: Any) -> None:
        """Kept for the next start, so that nobody has to type them again."""
        self._replace("node.json", settings)

    def _replace(self, name: str, said: Mapping[str, Any]) -> None:
        # Never half a file: others look while we write.
        beside = self.path / f"{name}.new"
        beside.write_text(json.dumps(said, indent=1), encoding="utf-8")
        os.replace(beside, self.path / name)

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.path).free


def slug_of(data: Path) -> str:
    """The short label of the node that lives there; raises `NotFound` with a sentence when none does."""
    if not (data / "membership.db").exists():
        raise NotFound(f"There is no node in the folder {data}. Name the node's folder with --data.")
    return str(Folder(data).first_started_as().get("slug", "node"))


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8") or "{}")
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    except OSError as error:
        raise Invalid(unusable(path.parent, error)) from error
    return found if isinstance(found, dict) else {}


def _probe(path: Path) -> None:
    with path.open("wb") as file:
        file.write(_PROBE)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _held_by(path: Path, holder: Mapping[str, Any]) -> str:
    who = f"process {holder['pid']}" if "pid" in holder else "another process"
    where = f" ({holder['name']} at {holder['address']})" if "address" in holder else ""
    return (
        f"The folder {path} is in use by {who}{where}. Nothing was changed. "
        "Stop that one first, or give this node a folder of its own with --data."
    )


def unusable(path: Path, error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk under {path} is full. Nothing was changed. Make room there and start again."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"This account may not write in {path}. Give it the folder, or name another with --data."
    return f"The folder {path} cannot be used: {error.strerror or error}. Name another with --data."
