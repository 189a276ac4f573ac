"""What is done in the background: files nobody refers to are deleted, downloads are counted."""

import threading
from collections import Counter

from services.common.database import Database
from services.resource.store import files, resources
from services.resource.usecases.shelf import Shelf

_AT_ONCE = 50
_SWEEP_EVERY_S = 30.0
_COUNT_EVERY_S = 2.0


def sweep_files(shelf: Shelf) -> float:
    """Deletes released files that nothing refers to any more; returns the seconds to wait."""
    with shelf.db.read() as conn:
        waiting = files.released(conn, _AT_ONCE)
    for number, sha256 in waiting:
        with shelf.db.write() as conn:
            files.hold_still(conn)
            if not files.is_referred(conn, sha256):
                shelf.files.delete(sha256)
            files.settle(conn, number)
    return 0.0 if len(waiting) == _AT_ONCE else _SWEEP_EVERY_S


class Downloads:
    """Counts downloads outside their transactions; what was counted in the last two seconds may be lost in a crash."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._counted: Counter[str] = Counter()

    def count(self, resource_id: str) -> None:
        with self._lock:
            self._counted[resource_id] += 1

    def write_down(self) -> float:
        with self._lock:
            counted, self._counted = self._counted, Counter()
        if counted:
            try:
                with self._db.write() as conn:
                    resources.count_downloads(conn, counted)
            except BaseException:
                with self._lock:
                    self._counted.update(counted)
                raise
        return _COUNT_EVERY_S
