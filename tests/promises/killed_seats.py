"""A process to be killed: many people book places at one meeting and give them back, all at once.

Run as `python -m tests.promises.killed_seats <json>`; prints each request and its decision once it is answered. With
the bug, people are answered before their request is kept.
"""

import dataclasses
import json
import os
import random
import sys
import threading

from services.common.database import Database
from services.common.ids import new_id
from services.events.domain.room import Asked
from services.events.usecases import places
from tests.unit.events.meetings import NOW, a_member

AT_ONCE = 6
MEMBERS = 60


@dataclasses.dataclass(frozen=True)
class Job:
    database: str
    meeting: str
    answers_early: bool = False


def answer(request: str) -> None:
    # In one stroke: the lines of several threads must not mix, and none may be cut in two.
    os.write(1, f"{request}\n".encode())


def keep_asking(db: Database, job: Job) -> None:
    """One person after the other, until killed."""
    dice = random.Random()
    while True:
        request, asked = new_id(), dice.choice([Asked.ROOM, Asked.ROOM, Asked.CANCEL, Asked.DECLINE])
        if job.answers_early:
            answer(request)
        places.ask(db, request, asked, meeting_id=job.meeting, person=a_member(dice.randint(1, MEMBERS)), now=NOW)
        if not job.answers_early:
            answer(request)


def main(job: Job) -> None:
    db = Database(job.database)
    for _ in range(AT_ONCE):
        threading.Thread(target=keep_asking, args=(db, job), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(Job(**json.loads(sys.argv[1])))
