"""PostgreSQL is away: whoever is signed in reads the pages that say the same to everybody, and stays signed in."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from testcontainers.community.postgres import PostgresContainer

from tests.databases import PostgresDatabases
from tests.gateways import Web, a_gateway
from tests.standing import WAYS
from tests.waiting import until

pytestmark = [pytest.mark.xdist_group("outages"), pytest.mark.timeout(180)]
NEED_NOBODY = ("/about", "/about/accessibility", "/about/cookies")
# A worker remembers for five seconds who somebody is.
FORGOTTEN = timedelta(seconds=6)


@pytest.fixture(scope="module")
def web(own_postgres: PostgresContainer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    databases = PostgresDatabases(own_postgres.get_connection_url(host="127.0.0.1"))
    with a_gateway(tmp_path_factory.mktemp("county"), databases) as made:
        yield made


@pytest.mark.parametrize(("number", "name", "way"), [(1, "Ann Example", "stopped"), (2, "Ben Example", "paused")])
def test_pages_that_need_nobody_are_read_and_nobody_is_signed_out_by_it(
    web: Web, own_postgres: PostgresContainer, number: int, name: str, way: str
) -> None:
    somebody = web.signed_in(number, name)
    welcomed, known = somebody.get("/"), somebody.get("/about")

    with WAYS[way](own_postgres):
        web.clock.ahead += FORGOTTEN
        told = [somebody.get(path) for path in NEED_NOBODY]
        others = [somebody.get("/shelf"), somebody.get("/nothing")]
    until(lambda: somebody.get("/about").text == known.text, "they are signed in, as before")

    assert [name in each.text for each in (welcomed, known)] == [True] * 2
    assert [each.status_code for each in told] == [200] * 3
    assert [name in each.text for each in told] == [False] * 3
    assert [each.headers.get("Set-Cookie") for each in [*told, *others]] == [None] * 5
    assert [each.status_code for each in others] == [503, 404]
