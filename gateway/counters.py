"""How often something was tried: kept in the gateway's database, because a count per worker would be no limit."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Column, ColumnElement, Connection, Integer, String, Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.sessions import METADATA
from services.common import privacy
from services.common.database import Database, UtcDateTime
from services.common.errors import TooMany

COUNTERS = Table(
    "counters",
    METADATA,
    Column("what", String(32), primary_key=True, info=privacy.STATE),
    # A keyed hash of an address, a person or a name.
    Column("who", String(64), primary_key=True, info=privacy.PERSONAL),
    Column("since", UtcDateTime, primary_key=True, info=privacy.TIMES),
    Column("count", Integer, nullable=False, info=privacy.COUNTS),
)
# Which names were typed in one sign-in at the provider, because its page for a one-time code names nobody.
TRIED = Table(
    "tried",
    METADATA,
    Column("tab", String(64), primary_key=True, info=privacy.SECRET),
    # A keyed hash of a name.
    Column("who", String(64), primary_key=True, info=privacy.PERSONAL),
    Column("at", UtcDateTime, nullable=False, index=True, info=privacy.TIMES),
)


class Per(StrEnum):
    """Whose tries are counted together; `COUNTY` is everybody's at this node."""

    ADDRESS = "address"
    PERSON = "person"
    NAME = "user name"
    BROWSER = "known browser"
    COUNTY = "county"


@dataclass(frozen=True)
class Limit:
    """At most `count` in any stretch of time as long as the window."""

    what: str
    per: Per
    count: int
    window: timedelta
    sentence: str
    # A worker takes so many at once, and then counts by itself.
    at_a_time: int = 1


# Whom to count as, for one limit; and when that was done.
Charge = tuple[Limit, str]
Taken = tuple[Limit, str, datetime]
# Which limit, a keyed hash of whose, when its window began, and how much is added; and what was counted for each.
_Row = tuple[str, str, datetime, int]
_Counts = dict[tuple[str, str, datetime], int]


class Counters:
    """Safe from many threads and from several worker processes."""

    def __init__(self, db: Database, secret: bytes) -> None:
        self._db = db
        self._secret = secret

    def take(self, limit: Limit, who: str, now: datetime) -> None:
        """Counts one try; raises `TooMany`, and counts nothing, when there were as many as there may be."""
        self.take_all([(limit, who)], now)

    def take_all(self, charges: Iterable[Charge], now: datetime) -> None:
        """Counts one try of each, or of none where one of them is used up."""
        wanted = {(_what(limit), self._hashed(who)): limit for limit, who in charges}
        if not wanted:
            return
        with self._db.write() as conn:
            counted = self._count(conn, [row for key, limit in wanted.items() for row in _rows(key, limit, now)])
            for key, limit in wanted.items():
                _check(limit, *(counted[*key, since] for since in _windows(limit, now)), now=now)

    def give_back(self, limit: Limit, who: str, taken: datetime) -> None:
        """An honest try does not count: many people share one address. The window that it was taken from gets it back:
        another one would then let through more than there may be."""
        one_less = update(COUNTERS).where(
            *_same(limit, self._hashed(who), _window(limit, taken)), COUNTERS.c["count"] > 0
        )
        with self._db.write() as conn:
            conn.execute(one_less.values(count=COUNTERS.c["count"] - 1))

    def note(self, tab: str, who: str, now: datetime) -> None:
        """Somebody's name was typed in this sign-in at the provider."""
        row = self._insert(TRIED).values(tab=self._hashed(tab), who=who, at=now)
        with self._db.write() as conn:
            conn.execute(row.on_conflict_do_nothing())

    def noted(self, tab: str) -> list[str]:
        with self._db.read() as conn:
            return list(conn.scalars(select(TRIED.c.who).where(TRIED.c.tab == self._hashed(tab)).order_by(TRIED.c.who)))

    def sweep(self, now: datetime) -> None:
        """Removes what limits nobody any more."""
        with self._db.write() as conn:
            conn.execute(delete(COUNTERS).where(COUNTERS.c.since < now - timedelta(days=1)))
            conn.execute(delete(TRIED).where(TRIED.c.at < now - timedelta(days=1)))

    def _count(self, conn: Connection, rows: Sequence[_Row]) -> _Counts:
        # In one order, so that two requests never wait for each other's rows.
        made = self._insert(COUNTERS).values(sorted(rows))
        added = made.on_conflict_do_update(
            index_elements=["what", "who", "since"], set_={"count": COUNTERS.c["count"] + made.excluded["count"]}
        )
        found = conn.execute(added.returning(COUNTERS)).mappings()
        return {(row["what"], row["who"], row["since"]): row["count"] for row in found}

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        return sqlite.insert(table) if self._db.sqlite else postgresql.insert(table)

    def _hashed(self, who: str) -> str:
        return hmac.new(self._secret, f"who:{who}".encode(), hashlib.sha256).hexdigest()


def _rows(key: tuple[str, str], limit: Limit, now: datetime) -> list[_Row]:
    """Windows begin at round times: only with its neighbours does no stretch of time hold more than `count`. They are
    counted with nothing, which waits for whoever is counting there just now."""
    return [(*key, since, by) for since, by in zip(_windows(limit, now), (0, limit.at_a_time, 0), strict=True)]


def _windows(limit: Limit, now: datetime) -> tuple[datetime, datetime, datetime]:
    """When the one before began, this one, and the next, which others may be in already."""
    since = _window(limit, now)
    return since - limit.window, since, since + limit.window


def _check(limit: Limit, before: int, here: int, after: int, *, now: datetime) -> None:
    if here + max(before, after) > limit.count:
        over = _window(limit, now) + (limit.window if here <= limit.count else 2 * limit.window)
        raise TooMany(limit.sentence, retry_after_s=int((over - now).total_seconds()) + 1)


def _what(limit: Limit) -> str:
    return f"{limit.what}/{limit.per}"


def _same(limit: Limit, who: str, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return COUNTERS.c.what == _what(limit), COUNTERS.c.who == who, COUNTERS.c.since == since


def _window(limit: Limit, now: datetime) -> datetime:
    length = limit.window.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // length * length, UTC)
