"""However entries come, again, too early, altered or not at all, what is held in the end is right."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from fosse.federation.v1 import entry_pb2
from services.federation.domain import intake
from services.federation.domain.chain import NOTHING
from services.federation.domain.entries import position_of
from services.federation.domain.intake import Decision, State, Verdict
from tests.regions import Diary, a_history, a_reader, a_registry, with_flipped_bit

REGISTRY = a_registry()


def take(state: State, *batch: entry_pb2.Entry) -> list[Decision]:
    return list(intake.take(state, batch, a_reader("derbys", REGISTRY)))


HISTORIES = [a_history(slug, stream, random.Random(slug + stream), length=6, items=3)
             for slug in ("notts", "leics") for stream in ("region", "public")]  # fmt: skip


def in_some_order(histories: list[Diary], rng: random.Random) -> list[entry_pb2.Entry]:
    """As a node might get them: streams in turns, pieces again, pieces too early, altered ones between."""
    at = [0] * len(histories)
    order = []
    while any(at[n] < len(diary.entries) for n, diary in enumerate(histories)):
        n = rng.randrange(len(histories))
        entries = histories[n].entries
        start = rng.randrange(at[n] + 1)
        order += entries[start : at[n]] if rng.random() < 0.3 else []
        order += entries[at[n] + 1 :][:1] if rng.random() < 0.3 else []
        if at[n] < len(entries):
            if rng.random() < 0.3:
                altered = entry_pb2.Entry.FromString(entries[at[n]].SerializeToString())
                altered.header = with_flipped_bit(altered.header, rng)
                order.append(altered)
            order.append(entries[at[n]])
            at[n] += 1
    return order


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_all_ways_of_delivery_end_in_the_same_items(seed: int) -> None:
    straight, rough = State(), State()
    plain = [entry for diary in HISTORIES for entry in diary.entries]

    first = take(straight, *plain)
    second = take(rough, *in_some_order(HISTORIES, random.Random(seed)))

    def live(state: State) -> dict[str, tuple[int, str]]:
        return {item: (known.version, known.stream) for item, known in state.items.items() if known.live}

    assert live(rough) == live(straight)
    assert rough.positions == straight.positions
    assert Verdict.STOP not in {decision.verdict for decision in first}
    stored = [d.verified.hash for d in second if d.verdict.stores and d.verified]
    assert len(stored) == len(set(stored)) == len(plain)


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_dropped_entries_never_lead_past_a_gap(seed: int) -> None:
    rng, state, diary = random.Random(seed), State(), HISTORIES[0]
    batch = [entry for entry in diary.entries * 2 if rng.random() < 0.7]
    rng.shuffle(batch)

    take(state, *batch)

    held = state.positions.get((diary.signer.node, diary.stream), NOTHING).seq
    known = {position_of(entry).hash for entry in diary.entries[:held]}
    assert set(state.hashes.values()) == known
