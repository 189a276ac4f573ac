"""The people who may sign in at the embedded provider: one file in the data folder, read anew when it changes."""

import fcntl
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from services.common.files import write_private


@dataclass(frozen=True)
class Account:
    """A sign-in. The subject is random: it says nothing about the person and joins nothing across nodes."""

    subject: str
    name: str
    line: str
    """Under the name on the sign-in page, such as the role and the employer."""
    first: bool = False
    """Shown before the others."""
    key: str = ""
    """Of whoever added it, so that adding again finds the same account."""


class Accounts:
    """Safe to read in one process while another adds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._accounts: dict[str, Account] = {}

    def all(self) -> list[Account]:
        """Those to show first as they were added, then the others by name."""
        return sorted(self._current().values(), key=lambda each: (not each.first, "" if each.first else each.name))

    def get(self, subject: str) -> Account | None:
        return self._current().get(subject)

    def add(self, name: str, line: str, *, first: bool = False, key: str = "") -> Account:
        """Adds an account, or answers the one added before with this key."""
        with self._alone():
            accounts = self._current()
            for account in accounts.values():
                if key and account.key == key:
                    return account
            account = Account(secrets.token_urlsafe(16), name, line, first, key)
            self._write([*accounts.values(), account])
            return account

    def _current(self) -> dict[str, Account]:
        with self._lock:
            try:
                stat = self._path.stat()
            except FileNotFoundError:
                return {}
            if (stat.st_mtime_ns, stat.st_ino) != self._seen:
                rows = json.loads(self._path.read_text(encoding="utf-8"))
                self._accounts = {row["subject"]: Account(**row) for row in rows}
                self._seen = (stat.st_mtime_ns, stat.st_ino)
            return self._accounts

    def _write(self, accounts: list[Account]) -> None:
        text = json.dumps([asdict(account) for account in accounts], ensure_ascii=False, indent=1)
        write_private(self._path, text.encode())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
