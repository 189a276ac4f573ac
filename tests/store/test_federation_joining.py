"""Who may join: one-time codes, newcomers, and the list of nodes that the hub signs."""

from datetime import timedelta
from pathlib import Path

import pytest

from services.common.errors import Conflict, NotAllowed, NotFound, Refusal, TooMany
from services.federation.domain import codes
from services.federation.store import registries
from services.federation.this_node import ThisNode
from services.federation.usecases import enrolment, standing
from tests.conftest import MakeDatabase
from tests.federations import Region, a_node, a_region


@pytest.fixture
def region(make_database: MakeDatabase, tmp_path: Path) -> Region:
    return a_region(make_database, tmp_path)


def a_newcomer(region: Region, make_database: MakeDatabase, slug: str = "notts") -> ThisNode:
    return a_node(make_database("federation"), region.folder / slug, region.clock, slug)


def version(node: ThisNode) -> int:
    with node.db.read() as conn:
        held = registries.newest(conn)
    return held.registry.version if held else 0


def test_a_hub_founds_its_region_once_however_often_it_starts(region: Region) -> None:
    standing.begin(region.hub)

    assert version(region.hub) == 1


def test_the_keys_of_another_node_are_not_taken_for_this_database(
    region: Region, make_database: MakeDatabase, tmp_path: Path
) -> None:
    with pytest.raises(Conflict, match="not those of this database"):
        a_node(region.hub.db, tmp_path / "other", region.clock, "other")


def test_a_code_works_once(region: Region, make_database: MakeDatabase) -> None:
    code = region.code()
    region.ask(a_newcomer(region, make_database), code)

    with pytest.raises(NotAllowed, match="used before"):
        region.ask(a_newcomer(region, make_database, "derbys"), code)


def test_a_county_whose_answer_was_lost_may_ask_again_with_its_code(
    region: Region, make_database: MakeDatabase
) -> None:
    notts, code = a_newcomer(region, make_database), region.code()
    first, lost = region.ask(notts, code)

    again, secret = region.ask(notts, code)

    assert again.enrolment_id == first.enrolment_id
    assert enrolment.collect(region.hub, first.enrolment_id, secret)
    with pytest.raises(NotFound):
        enrolment.collect(region.hub, first.enrolment_id, lost)


def test_a_code_expires_after_seven_days(region: Region, make_database: MakeDatabase) -> None:
    code = region.code()
    region.clock.now += timedelta(days=7)

    with pytest.raises(NotAllowed, match="not valid"):
        region.ask(a_newcomer(region, make_database), code)


def test_the_secret_of_a_code_can_be_guessed_ten_times_and_no_more(region: Region, make_database: MakeDatabase) -> None:
    notts, code = a_newcomer(region, make_database), region.code()
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")

    refusals = [refusal_of(region, notts, wrong) for _ in range(codes.WRONG_SECRETS)]

    assert all(isinstance(refusal, NotAllowed) for refusal in refusals)
    assert isinstance(refusal_of(region, notts, code), TooMany)


def test_guesses_at_codes_that_do_not_exist_are_counted_and_lock_nobody_out(
    region: Region, make_database: MakeDatabase
) -> None:
    notts, code = a_newcomer(region, make_database), region.code()

    refusals = [refusal_of(region, notts, "") for _ in range(codes.UNKNOWN_LOCATORS_AN_HOUR + 1)]

    assert isinstance(refusals[-2], NotAllowed)
    assert isinstance(refusals[-1], TooMany)
    assert region.ask(notts, code)


def test_a_newcomer_stands_in_the_next_list_of_nodes_and_nobody_decides_twice(
    region: Region, make_database: MakeDatabase
) -> None:
    newcomer, _ = region.ask(a_newcomer(region, make_database), region.code())

    enrolment.approve(region.hub, newcomer.enrolment_id, newcomer.words, "operator", region.clock())

    assert version(region.hub) > 1
    with pytest.raises(Conflict, match="decided"):
        enrolment.decline(region.hub, newcomer.enrolment_id, "operator", region.clock())


def test_a_node_that_enrols_anew_keeps_its_name_and_its_old_certificate_opens_nothing(region: Region) -> None:
    notts = region.county("notts")

    region.admit(notts)

    with region.hub.db.read() as conn:
        held = registries.newest(conn)
    assert held
    assert [node.slug for node in held.registry.nodes.values() if node.id == notts.id] == ["notts"]


def test_the_list_of_nodes_is_signed_again_well_before_it_runs_out(region: Region) -> None:
    assert not standing.renew_registry(region.hub, region.clock())
    region.clock.now += timedelta(days=31)

    assert standing.renew_registry(region.hub, region.clock())

    assert version(region.hub) > 1


def refusal_of(region: Region, county: ThisNode, code: str) -> Refusal:
    with pytest.raises((NotAllowed, TooMany)) as refused:
        region.ask(county, code)
    return refused.value
