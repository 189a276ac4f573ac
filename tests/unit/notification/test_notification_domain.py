"""Who is told what, how long it is tried, who may read it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.common.errors import NotFound
from services.notification.domain import adoptions
from services.notification.domain import delivery as domain
from services.notification.domain.adoptions import Adopted
from services.notification.domain.delivery import (
    GIVEN_UP_AFTER,
    Delivery,
    Later,
    Letter,
    News,
    NoAddress,
    Refused,
    Sent,
    State,
)
from tests.alone import HeldClock
from tests.unit.membership.people import CARE_HOMES, SOCIAL_CARE, a_convenor, a_person, an_id, an_operator

NOW = HeldClock()()
ADOPTED = Adopted(an_id(100), "adopted", an_id(50), "Drinking enough", "Derbyshire", "", (an_id(1), an_id(2)))


def a_delivery() -> Delivery:
    return Delivery(an_id(9), News("resource_adopted", an_id(100), an_id(1), "Derbyshire uses it"), NOW)


def test_each_author_is_told_once_but_not_of_the_own_doing() -> None:
    twice_named = replace(ADOPTED, author_ids=(an_id(1), an_id(2), an_id(2)), adopter_id=an_id(1))

    assert [news.member_id for news in adoptions.news_of(twice_named)] == [an_id(2)]


@pytest.mark.parametrize(
    ("stage", "subject"),
    [
        ("adopted", "Derbyshire uses your resource “Drinking enough”"),
        ("embedded", "Derbyshire uses your resource “Drinking enough”"),
        ("trialling", "Derbyshire is trying out your resource “Drinking enough”"),
    ],
)
def test_the_subject_says_what_happened(stage: str, subject: str) -> None:
    assert {news.subject for news in adoptions.news_of(replace(ADOPTED, stage=stage))} == {subject}


@pytest.mark.parametrize("stage", ["aware", "interested", "assessing", "declined", "stopped", "a later word"])
def test_looking_at_a_resource_or_leaving_it_is_no_news(stage: str) -> None:
    assert adoptions.news_of(replace(ADOPTED, stage=stage)) == []


def test_a_title_of_several_lines_makes_a_subject_of_one() -> None:
    subject = adoptions.news_of(replace(ADOPTED, title="Drinking\r\nBcc: all@home.example"))[0].subject

    assert "\n" not in subject and "\r" not in subject


def test_a_mail_that_is_put_off_is_tried_at_growing_intervals_and_given_up_after_two_days() -> None:
    delivery, pauses = a_delivery(), []
    due: datetime | None = NOW

    while due is not None:
        tried_at = due
        delivery, due = domain.after(delivery, Later("Not now."), tried_at)
        pauses.append((due - tried_at).total_seconds() / 60 if due else None)

    assert pauses[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360]
    assert set(pauses[9:-1]) == {360} and pauses[-1] is None
    assert delivery.state is State.GIVEN_UP and delivery.problem == "Not now."
    assert GIVEN_UP_AFTER - timedelta(hours=6) <= tried_at - NOW <= GIVEN_UP_AFTER


def test_what_the_server_took_or_refused_for_good_is_not_tried_again() -> None:
    sent, next_try = domain.after(replace(a_delivery(), problem="Not now."), Sent(), NOW)
    assert (sent.state, sent.sent_at, sent.problem, next_try) == (State.SENT, NOW, "", None)

    bounced, next_try = domain.after(a_delivery(), Refused("No."), NOW)
    assert (bounced.state, bounced.problem, next_try) == (State.BOUNCED, "No.", None)


def test_a_delivery_is_its_members_and_the_operators() -> None:
    for reader in (a_person(1), an_operator(), "operator"):
        assert domain.may_see(reader, a_delivery()) == a_delivery()
    for found in (a_delivery(), None):
        with pytest.raises(NotFound):
            domain.may_see(a_person(2), found)


def test_a_member_who_has_no_address_is_given_up_at_once() -> None:
    tried, next_try = domain.after(a_delivery(), NoAddress(), NOW)

    assert (tried.state, next_try) == (State.GIVEN_UP, None)
    assert tried.problem == "This member has left or has no e-mail address."


@pytest.mark.parametrize("state", [State.BOUNCED, State.GIVEN_UP])
def test_what_nobody_tries_any_more_can_be_queued_as_if_new(state: State) -> None:
    ended = replace(a_delivery(), state=state, attempts=9, problem="No.")
    later = NOW + timedelta(days=20)

    assert domain.again(ended, later) == replace(a_delivery(), queued_at=later)


@pytest.mark.parametrize("state", [State.QUEUED, State.SENT])
def test_what_is_queued_or_sent_is_not_queued_again(state: State) -> None:
    assert domain.again(replace(a_delivery(), state=state), NOW) is None


def test_how_a_mailing_went_is_for_convenors_of_its_community() -> None:
    letter = Letter(an_id(1), "minutes", an_id(50), CARE_HOMES, "Minutes")

    assert domain.may_follow(a_convenor(), letter) == letter
    for reader in (a_convenor(community=SOCIAL_CARE), a_person(1), an_operator()):
        with pytest.raises(NotFound):
            domain.may_follow(reader, letter)
    with pytest.raises(NotFound):
        domain.may_follow(a_convenor(), None)
