"""Promise 19: entries that come again, in whatever order and company, change nothing."""

import copy
import random

from fosse.federation.v1 import entry_pb2
from services.federation.domain import intake
from services.federation.domain.chain import Link, Position, check_next
from services.federation.domain.intake import State, Verdict
from tests.machine import FULL
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.regions import Diary, a_history, a_reader, a_registry

SEED = 19
HISTORIES = 50 if FULL else 10
REPLAYS = 3
REGISTRY = a_registry()


def histories(rng: random.Random) -> list[Diary]:
    return [a_history(slug, stream, rng, length=12) for slug in ("notts", "leics") for stream in ("region", "public")]


def again(diaries: list[Diary], rng: random.Random) -> list[entry_pb2.Entry]:
    """Everything ever sent: in order, backwards, or shuffled."""
    entries = [entry for diary in diaries for entry in diary.entries]
    if rng.random() < 0.5:
        rng.shuffle(entries)
    return entries[:: rng.choice([1, -1])]


def difference_after_replays(seed: int) -> tuple[int, int]:
    """(entries played again, differences: stored or handed on again, and changes to what is held)."""
    rng, state, reader = random.Random(f"{SEED} {seed}"), State(), a_reader("derbys", REGISTRY)
    diaries = histories(rng)
    list(intake.take(state, [entry for diary in diaries for entry in diary.entries], reader))
    before = copy.deepcopy(state)
    played = different = 0
    for _ in range(REPLAYS):
        decisions = list(intake.take(state, again(diaries, rng), reader))
        played += len(decisions)
        different += sum(decision.verdict is not Verdict.ALREADY_HELD for decision in decisions)
    return played, different + (state != before)


def without_memory(
    position: Position, header: entry_pb2.EntryHeader, entry_hash: bytes, *, held_hash: bytes | None = None
) -> Link:
    link = check_next(position, header, entry_hash, held_hash=held_hash)
    return Link.FOLLOWS if link is Link.ALREADY_HELD else link


def test_old_traffic_played_three_times_makes_no_difference() -> None:
    counts = [difference_after_replays(seed) for seed in range(HISTORIES)]
    played, different = (sum(column) for column in zip(*counts, strict=True))
    with planted((intake, "check_next", without_memory)):
        caught = sum(difference_after_replays(seed)[1] for seed in range(HISTORIES))

    figures = f"replays={REPLAYS} entries={played} difference={different} planted[no memory]={caught}"
    promise(19, "region", "old traffic changes nothing", different == 0 and caught > 0, figures, SEED)
