"""PROMISE 1, at a meeting: whoever was told of their place has it, however often the node is killed meanwhile."""

import dataclasses
import json
import queue
import random
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from fosse.events.v1 import facts_pb2
from services.common.database import Database
from services.events.domain.room import Figures, NotAsDecided, replay
from services.events.store import meetings
from services.events.store.tables import decision
from tests.conftest import MakeDatabase
from tests.machine import FULL, environment
from tests.promises.killed_seats import Job
from tests.promises.promise import promise
from tests.store import events_acts as acts
from tests.store import told
from tests.unit.events.meetings import an_id
from tests.waiting import until

SEED = 1
KILLS, REQUESTS = (200, 10_000) if FULL else (10, 500)


@dataclasses.dataclass
class Story:
    db: Database
    job: Job
    confirmed: set[str] = dataclasses.field(default_factory=set)

    def run_and_kill(self, dice: random.Random) -> None:
        """One life: it ends a random number of answers, and a moment, after its birth."""
        command = [sys.executable, "-m", "tests.promises.killed_seats", json.dumps(dataclasses.asdict(self.job))]
        process = subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        heard: queue.Queue[str] = queue.Queue()
        listener = threading.Thread(target=lambda: _listen(process, heard), daemon=True)
        listener.start()
        for _ in range(dice.randint(1, 2 * REQUESTS // KILLS)):
            self.confirmed.add(heard.get(timeout=60))
        threading.Event().wait(dice.random() * 0.02)
        process.kill()
        process.wait()
        listener.join()
        self.confirmed |= set(heard.queue)

    def lost(self) -> int:
        """People who were answered, and whose request is nowhere."""
        with self.db.read() as conn:
            kept = set(conn.scalars(select(decision.c.request_id).where(decision.c.request_id.is_not(None))))
        return len(self.confirmed - kept)

    def doubled(self) -> int:
        """Places or facts beyond what the log of decisions gives."""
        due = sum(place.version for place in acts.standing(self.db).values())
        # On PostgreSQL, what a killed client left open hides later facts until the server has noticed.
        until(lambda: len(self.facts()) >= due, "every change has said its fact")
        said = self.facts()
        return len(said) - len(set(said)) + len(said) - due + max(0, self.figures.room_taken - 20)

    def facts(self) -> list[tuple[str, int]]:
        return [(fact.member_id, fact.version) for fact in told.said(self.db, facts_pb2.PlaceDecided)]

    def as_decided(self) -> bool:
        try:
            again = replay(acts.log(self.db))
        except NotAsDecided:
            return False
        figures = self.figures
        return (again.room_taken, again.waiting) == (figures.room_taken, figures.waiting)

    @property
    def figures(self) -> Figures:
        with self.db.read() as conn:
            found = meetings.find(conn, acts.ITEM)
        assert found
        return found.figures


def _listen(process: "subprocess.Popen[str]", heard: "queue.Queue[str]") -> None:
    assert process.stdout
    with process.stdout as lines:
        for line in lines:
            if line.endswith("\n"):
                heard.put(line.strip())


@pytest.fixture
def story(make_database: MakeDatabase) -> Iterator[Story]:
    db = make_database("events")
    acts.announced(db, room_holds=20)
    yield Story(db, Job(db.url, an_id(100)))


def variant(story: Story) -> str:
    return "stack" if story.db.url.startswith("postgresql") else "embedded"


@pytest.mark.timeout(3600 if FULL else 300)
def test_whoever_was_told_of_a_place_has_it(story: Story) -> None:
    dice = random.Random(SEED)

    kills = 0
    while kills < KILLS or len(story.confirmed) < REQUESTS:
        story.run_and_kill(dice)
        kills += 1

    lost, doubled = story.lost(), story.doubled()
    figures = (
        f"kills={kills} requests={len(story.confirmed)} lost={lost} doubled={doubled} recomputed={story.as_decided()}"
    )
    promise(1, variant(story), "places kept through kill -9", not lost + doubled and story.as_decided(), figures, SEED)


@pytest.mark.timeout(300)
def test_answers_before_they_are_kept_are_caught(story: Story) -> None:
    dice = random.Random(SEED)
    story.job = dataclasses.replace(story.job, answers_early=True)

    kills = 0
    while not story.lost() and kills < 2 * KILLS:
        story.run_and_kill(dice)
        kills += 1

    name = "places, planted: answered before they are kept"
    promise(1, variant(story), name, story.lost() > 0, f"kills={kills} lost={story.lost()}", SEED)
