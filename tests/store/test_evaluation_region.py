"""What counties tell the hub, and what the hub shows of it, on SQLite and on PostgreSQL."""

import random
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import delete

from fosse.common.v1 import shareable_pb2 as pb
from fosse.common.v1.facts_pb2 import ItemShared
from fosse.shared.v1.aggregate_pb2 import Aggregate as Body
from services.common import facts
from services.common.database import Database
from services.common.errors import Invalid, NotFound, TooMany
from services.evaluation.domain.disclosure import Figure
from services.evaluation.domain.region import Aggregate, Node
from services.evaluation.domain.standing import Cell
from services.evaluation.messages.travelling import AGGREGATE, body
from services.evaluation.store import aggregates, tables
from services.evaluation.usecases import region, taking, telling
from services.evaluation.usecases.reading import Asked
from tests.conftest import MakeDatabase
from tests.unit.evaluation.months import (
    CARE_HOMES,
    DERBYS,
    HUB,
    NOTTS,
    NOW,
    Hearing,
    attended,
    in_month,
    meeting,
    member,
)

LEICS = "e" * 64
YEAR = Asked("2026-08", 12)


def nodes(own: str) -> list[Node]:
    return [Node(each, own=each == own, hub=each == HUB) for each in (NOTTS, DERBYS, LEICS, HUB)]


@pytest.fixture
def county(make_database: MakeDatabase) -> Hearing:
    ear = Hearing(make_database("evaluation"))
    telling.know_nodes(ear.db, nodes(NOTTS))
    return ear


@pytest.fixture
def hub(make_database: MakeDatabase) -> Hearing:
    ear = Hearing(make_database("evaluation"))
    telling.know_nodes(ear.db, nodes(HUB))
    return ear


def told(db: Database) -> list[ItemShared]:
    with db.read() as conn:
        return [ItemShared.FromString(fact.body) for fact in facts.after(conn, facts.START, 500)]


def an_item(of: str, cell: Cell) -> str:
    """Any id, the same each time."""
    return sha256("|".join((of, *cell)).encode()).hexdigest()[:32]


def told_id(db: Database, cell: Cell) -> str:
    with db.read() as conn:
        return aggregates.of_node(conn, NOTTS)[cell].item_id


def an_entry(of: str = NOTTS, *, version: int = 1, number: int = 12, **changed: Any) -> pb.VerifiedEntry:
    cell = Cell(CARE_HOMES, changed.pop("indicator", "attendance"), changed.pop("month", "2026-08"))
    item = Aggregate(an_item(of, cell), of, version, cell, 0)
    said = Body(community_id=cell.community_id, indicator=cell.indicator, month=cell.month, number=number, definition=1)
    known: dict[str, Any] = {
        "entry_hash": "h", "origin_node_id": of, "stream": f"to:{HUB}", "item_id": item.item_id,
        "item_version": version, "operation": pb.OPERATION_PUT, "schema": AGGREGATE, "body": said.SerializeToString(),
    }  # fmt: skip
    return pb.VerifiedEntry(**{**known, **changed})


def withdrawn(entry: pb.VerifiedEntry, version: int) -> pb.VerifiedEntry:
    gone = pb.VerifiedEntry(operation=pb.OPERATION_WITHDRAW, item_version=version)
    gone.item_id, gone.origin_node_id = entry.item_id, entry.origin_node_id
    return gone


def take(ear: Hearing, *entries: pb.VerifiedEntry) -> list[int]:
    return [int(result.taken) for result in taking.take_entries(ear.db, entries, NOW)]


def at_hub(ear: Hearing, code: str = "attendance") -> tuple[str, dict[str, str]]:
    """The last month as the page shows it: the region, and each county."""
    found = region.get_region(ear.db, YEAR, NOW)
    one = next(each for each in found.series if each.indicator.code == code)
    return _sign(one.region[-1]), {node: _sign(row[-1]) for node, row in one.counties.items()}


def _sign(figure: Figure) -> str:
    return "*" if figure.hidden else str(figure.number)


def test_a_county_tells_each_figure_once_and_again_only_when_its_number_changes(county: Hearing) -> None:
    county.hear(meeting(1, in_month(8)), attended(1, by=1), attended(1, by=2))

    assert telling.tell_region(county.db, NOW) == 3
    assert telling.tell_region(county.db, NOW) == 0
    county.hear(attended(1, by=3))
    assert telling.tell_region(county.db, NOW) == 2

    assert sorted(fact.version for fact in told(county.db)) == [1, 1, 1, 2, 2]
    shared, hub_id = telling.read_told(county.db, told_id(county.db, Cell(CARE_HOMES, "attendance", "2026-08")))
    assert (shared.version, shared.number, hub_id) == (2, 3, HUB)
    assert body(shared) == Body(
        community_id=CARE_HOMES, indicator="attendance", month="2026-08", number=3, definition=1
    )


def test_a_figure_that_becomes_nothing_is_told_as_nothing(county: Hearing) -> None:
    county.hear(meeting(1, in_month(8)), attended(1, by=1))
    telling.tell_region(county.db, NOW)

    county.hear(attended(1, by=1, version=2, presence=1))
    telling.tell_region(county.db, NOW)

    shared, _ = telling.read_told(county.db, told_id(county.db, Cell(CARE_HOMES, "attendance", "2026-08")))
    assert (shared.version, shared.number) == (2, 0)


def test_who_belongs_is_told_for_each_month_that_they_did(county: Hearing) -> None:
    county.hear(member(1), at=in_month(6))

    assert telling.tell_region(county.db, NOW) == 3
    assert telling.tell_region(county.db, in_month(9)) == 1


def test_a_node_alone_tells_nothing_and_everything_once_it_has_a_region(county: Hearing) -> None:
    telling.know_nodes(county.db, [Node(NOTTS, own=True)])
    county.hear(meeting(1, in_month(8)))
    assert telling.tell_region(county.db, NOW) == 0

    telling.know_nodes(county.db, nodes(NOTTS))

    assert telling.tell_region(county.db, NOW) == 1


def test_the_hub_tells_nobody_and_counts_its_own_community_itself(hub: Hearing) -> None:
    hub.hear(meeting(1, in_month(8)), *(attended(1, by=number) for number in range(20)))

    assert telling.tell_region(hub.db, NOW) == 0
    assert at_hub(hub) == ("20", {HUB: "20"})


def test_what_was_not_told_cannot_be_read(county: Hearing) -> None:
    with pytest.raises(NotFound):
        telling.read_told(county.db, "0" * 32)


def test_the_hub_adds_the_counties_up_and_hides_what_would_name_a_few(hub: Hearing) -> None:
    take(hub, an_entry(NOTTS, number=12), an_entry(DERBYS, number=31), an_entry(LEICS, number=4))

    assert at_hub(hub) == ("45", {NOTTS: "*", DERBYS: "30", LEICS: "*"})


def test_a_county_without_a_figure_for_the_last_month_is_named(hub: Hearing) -> None:
    take(hub, an_entry(NOTTS), an_entry(DERBYS, month="2026-07"))

    assert set(region.get_region(hub.db, YEAR, NOW).missing) == {DERBYS, LEICS}


def test_a_county_that_is_expelled_is_counted_no_longer(hub: Hearing) -> None:
    take(hub, an_entry(NOTTS, number=20), an_entry(DERBYS, number=30))

    telling.know_nodes(hub.db, [Node(HUB, own=True, hub=True), Node(NOTTS), Node(DERBYS, active=False)])

    assert at_hub(hub) == ("20", {NOTTS: "20"})


def test_at_a_county_the_region_says_only_that_the_hub_shows_it(county: Hearing) -> None:
    found = region.get_region(county.db, YEAR, NOW)

    assert (found.hub, found.series) == (False, ())


def test_the_newest_version_stands_in_whichever_order_and_however_often_they_come(hub: Hearing) -> None:
    versions = [an_entry(version=version, number=version * 10) for version in range(1, 6)] * 3
    random.Random(4).shuffle(versions)

    assert set(take(hub, *versions)) == {pb.TAKEN_APPLIED}

    assert at_hub(hub) == ("50", {NOTTS: "50"})


def test_what_a_county_takes_back_is_gone_and_does_not_return_in_an_old_version(hub: Hearing) -> None:
    first = an_entry(version=2, number=20)
    take(hub, first, withdrawn(first, 2), first)
    assert at_hub(hub) == ("0", {})

    take(hub, an_entry(version=3, number=30))

    assert at_hub(hub) == ("30", {NOTTS: "30"})


def test_nobody_changes_a_figure_of_another_county(hub: Hearing) -> None:
    first = an_entry(NOTTS, number=20)
    take(hub, first)

    theirs = an_entry(DERBYS, version=9, number=90, item_id=first.item_id)
    assert take(hub, theirs, withdrawn(theirs, 9)) == [pb.TAKEN_REFUSED] * 2

    assert at_hub(hub) == ("20", {NOTTS: "20"})


def test_a_county_has_one_figure_for_each_month_whatever_ids_it_tells_it_under(hub: Hearing) -> None:
    take(hub, an_entry(number=20), an_entry(number=30, item_id="b" * 32))
    assert at_hub(hub) == ("30", {NOTTS: "30"})

    take(hub, an_entry(number=20))

    assert at_hub(hub) == ("30", {NOTTS: "30"})


def test_ids_of_figures_cannot_be_worked_out_by_other_counties(county: Hearing, hub: Hearing) -> None:
    for each in (county, hub):
        each.hear(meeting(1, in_month(8)), attended(1, by=1))
    telling.tell_region(county.db, NOW)
    first = told_id(county.db, Cell(CARE_HOMES, "attendance", "2026-08"))
    with county.db.write() as conn:
        conn.execute(delete(tables.aggregate))

    telling.tell_region(county.db, NOW)

    assert told_id(county.db, Cell(CARE_HOMES, "attendance", "2026-08")) != first


@pytest.mark.parametrize(
    "changed",
    [{"number": -1}, {"number": 10**10}, {"month": "2026-13"}, {"month": "August"}, {"version": 0},
     {"item_id": "no id"}, {"body": b"\xff\xff"}, {"community": "x"}],
    ids=range(8),
)  # fmt: skip
def test_a_figure_that_cannot_be_one_is_refused_and_the_others_are_taken(hub: Hearing, changed: dict[str, Any]) -> None:
    if "community" in changed:
        changed = {"body": Body(community_id="x", indicator="attendance", month="2026-08").SerializeToString()}

    assert take(hub, an_entry(**changed), an_entry(DERBYS)) == [pb.TAKEN_REFUSED, pb.TAKEN_APPLIED]


def test_what_only_newer_software_knows_waits(hub: Hearing) -> None:
    later = Body(community_id=CARE_HOMES, indicator="attendance", month="2026-08", number=1, definition=2)

    entries = [
        an_entry(indicator="joy"),
        an_entry(body=later.SerializeToString()),
        an_entry(schema="fosse.shared.v1.X"),
    ]

    assert take(hub, *entries) == [pb.TAKEN_WAITS_FOR_UPGRADE] * 3


def test_a_node_that_is_no_hub_takes_no_figures_and_says_so(county: Hearing) -> None:
    (result,) = taking.take_entries(county.db, [an_entry(DERBYS)], NOW)

    assert (result.taken, "hub alone" in result.reason) == (pb.TAKEN_REFUSED, True)
    with county.db.read() as conn:
        assert aggregates.of_node(conn, DERBYS) == {}


def test_a_node_that_does_not_know_its_region_yet_is_asked_again(make_database: MakeDatabase) -> None:
    with pytest.raises(TooMany):
        taking.take_entries(make_database("evaluation"), [an_entry()], NOW)


def test_a_batch_has_at_most_a_hundred_entries(hub: Hearing) -> None:
    with pytest.raises(Invalid):
        take(hub, *[an_entry()] * 101)
