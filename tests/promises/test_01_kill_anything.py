"""PROMISE 1: whatever is killed whenever, no change that was confirmed is lost and none takes effect twice."""

import dataclasses
import random
from collections.abc import Iterator

import pytest

from tests.databases import Databases, SqliteDatabases
from tests.machine import FULL
from tests.promises.killed import DUAL_WRITE, EARLY_ACK, NO_DEDUPE
from tests.promises.promise import promise
from tests.promises.stories import Story, a_story

SEED = 1
KILLS, WRITES = (200, 10_000) if FULL else (20, 1_000)


@pytest.fixture
def story(request: pytest.FixtureRequest, sqlite_databases: SqliteDatabases) -> Iterator[Story]:
    kafka = ""
    databases: Databases = sqlite_databases
    if request.param == "stack":
        databases = request.getfixturevalue("postgres_databases")
        kafka = request.getfixturevalue("broker").address
    with a_story(databases, kafka) as made:
        yield made


STACK = pytest.param("stack", marks=pytest.mark.xdist_group("kafka"))


@pytest.mark.timeout(3600 if FULL else 600)
@pytest.mark.parametrize("story", ["embedded", STACK], indirect=True)
def test_nothing_confirmed_is_lost_and_nothing_takes_effect_twice(story: Story) -> None:
    dice = random.Random(SEED)
    variant = "stack" if story.job.kafka else "embedded"

    kills = 0
    while kills < KILLS or len(story.confirmed) < WRITES:
        story.run_and_kill(dice, 2 * WRITES // KILLS)
        kills += 1
    story.settle()

    lost, doubled = story.lost_and_doubled()
    figures = f"kills={kills} writes={len(story.confirmed)} lost={lost} doubled={doubled}"
    promise(1, variant, "kill -9 at any moment", lost == doubled == 0, figures, SEED)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("story", "bug"),
    [
        ("embedded", DUAL_WRITE),
        ("embedded", EARLY_ACK),
        ("embedded", NO_DEDUPE),
        pytest.param("stack", DUAL_WRITE, marks=pytest.mark.xdist_group("kafka")),
        pytest.param("stack", EARLY_ACK, marks=pytest.mark.xdist_group("kafka")),
        pytest.param("stack", NO_DEDUPE, marks=pytest.mark.xdist_group("kafka")),
    ],
    indirect=["story"],
)
def test_a_mistake_that_would_lose_or_double_is_caught(story: Story, bug: str) -> None:
    dice = random.Random(SEED)
    story.job = dataclasses.replace(story.job, bug=bug)
    variant = "stack" if story.job.kafka else "embedded"

    kills, lost, doubled = 0, 0, 0
    while not (doubled if bug == NO_DEDUPE else lost) and kills < 2 * KILLS:
        for _ in range(5):
            story.run_and_kill(dice, 40)
            kills += 1
        story.settle()
        lost, doubled = story.lost_and_doubled()

    figures = f"kills={kills} lost={lost} doubled={doubled}"
    promise(1, variant, f"kill -9, planted: {bug}", bool(doubled if bug == NO_DEDUPE else lost), figures, SEED)
