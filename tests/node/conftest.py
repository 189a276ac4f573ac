"""A gateway that several tests share, and somebody who is signed in at it; a provider behind a gateway."""

from collections.abc import Iterator

import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from tests.browsing import Browser
from tests.conftest import MakeDatabase
from tests.databases import SqliteDatabases
from tests.gateways import Web, a_gateway
from tests.node.provider_world import MakePages, Provider, a_provider, in_front_of


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, sqlite_databases: SqliteDatabases) -> Iterator[Web]:
    with a_gateway(tmp_path_factory.mktemp("gateway"), sqlite_databases) as web:
        yield web


@pytest.fixture(scope="module")
def ann(shared: Web) -> Browser:
    return shared.signed_in(1, "Ann Example", ROLE_CONVENOR)


@pytest.fixture
def web(shared: Web) -> Web:
    """As if nothing had been asked yet."""
    shelf = shared.shelf
    shelf.refuses, shelf.fails, shelf.waits_for = None, False, lambda: None
    for held in (shelf.resources, shelf.files, shelf.asked, shelf.deadlines):
        held.clear()
    return shared


@pytest.fixture
def token(ann: Browser) -> str:
    return ann.form_token("/about/cookies")


@pytest.fixture
def provider() -> Iterator[Provider]:
    with a_provider() as server:
        yield server


@pytest.fixture
def pages(provider: Provider, make_database: MakeDatabase) -> MakePages:
    return in_front_of(provider, make_database)
