"""Promise 54: the audit trail cannot be changed unseen, but for what was not sealed yet."""

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from services.common import audit_chain
from services.common.audit_proof import Sealed, row_digest
from services.common.database import Database
from services.federation.domain import audit_heads
from tests.conftest import MakeDatabase
from tests.machine import FULL
from tests.promises import trails as hands
from tests.promises.planted import Bug, planted
from tests.promises.promise import promise
from tests.promises.trails import LODGED, ROWS, Hand, Trails, rows, trails

SEED = 54
TIMES = 100 if FULL else 4
Try = Callable[[Trails, random.Random], None]


def in_place(change: Hand) -> Try:
    """By somebody who may write to the rows, or to rows and chain."""

    def by_hand(made: Trails, rng: random.Random) -> None:
        with made.db.write() as conn:
            change(conn, rng)

    return by_hand


def written_anew(change: Callable[..., None]) -> Try:
    """By somebody who makes the whole chain again, over rows that were lodged."""
    return lambda made, rng: made.write_chain_anew(partial(change, among=LODGED), rng)


TRIES: dict[str, Try] = {
    "edited": in_place(hands.edited),
    "deleted": in_place(hands.deleted),
    "swapped": in_place(hands.swapped),
    "cut": in_place(hands.cut),
    "end cut off": in_place(hands.end_cut_off),
    "edited, chain anew": written_anew(hands.edited),
    "deleted, chain anew": written_anew(hands.deleted),
    "swapped, chain anew": written_anew(hands.swapped),
}


def without_actor(row: Sealed) -> bytes:
    return row_digest(Sealed(row.number, row.at, row.action, "", row.item_id, bytes(32), row.item_proof))


def without_lodged_heads(head: object, seal: object) -> str:
    return ""


def over_gaps(conn: object, place: int, limit: int) -> list[audit_chain.Link]:
    return [link for link in links_after(conn, place, limit) if link.row]  # type: ignore[arg-type]  # as the original


links_after = audit_chain.links_after
BUGS: dict[str, list[Bug]] = {
    "lodged heads not compared": [(audit_heads, "_misfit", without_lodged_heads)],
    "actor not sealed": [(audit_chain, "row_digest", without_actor)],
    "walk ends at a gap": [(audit_chain, "links_after", over_gaps)],
}


def missed(made: Trails, times: int) -> Counter[str]:
    """Changes that nobody sees, by kind."""
    found = Counter[str]()
    for kind, attempt in TRIES.items():
        for number in range(times):
            made.begin_again()
            attempt(made, random.Random(f"{SEED} {kind} {number}"))
            found[kind] += not made.is_caught()
    return found


def missed_with(bugs: list[Bug], make: Callable[[], Trails]) -> int:
    with planted(*bugs):
        return missed(make(), TIMES).total()


def changed_before_sealing(made: Trails) -> bool:
    """Whether a change of the last second is seen: it is not, and nobody says that it would be."""
    made.begin_again()
    with made.db.write() as conn:
        conn.execute(update(rows).where(rows.c.number > ROWS).values(action="did nothing"))
    audit_chain.seal(made.db)
    return made.is_caught()


@pytest.mark.parametrize("bug", [None, *BUGS], ids=lambda bug: bug or "as it is")
def test_a_trail_is_whole_until_somebody_touches_it(
    make_database: MakeDatabase, tmp_path: Path, bug: str | None
) -> None:
    with planted(*BUGS[bug] if bug else ()):
        made = trails(make_database, tmp_path, random.Random(SEED))
        made.begin_again()

        assert not made.is_caught()


def test_whatever_is_done_to_sealed_rows_is_seen_and_a_weaker_check_would_be_noticed(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    folders = iter(range(99))

    def make() -> Trails:
        return trails(make_database, tmp_path / str(next(folders)), random.Random(SEED))

    made = make()
    unseen = missed(made, TIMES)
    caught = {name: missed_with(bugs, make) for name, bugs in BUGS.items()}

    figures = f"kinds={len(TRIES)} changed={len(TRIES) * TIMES} unseen={unseen.total()}"
    figures += f" unsealed_seen={int(changed_before_sealing(made))}"
    planted_figures = " ".join(f"planted[{name}]={count}" for name, count in caught.items())
    ok = unseen.total() == 0 and all(caught.values())
    promise(54, _variant(made.db), "no sealed audit row changed unseen", ok, f"{figures} {planted_figures}", SEED)


def _variant(db: Database) -> str:
    return "embedded" if db.sqlite else "stack"
