"""A county's figures reach the hub, which shows them, and no other county."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from google.protobuf.message import Message as Proto

from services.common.clock import utc_now
from services.evaluation.domain.standing import Cell
from services.evaluation.store import aggregates
from services.evaluation.usecases import region as evaluation
from services.evaluation.usecases.reading import Asked
from tests.neighbours.figures import figures_of, hear, shown_at
from tests.neighbours.region import Neighbour, Region
from tests.unit.evaluation.months import CARE_HOMES, attended, in_month, meeting
from tests.waiting import until


@pytest.fixture
def notts(region: Region) -> Neighbour:
    return region.county("notts", "Nottinghamshire")


@pytest.fixture
def derbys(region: Region) -> Neighbour:
    return region.county("derbys", "Derbyshire")


@pytest.fixture
def counting(region: Region, notts: Neighbour, derbys: Neighbour) -> Iterator[None]:
    with figures_of(region.hub, notts, derbys):
        yield


def a_meeting_of(people: int) -> list[Proto]:
    return [meeting(500, in_month(8)), *(attended(500, by=number) for number in range(1, people + 1))]


@pytest.mark.usefixtures("counting")
def test_figures_of_two_counties_add_up_at_the_hub_and_a_change_replaces(
    region: Region, notts: Neighbour, derbys: Neighbour
) -> None:
    hear(notts, *a_meeting_of(20))
    hear(derbys, *a_meeting_of(35))
    until(lambda: shown_at(region.hub, "attendance")[0].number == 55, "the hub adds both up")
    _, counties = shown_at(region.hub, "attendance")
    assert {node: cell.number for node, cell in counties.items()} == {notts.id: 20, derbys.id: 35}

    hear(notts, *(attended(500, by=number) for number in range(21, 26)))

    until(lambda: shown_at(region.hub, "attendance")[0].number == 60, "the correction replaces what was told")
    assert shown_at(region.hub, "meetings")[0].number == 2


@pytest.mark.usefixtures("counting")
def test_a_third_county_holds_nothing_of_what_was_told_to_the_hub(region: Region, notts: Neighbour) -> None:
    leics = region.county("leics", "Leicestershire")
    hear(notts, *a_meeting_of(20))
    until(lambda: shown_at(region.hub, "attendance")[0].number == 20, "the hub has it")
    after = notts.shelf.share("For all")
    until(lambda: after in leics.shelf.taken, "Leicestershire is up to date")

    with notts.evaluation_db.read() as conn:
        found = aggregates.of_node(conn, notts.id)[Cell(CARE_HOMES, "attendance", "2026-08")]
    told = found.item_id.encode()

    assert any(told in content for _, content in region.hub.bytes_on_disk())
    assert [path for path, content in leics.bytes_on_disk() if told in content] == []


@pytest.mark.usefixtures("counting")
def test_the_hub_names_the_counties_that_have_told_nothing(region: Region, notts: Neighbour, derbys: Neighbour) -> None:
    hear(notts, *a_meeting_of(20))
    until(lambda: shown_at(region.hub, "attendance")[0].number == 20, "the hub has it")

    found = evaluation.get_region(region.hub.evaluation_db, Asked("2026-08", 1), utc_now())

    assert found.missing == (derbys.id,)


def test_a_county_alone_tells_everything_once_it_is_let_in(region: Region) -> None:
    leics = region.stranger("leics", "Leicestershire")
    with ExitStack() as stack:
        stack.enter_context(figures_of(region.hub, leics))
        hear(leics, *a_meeting_of(20))
        with leics.evaluation_db.read() as conn:
            assert aggregates.of_node(conn, leics.id) == {}

        region.enrol(leics)

        until(lambda: shown_at(region.hub, "attendance")[0].number == 20, "the hub has what was there before")
