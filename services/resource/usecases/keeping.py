"""What is done in the background: files nobody refers to are deleted, downloads are counted."""

import threading
from collections import Counter
from datetime import timedelta

from services.common.clock import Clock
from services.common.database import Database
from services.resource.store import files, resources
from services.resource.usecases.shelf import Shelf

_AT_ONCE = 50
_SWEEP_EVERY_S = 30.0
_STRAYS_EVERY_S = 24 * 3600.0
# Longer than receiving one may take.
_STRAY_AFTER = timedelta(hours=6)
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


def release_strays(shelf: Shelf, clock: Clock) -> float:
    """Finds files that a process laid down and was killed, or lost its database, before anything referred to them."""
    before = clock() - _STRAY_AFTER
    shelf.files.drop_half_written(before)
    for hashes in shelf.files.written_before(before):
        with shelf.db.read() as conn:
            strays = hashes - files.referred(conn, hashes)
        if strays:
            with shelf.db.write() as conn:
                files.release(conn, strays)
    return _STRAYS_EVERY_S


class Downloads:
    """Counts downloads outside their transactions; what was counted in the last two seconds may be lost in a
    crash, or counted twice where the database kept it and could not say so."""

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
