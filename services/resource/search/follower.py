"""The follower: reads this service's own facts by a place of its own and keeps the index after them.

The index is derived. Its place lies beside it, so that losing the folder loses both, and then the index is made from
the database again. While many entries arrive it commits a few times a second; otherwise at once.
"""

import logging
import threading
import time
from collections.abc import Iterator

from fosse.resource.v1 import facts_pb2 as said
from services.common import facts
from services.common.database import Database
from services.common.facts import START, Place
from services.common.topics import kind
from services.resource.domain.resource import Resource, State
from services.resource.search.index import ShelfIndex
from services.resource.store import resources

log = logging.getLogger(__name__)
_CHANGED = kind(said.ResourceChanged)
_AT_ONCE = 1000
_BATCH = 200
_BETWEEN_COMMITS_S = 0.35
_LOOK_AGAIN_S = 0.8
# Facts are kept for 35 days: an index that slept longer has missed some.
_LONGEST_SLEEP_S = 30 * 86_400


class Follower:
    """`step` is given to a Loop; the operator may ask for a rebuild meanwhile."""

    def __init__(self, db: Database, index: ShelfIndex) -> None:
        self._db = db
        self._index = index
        # The index is written by one at a time.
        self._writing = threading.Lock()
        self._committed = 0.0
        self._looked = False

    def step(self) -> float:
        """Follows the next facts; returns the seconds to wait."""
        with self._writing:
            place = self._index.place
            if place is None or not (self._looked or self._fits(place)):
                rebuild_index(self._db, self._index)
            self._looked = True
            since = time.monotonic() - self._committed
            if since < _BETWEEN_COMMITS_S:
                return _BETWEEN_COMMITS_S - since
            return self._follow(self._index.place or START)

    def rebuild(self) -> int:
        """Makes the index anew, whatever it holds; returns how many resources it read."""
        with self._writing:
            return rebuild_index(self._db, self._index)

    def _follow(self, place: Place) -> float:
        with self._db.read() as conn:
            found = facts.after(conn, place, _AT_ONCE)
            touched = {fact.key for fact in found if fact.kind == _CHANGED}
            put = resources.find_all(conn, touched) if touched else []
        if not found:
            return _LOOK_AGAIN_S
        gone = touched - {resource.id for resource in put}
        # A draft was never in the index: it costs no commit, which the next one would have to wait for.
        shown = [resource for resource in put if resource.state is not State.DRAFT]
        if not (shown or gone):
            self._index.note(found[-1].place)
            return 0.0
        self._index.write(shown, gone, found[-1].place)
        self._committed = time.monotonic()
        return 0.0

    def _fits(self, place: Place) -> bool:
        """False when the database is older than the index, because it was restored, or the index slept too long."""
        return self._index.place_age_s < _LONGEST_SLEEP_S and place <= newest_place(self._db)


def rebuild_index(db: Database, index: ShelfIndex) -> int:
    """Makes the index from the database; returns how many resources it read."""
    place = newest_place(db)
    count = index.replace_all(_all(db), place)
    log.info("index made", extra={"resources": count})
    return count


def newest_place(db: Database) -> Place:
    with db.read() as conn:
        return facts.newest(conn)


def _all(db: Database) -> Iterator[list[Resource]]:
    last = ""
    while True:
        with db.read() as conn:
            some = resources.after(conn, last, _BATCH)
        if not some:
            return
        yield some
        last = some[-1].id
