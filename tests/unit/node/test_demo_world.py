"""The demo's world is whole, and its dates are ours."""

from datetime import date

import pytest

from services.node.demo import world as worlds
from services.node.demo.world import item_id, shifted

TODAY = date(2026, 11, 25)


@pytest.fixture(scope="module")
def world() -> worlds.World:
    return worlds.load(TODAY)


def test_days_move_by_whole_weeks_so_that_a_monday_stays_a_monday() -> None:
    moved = date.fromisoformat(shifted("2028-02-04", TODAY))

    assert (moved - date(2028, 2, 4)).days == 84
    assert moved.weekday() == date(2028, 2, 4).weekday()


@pytest.mark.parametrize("today", [date(2026, 8, 31), TODAY, date(2026, 12, 1), date(2028, 2, 29)])
def test_what_was_over_in_the_demo_stays_over_and_what_was_to_come_stays_to_come(today: date) -> None:
    world = worlds.load(today)

    assert all(each.day < today.isoformat() for each in world.meetings if each.past)
    assert all(each.day > today.isoformat() for each in world.meetings if not each.past)
    assert min(each.day for each in world.meetings) > date(today.year - 2, today.month, 1).isoformat()


def test_no_demo_resource_is_published_past_its_review(world: worlds.World) -> None:
    assert all(each.words.review_due > TODAY.isoformat() for each in world.resources)


def test_everybody_and_everything_named_in_the_demo_exists(world: worlds.World) -> None:
    members = {each.id: each for each in world.members}
    for resource in world.resources:
        assert members[resource.author].node == resource.node
    for member in world.members:
        assert world.organisation(member.organisation).node == member.node
        places = {each["id"] for each in world.county(member.node).localities}
        assert member.localities and set(member.localities) <= places
    assert len(world.members_of("notts")) == 60
    assert len(world.organisations_of("notts")) == 14


def test_each_county_has_a_convenor_an_operator_and_somebody_from_a_home_to_sign_in_as(world: worlds.World) -> None:
    for county in world.counties:
        first = [each for each in world.signing_in(county.id) if each.first]
        roles = {role for each in first for role in each.roles}
        assert {"convenor", "operator"} <= roles
        assert county.hub or any("home" in world.organisation(each.organisation).type for each in first)


def test_nottinghamshire_met_twelve_times_and_celebrated_and_wrote_minutes_each_month(world: worlds.World) -> None:
    was = world.meetings_of("notts", past=True)

    monthly = [each for each in was if each.kind == "monthly"]
    assert len(monthly) == 12
    assert all(world.minutes_of(each.id) for each in monthly)
    assert [len(each.room) + each.guests for each in was if each.kind == "celebration"] == [81]
    assert sum(each.refused for each in was) == 50


def test_the_next_meeting_of_nottinghamshire_is_full_and_seven_wait(world: worlds.World) -> None:
    coming = next(each for each in world.meetings_of("notts", past=False) if each.invite)

    booked = coming.booked
    assert (coming.room_holds, len(booked.room), len(booked.waiting), len(booked.online)) == (20, 20, 7, 4)
    asked = [*booked.room, *booked.waiting, *booked.online]
    assert len(set(asked)) == 31
    assert not [each for each in asked if world.member(each).left]


def test_a_county_has_a_meeting_to_come_that_everybody_may_read_of(world: worlds.World) -> None:
    public = [each for each in world.meetings if each.audience == "public" and not each.past]

    assert {"derbys", "hub"} <= {each.node for each in public}


def test_three_counties_have_a_year_to_show_at_the_hub(world: worlds.World) -> None:
    assert {each.node for each in world.meetings if each.past} == {"notts", "derbys", "leics"}


def test_who_came_asked_or_has_something_to_do_is_a_member_of_that_county(world: worlds.World) -> None:
    for meeting in world.meetings:
        booked = meeting.booked
        came, asked = [*meeting.room, *meeting.online], [*booked.room, *booked.waiting, *booked.online]
        named = [*came, *asked, *meeting.apologies]
        assert {world.member(each).node for each in named} <= {meeting.node}
        assert len(set(named)) == len(named)
        assert set(meeting.needs) <= set(asked)
        assert len(meeting.room) <= meeting.room_holds
        assert len(meeting.online) <= meeting.online_holds
    for minutes in world.minutes:
        node = next(each.node for each in world.meetings if each.id == minutes.meeting)
        assert {world.member(each.who).node for each in minutes.actions} <= {node}


@pytest.mark.parametrize("today", [date(2026, 8, 31), TODAY, date(2028, 2, 29)])
def test_everybody_joined_before_today_and_before_the_first_meeting_at_which_they_were(today: date) -> None:
    world = worlds.load(today)

    assert all(each.joined < today.isoformat() for each in world.members)
    for meeting in (each for each in world.meetings if each.past):
        came = [*meeting.room, *meeting.online, *meeting.apologies]
        assert all(world.member(each).joined < meeting.day for each in came)


def test_nottinghamshire_grows_through_the_year() -> None:
    joined = [each.joined for each in worlds.load(worlds.NOW).members_of("notts")]

    ends = ("2025-08-31", "2025-12-31", "2026-04-30", "2026-08-31")
    assert [sum(each <= end for each in joined) for end in ends] == [32, 40, 52, 60]


def test_a_superseded_resource_and_its_successor_are_two_editions_of_one(world: worlds.World) -> None:
    found = [each for each in world.resources if each.earlier]

    assert [each.id for each in found] == ["r-notts-007"]
    assert "superseded" in found[0].earlier.title if found[0].earlier else False


def test_ids_are_the_same_at_each_try_and_different_on_each_node() -> None:
    assert item_id("a" * 64, "m001") == item_id("a" * 64, "m001")
    assert item_id("a" * 64, "m001") != item_id("b" * 64, "m001")
    assert len(item_id("a" * 64, "m001")) == 32
