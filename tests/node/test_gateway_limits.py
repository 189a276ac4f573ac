"""Who is counted together: an address as the trusted proxy says it, a person in all their browsers, the node."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from gateway.limits import EXPORT, LINK, UPLOAD
from services.common.ids import new_id
from tests.browsing import Browser
from tests.databases import SqliteDatabases
from tests.gateways import Web, a_gateway

MOST = LINK[0].count


@pytest.fixture
def web(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Web]:
    with a_gateway(tmp_path, sqlite_databases, searches_a_minute=40) as web:
        yield web


@pytest.fixture
def proxied(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Web]:
    with a_gateway(tmp_path, sqlite_databases, trusted_proxies=1) as web:
        yield web


def guess(browser: Browser, address: str) -> int:
    return browser.get(
        f"/l/{new_id()}", headers={"X-Forwarded-For": address, "Forwarded": f"for={address}"}
    ).status_code


def test_where_no_proxy_is_trusted_nobody_says_whence_they_come(web: Web) -> None:
    said = [guess(web.fresh(), f"198.51.100.{number}") for number in range(MOST + 1)]

    assert said == [404] * MOST + [429]


def test_of_several_addresses_the_one_that_our_proxy_added_counts(proxied: Web) -> None:
    browser = proxied.fresh()
    said = [guess(browser, f"198.51.100.{number}, 203.0.113.9") for number in range(MOST + 1)]

    assert said == [404] * MOST + [429]
    assert guess(browser, "203.0.113.9, 203.0.113.10") == 404


def test_the_addresses_of_one_network_are_one_and_another_network_is_another(proxied: Web) -> None:
    browser = proxied.fresh()
    said = [guess(browser, f"2001:db8:1:2::{number:x}") for number in range(MOST + 1)]

    assert said == [404] * MOST + [429]
    assert guess(browser, "2001:db8:1:3::1") == 404
    assert [guess(browser, each) for each in ("::ffff:203.0.113.9",) * MOST] == [404] * MOST
    assert guess(browser, "203.0.113.9") == 429


def test_whoever_searches_without_end_waits_and_others_do_not(web: Web) -> None:
    ann, ben = web.signed_in(1, "Ann Example"), web.signed_in(2, "Ben Example")
    said = [ann.get(path).status_code for path in ("/shelf?q=falls", "/api/v1/resources?query=falls") * 25]

    assert said == [200] * 40 + [429] * 10
    told = ann.get("/shelf?q=falls")
    assert "Please wait a little" in told.text and 0 < int(told.headers["Retry-After"]) <= 121
    assert ben.get("/shelf?q=falls").status_code == 200
    assert ann.get("/").status_code == 200


def test_where_few_searches_are_allowed_those_few_are(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    with a_gateway(tmp_path, sqlite_databases, searches_a_minute=7) as web:
        ann, ben = web.signed_in(1, "Ann Example"), web.signed_in(2, "Ben Example")

        said = [ann.get("/shelf?q=falls").status_code for _ in range(9)]

        assert said == [200] * 7 + [429] * 2
        assert ben.get("/shelf?q=falls").status_code == 200


def test_lists_and_files_are_counted_for_each_person(web: Web) -> None:
    ann, ben = (web.signed_in(number, f"P{number} Example", ROLE_CONVENOR) for number in (1, 2))
    lists, files = EXPORT[0].count, UPLOAD[0].count
    sent = {"X-CSRF-Token": ann.form_token("/about")}
    path = f"/api/v1/resources/{new_id()}/files"

    taken = [ann.get(f"/meetings/{new_id()}/attendance.csv").status_code for _ in range(lists + 1)]
    added = [ann.post(path, headers=sent).status_code for _ in range(files + 1)]

    assert 429 not in taken[:lists] and taken[lists] == 429
    assert added == [400] * files + [429]
    assert ben.get(f"/meetings/{new_id()}/attendance.csv").status_code != 429
