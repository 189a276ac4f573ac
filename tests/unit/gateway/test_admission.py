"""When a queue is a rush that is waited out, and when it is cut."""

import json

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from gateway.admission import Admission, Congestion, has_waited


class Hours:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hours() -> Hours:
    return Hours()


def refused(congestion: Congestion, hours: Hours, waited_s: float, seconds: float) -> list[bool]:
    """Ten requests a second that have each waited so long."""
    found = []
    for _ in range(int(seconds * 10)):
        hours.now += 0.1
        found.append(congestion.refuses(waited_s))
    return found


def test_a_rush_of_a_second_is_waited_out(hours: Hours) -> None:
    congestion = Congestion(hours)

    assert not any(refused(congestion, hours, 0.9, 1))
    assert not any(refused(congestion, hours, 0.1, 60))
    assert not any(refused(congestion, hours, 0.9, 1))


def test_a_queue_that_stands_is_cut_and_whoever_has_hardly_waited_is_let_in(hours: Hours) -> None:
    congestion = Congestion(hours)
    refused(congestion, hours, 0.9, 1.2)

    assert all(refused(congestion, hours, 0.1, 5))
    assert not any(refused(congestion, hours, 0.01, 0.5))
    assert all(refused(congestion, hours, 0.1, 5))


def test_after_a_calm_second_all_are_let_in_again(hours: Hours) -> None:
    congestion = Congestion(hours)
    refused(congestion, hours, 0.9, 2)
    refused(congestion, hours, 0.01, 1.2)

    assert not any(refused(congestion, hours, 0.1, 60))


def test_where_pages_take_long_a_wait_may_be_longer(hours: Hours) -> None:
    congestion = Congestion(hours)
    for _ in range(200):
        congestion.learn(0.5)
    refused(congestion, hours, 0.9, 2)

    assert not any(refused(congestion, hours, 0.1, 0.9))


class Full(Congestion):
    def refuses(self, waited_s: float) -> bool:
        return waited_s > 1


def test_a_refusal_says_when_to_come_again_to_people_and_to_programs() -> None:
    client = Client(Admission(Response("in"), Full()))
    has_waited(2)
    page = client.get("/shelf")
    has_waited(2)
    problem = client.get("/api/v1/me")

    assert page.status_code == problem.status_code == 429 and int(page.headers["Retry-After"]) > 0
    assert "Nothing was changed" in page.text and "no-store" in page.headers["Cache-Control"]
    assert json.loads(problem.text)["status"] == 429 and "json" in problem.headers["Content-Type"]


def test_what_a_page_needs_and_who_waited_not_is_let_in() -> None:
    client = Client(Admission(Response("in"), Full()))
    for path in ("/static/fosse.css", "/health"):
        has_waited(2)
        assert client.get(path).status_code == 200
    has_waited(2)
    client.get("/shelf")

    assert client.get("/shelf").status_code == 200
