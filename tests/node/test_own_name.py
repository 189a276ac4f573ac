"""On a shared phone a page says who is signed in: by their own name, to themselves, and nowhere else."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import SqliteDatabases
from tests.gateways import Web, a_gateway


@pytest.fixture
def web(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Web]:
    with a_gateway(tmp_path, sqlite_databases) as web:
        yield web


def test_members_read_their_own_name_though_it_does_not_stand_beside_what_they_share(
    web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = web.signed_in(1, "Ann Example")

    page = browser.get("/").text

    assert re.search(r'header__account-link" href="/profile">Ann Example</a>', page)
    assert "Welcome, Ann Example" in page
    assert not [one for one in caplog.records if "Ann Example" in one.getMessage()]
    assert "Ann" not in "".join(seen.url for seen in browser.seen)


def test_the_database_of_sessions_tells_no_name(web: Web) -> None:
    browser = web.signed_in(1, "Ann Example")

    page = browser.get("/").text
    database = Path(web.settings.database.removeprefix("sqlite:///"))
    held = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))

    assert "Welcome, Ann Example" in page
    assert len(held) > 4096 and b"Ann" not in held
