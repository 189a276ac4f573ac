"""The JSON API: what the rpcs answer, and what programs and browsers are told when it does not go."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.app import MIGRATIONS, close, create_app
from gateway.errors import TITLES
from services.common import migrating
from services.common.database import Database
from services.common.errors import Conflict, Invalid, NotFound, Refusal, TooMany
from tests.browsing import Browser
from tests.gateways import Web
from tests.members import COMMUNITY

KEY = "0123456789abcdef0123456789abcdef"
WORDS = {"title": "Falls", "summary": "What helps against falls at night.", "type": "leaflet"}


def create(ann: Browser, token: str, key: str = KEY, **headers: str) -> requests.Response:
    sent = {"X-CSRF-Token": token, "Idempotency-Key": key, **headers}
    return ann.post("/api/v1/resources", json={"communityId": COMMUNITY, "words": WORDS}, headers=sent)


def test_creating_twice_with_one_key_makes_one_resource(web: Web, ann: Browser, token: str) -> None:
    first, second = create(ann, token), create(ann, token)

    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert list(web.shelf.resources) == [KEY]
    assert first.headers["ETag"] == '"1"'


def test_a_change_names_the_version_it_was_made_from(web: Web, ann: Browser, token: str) -> None:
    etag = create(ann, token).headers["ETag"]
    sent = {"X-CSRF-Token": token, "If-Match": etag}

    first = ann.http.put(f"{web.url}/api/v1/resources/{KEY}", json={"words": WORDS}, headers=sent, timeout=10)
    second = ann.http.put(f"{web.url}/api/v1/resources/{KEY}", json={"words": WORDS}, headers=sent, timeout=10)

    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    assert second.status_code == 409
    assert second.json()["detail"] == "Somebody changed this while you were writing. Both texts are kept."


def test_numbers_and_lists_in_an_address_reach_the_service(web: Web) -> None:
    answer = web.fresh().get("/api/v1/resources?query=falls&pageSize=7&evidence_level=3")

    asked = web.shelf.asked[-1]
    assert answer.json() == {}
    assert (asked.query, asked.page_size, asked.evidence_level) == ("falls", 7, 3)


@pytest.mark.parametrize(
    ("body", "type_", "status", "sentence"),
    [
        ('{"colour": 1}', "application/json", 400, "There is no field called “colour” here."),
        ('{"words": {"colour": 1}}', "application/json", 400, "There is no field called “colour” here."),
        ('{"communityId": 7}', "application/json", 400, "cannot be read"),
        ('{"words"', "application/json", 400, "not JSON"),
        ("[]", "application/json", 400, "one JSON object"),
        ("[" * 100_000, "application/json", 400, "not JSON"),
        ("a=b", "application/x-www-form-urlencoded", 415, "application/json"),
        (" " * (1024 * 1024 + 1), "application/json", 413, "larger"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(
    web: Web, ann: Browser, token: str, body: str, type_: str, status: int, sentence: str
) -> None:
    headers = {"X-CSRF-Token": token, "Content-Type": type_}

    answer = ann.post("/api/v1/resources", body, headers=headers)

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert sentence in answer.json()["detail"]
    assert web.shelf.asked == []


@pytest.mark.parametrize(
    ("query", "sentence"),
    [("colour=red", "no parameter called “colour”"), ("pageSize=many", "“pageSize” cannot be read")],
)
def test_an_address_with_unknown_or_unreadable_parameters_is_refused(web: Web, query: str, sentence: str) -> None:
    answer = web.fresh().get(f"/api/v1/resources?{query}")

    assert answer.status_code == 400
    assert sentence in answer.json()["detail"]


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (NotFound("There is no such thing."), 404),
        (Invalid("The title is too short.", {"title": "3 to 200 characters"}), 422),
        (Conflict("Somebody was first."), 409),
        (TooMany("The node is busy.", retry_after_s=7), 429),
    ],
)
def test_a_refusal_arrives_as_it_was_raised(web: Web, refusal: Refusal, status: int) -> None:
    web.shelf.refuses = refusal

    as_json = web.fresh().get(f"/api/v1/resources/{KEY}")
    as_page = web.fresh().get(f"/resources/{KEY}")

    problem = as_json.json()
    assert (as_json.status_code, as_page.status_code, problem["status"]) == (status, status, status)
    assert problem["detail"] == refusal.sentence
    assert problem.get("fields", {}) == dict(refusal.fields)
    assert refusal.sentence in as_page.text
    if isinstance(refusal, TooMany):
        assert as_json.headers["Retry-After"] == as_page.headers["Retry-After"] == "7"


def test_a_fault_of_ours_tells_no_details(web: Web) -> None:
    web.shelf.fails = True

    as_json = web.fresh().get(f"/api/v1/resources/{KEY}")
    as_page = web.fresh().get(f"/resources/{KEY}")

    assert (as_json.status_code, as_page.status_code) == (500, 500)
    assert "fault of ours" not in as_json.text + as_page.text
    assert TITLES[500] in as_page.text


def test_a_service_that_hangs_costs_a_page_two_seconds_and_no_more(web: Web) -> None:
    released = threading.Event()
    web.shelf.waits_for = lambda: released.wait(30)

    with ThreadPoolExecutor(2) as pool:
        as_json = pool.submit(web.fresh().get, f"/api/v1/resources/{KEY}").result()
        as_page = pool.submit(web.fresh().get, f"/resources/{KEY}").result()
    released.set()

    assert (as_json.status_code, as_page.status_code) == (503, 503)
    assert as_json.elapsed.total_seconds() < 3.5
    assert "Retry-After" in as_json.headers
    assert [left for left in web.shelf.deadlines if left is None or left > 2.1] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/v1/nothing", 404), ("DELETE", "/api/v1/resources", 405), ("GET", "/nothing", 404)],
)
def test_an_address_that_is_not_there_is_said_in_the_form_that_was_asked_for(
    web: Web, method: str, path: str, status: int
) -> None:
    answer = web.fresh().http.request(method, f"{web.url}{path}", timeout=10)

    assert answer.status_code == status
    is_json = answer.headers["Content-Type"] == "application/problem+json"
    assert is_json == path.startswith("/api/")


def test_joining_a_hub_needs_no_sign_in_and_is_not_for_guessing(web: Web) -> None:
    county = web.fresh()

    honest = [county.post("/api/v1/enrolments", json={"code": "right"}) for _ in range(12)]
    guesses = [county.post("/api/v1/enrolments", json={"code": str(number)}) for number in range(12)]

    assert [answer.json()["fingerprintWords"] for answer in honest] == ["oak elm ash"] * 12
    assert [answer.status_code for answer in guesses] == [404] * 10 + [429] * 2


def test_a_hub_that_is_away_uses_up_no_try_at_an_enrolment(web: Web, tmp_path: Path) -> None:
    # With counters of its own.
    settings = replace(web.settings, database=f"sqlite:///{tmp_path / 'gateway.db'}")
    db = Database(settings.database)
    migrating.migrate(db, MIGRATIONS)
    db.dispose()

    def asked(times: int, run_dir: Path) -> list[int]:
        app = create_app(replace(settings, run_dir=run_dir), clock=web.clock)
        with app.test_client() as county:
            said = [county.post("/api/v1/enrolments", json={"code": "right"}).status_code for _ in range(times)]
        close(app)
        return said

    assert asked(12, tmp_path / "nobody") == [503] * 12
    assert asked(1, web.settings.run_dir) == [200]


def test_the_interface_is_described_where_programs_look_for_it(web: Web) -> None:
    document: dict[str, Any] = json.loads(web.fresh().get("/api/v1/openapi.json").text)

    assert document["openapi"] == "3.1.0"
    assert "post" in document["paths"]["/api/v1/resources/{id}:publish"]
