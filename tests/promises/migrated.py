"""A process to be killed: it migrates databases as set-up does, up to a given statement.

Run as `python -m tests.promises.migrated <json>`; prints how many statements each took. At statement `die_at` it is
gone as with SIGKILL from outside. `bug` takes the transaction away, which the promise is there to exclude.
"""

import dataclasses
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event

from services.common.database import Database
from services.common.migrating import migrate

NO_TRANSACTION = "no transaction"


@dataclasses.dataclass(frozen=True)
class Job:
    # Addresses of databases, and the folder of versions of each.
    databases: Mapping[str, str]
    die_at: int = 0
    bug: str = ""


class Statements:
    """Counts what is asked of a database, and ends this process there: before an even one, after an odd one."""

    def __init__(self, die_at: int) -> None:
        self.count = 0
        self._die_at = die_at

    def watch(self, engine: Engine) -> None:
        event.listen(engine, "before_cursor_execute", lambda *_: self._at(self._die_at % 2 == 0, 1))
        event.listen(engine, "after_cursor_execute", lambda *_: self._at(self._die_at % 2 == 1, 0))
        event.listen(engine, "commit", lambda _: self._at(True, 1))

    def _at(self, here: bool, step: int) -> None:
        self.count += step
        if here and self.count == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def main(job: Job) -> None:
    counts = []
    for url, versions in job.databases.items():
        db: Any = Database(url)
        if job.bug == NO_TRANSACTION:
            plain = create_engine(url) if db.sqlite else db.engine
            db.engine = plain.execution_options(isolation_level="AUTOCOMMIT")
        statements = Statements(job.die_at)
        statements.watch(db.engine)
        migrate(db, Path(versions))
        db.dispose()
        counts.append(statements.count)
    print(json.dumps(counts))


if __name__ == "__main__":
    main(Job(**json.loads(sys.argv[1])))
