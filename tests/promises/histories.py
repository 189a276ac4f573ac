"""Histories for promise 2: changes in any order, some of which crash; their facts are compared at each step."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar

from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test
from sqlalchemy import Connection

from services.common import facts
from services.common.database import Database
from services.common.errors import Refusal
from services.common.facts import START
from services.common.topics import kind
from tests.machine import FULL
from tests.promises.planted import planted

SEED = 2
HISTORIES, STEPS = (400, 60) if FULL else (25, 30)
# Hypothesis takes values from whatever modules are loaded too, so which history comes to a planted bug is not fixed.
UNTIL_CAUGHT = 20 * HISTORIES


class Crash(Exception):
    """The process dies in the middle of a transaction."""


class History(RuleBasedStateMachine):
    """Of one service: a subclass brings its rules, says which facts count, and compares them with what is stored."""

    TOLD: ClassVar[Sequence[type[Any]]] = ()
    db: Database

    def differences(self, conn: Connection, told: Sequence[Message]) -> Sequence[object]:
        """Items whose facts are not the versions that were kept."""
        # No abstract class: hypothesis's machines have a metaclass of their own.
        raise NotImplementedError

    def tried(self, change: Callable[[], object]) -> None:
        with suppress(Refusal):
            change()

    def tried_before_a_crash(self, change: Callable[[Connection], object]) -> None:
        with suppress(Crash):
            self.tried(lambda: self._crash_after(change))

    def _crash_after(self, change: Callable[[Connection], object]) -> None:
        with self.db.write() as conn:
            change(conn)
            raise Crash

    @invariant()
    def facts_say_what_happened(self) -> None:
        with self.db.read() as conn:
            assert self.differences(conn, self.told(conn)) == []

    def told(self, conn: Connection) -> list[Message]:
        kinds = {kind(each): each for each in self.TOLD}
        found = facts.after(conn, START, 10_000)
        return [kinds[fact.kind].FromString(fact.body) for fact in found if fact.kind in kinds]


class DualWrite(History):
    """The planted bug, mixed into a history: a fact is sent at once, whether or not its change will be kept."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        super().__init__()

    def tried(self, change: Callable[[], object]) -> None:
        with planted((facts, "put_all", self._put_at_once)):
            super().tried(change)

    def told(self, conn: Connection) -> list[Message]:
        return [message for message in self.sent if isinstance(message, tuple(self.TOLD))]

    def _put_at_once(
        self, conn: Connection, said: Sequence[tuple[Message, str]], now: datetime, happened_at: object = None
    ) -> None:
        self.sent += [message for message, _ in said]


def play(machine: type[History], begin: Callable[[Any], None], histories: int = HISTORIES) -> int:
    """Plays the histories; returns how many changes were kept. Raises on the first that does not hold together.

    `begin` gives each history its fresh database.
    """
    kept = 0

    class OnFreshDatabase(machine):  # type: ignore[misc, valid-type]  # mypy does not know classes by variables
        def __init__(self) -> None:
            super().__init__()
            begin(self)

        def teardown(self) -> None:
            nonlocal kept
            with self.db.read() as conn:
                kept += len(self.told(conn))
            self.db.dispose()

    plan = settings(
        max_examples=histories,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        print_blob=False,
    )
    run_state_machine_as_test(OnFreshDatabase, settings=plan)
    return kept
