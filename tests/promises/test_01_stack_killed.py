"""PROMISE 1 on the stack: its processes, PostgreSQL and Kafka are killed under load, one after the other."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError
from testcontainers.community.postgres import PostgresContainer

from services.common.errors import TooMany
from tests.broker import Broker
from tests.databases import PostgresDatabases
from tests.machine import FULL
from tests.promises.promise import promise
from tests.promises.stories import Story, Victim, a_story
from tests.standing import killed
from tests.waiting import until

SEED = 1
ROUNDS = 25 if FULL else 1
WRITER, READER, POSTGRES, KAFKA = "writer and relay", "reader", "PostgreSQL", "Kafka"
ANY = (WRITER, READER, POSTGRES, KAFKA, WRITER)
pytestmark = [pytest.mark.xdist_group("outages"), pytest.mark.timeout(3600 if FULL else 300)]


@pytest.fixture(scope="module")
def own_databases(own_postgres: PostgresContainer) -> PostgresDatabases:
    return PostgresDatabases(own_postgres.get_connection_url())


@pytest.fixture
def story(own_databases: PostgresDatabases, own_broker: Broker) -> Iterator[Story]:
    with a_story(own_databases, own_broker.address) as made:
        yield made


class Stack:
    """The processes of a story, each of which is started again when it was killed."""

    def __init__(self, story: Story, postgres: PostgresContainer, broker: Broker) -> None:
        self._story = story
        self._starts: Mapping[str, Callable[[], Victim]] = {
            WRITER: lambda: story.start(reads=False),
            READER: lambda: story.start(writes=False),
        }
        self._running = {name: start() for name, start in self._starts.items()}
        self._standing = {POSTGRES: postgres, KAFKA: broker}

    def kill(self, name: str) -> None:
        if name in self._standing:
            with killed(self._standing[name]):
                pass
            return
        self._end(name)
        self._running[name] = self._starts[name]()

    def close(self) -> None:
        for name in self._starts:
            self._end(name)

    def _end(self, name: str) -> None:
        self._running[name].kill()
        if name == WRITER:
            self._story.hear(self._running[name])

    def goes_on_beyond(self, effects: int) -> bool:
        self._story.hear(self._running[WRITER])
        try:
            return self._story.effects().total() > effects
        except (DBAPIError, TooMany):
            return False


@contextmanager
def confirming_early(postgres: PostgresContainer) -> Iterator[None]:
    """It writes what it confirmed up to ten seconds later."""
    server = create_engine(postgres.get_connection_url(), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    settings = {"synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}
    for change in [*(f"{name} = '{value}'" for name, value in settings.items()), None]:
        with server.connect() as conn:
            conn.execute(text(f"alter system set {change}" if change else "select pg_reload_conf()"))
    try:
        yield
    finally:
        for undo in ("alter system reset all", "select pg_reload_conf()"):
            with server.connect() as conn:
                conn.execute(text(undo))


def killing(story: Story, stack: Stack, names: Sequence[str], rounds: int) -> str:
    """In an order that the dice say, each once facts took effect after the one before; what came of it, in figures."""
    dice, kills, effects = random.Random(SEED), 0, 0
    with closing(stack):
        for _ in range(rounds):
            for name in dice.sample(names, len(names)):
                until(lambda: stack.goes_on_beyond(effects), "facts take effect", within_s=90)  # noqa: B023  # at once
                kills, effects = kills + 1, story.effects().total() + dice.randint(50, 500)
                stack.kill(name)
        until(lambda: stack.goes_on_beyond(effects), "facts take effect again", within_s=90)
    story.settle()
    lost, doubled = story.lost_and_doubled()
    return f"kills={kills} writes={len(story.confirmed)} lost={lost} doubled={doubled}"


def test_whatever_of_the_stack_is_killed_nothing_is_lost_or_doubled_and_it_goes_on(
    story: Story, own_postgres: PostgresContainer, own_broker: Broker
) -> None:
    figures = killing(story, Stack(story, own_postgres, own_broker), ANY, ROUNDS)

    kept = story.lost_and_doubled() == (0, 0)
    promise(1, "stack", "kill -9 of processes, PostgreSQL and Kafka", kept, figures, SEED)


def test_a_postgresql_that_confirms_what_it_has_yet_to_write_is_noticed(
    story: Story, own_postgres: PostgresContainer, own_broker: Broker
) -> None:
    with confirming_early(own_postgres):
        figures = killing(story, Stack(story, own_postgres, own_broker), [POSTGRES], 1)

    lost, _ = story.lost_and_doubled()
    promise(1, "stack", "kill -9, planted: PostgreSQL confirms what it has yet to write", lost > 0, figures, SEED)
