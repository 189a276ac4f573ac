"""Promise 18: nobody but the node that an item came from changes or withdraws it, however well it signs."""

import random
from dataclasses import replace

from fosse.federation.v1 import entry_pb2
from services.federation.domain import intake, items
from services.federation.domain.intake import State, Verdict
from services.federation.domain.items import Effect, Item, settle
from services.federation.domain.streams import to_node
from tests.machine import FULL
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.regions import Diary, a_reader, a_registry, id_of, signer_of

SEED = 18
HISTORIES = 100 if FULL else 20
STREAMS = ("region", "nation", "public")
REGISTRY = a_registry()


def an_owner(rng: random.Random) -> list[Diary]:
    diaries = [Diary("notts", stream) for stream in STREAMS]
    for item in range(6):
        diaries[item % 3].put(item, rng.randrange(1, 9))
    return diaries


def an_intruder(rng: random.Random) -> list[Diary]:
    """Leicestershire, enrolled and signing well, which tries to change, take over and withdraw what is not its own."""
    diaries = [Diary("leics", stream) for stream in (*STREAMS, to_node(signer_of("derbys").node))]
    for diary in diaries:
        for _ in range(10):
            item, version = rng.randrange(6), rng.choice([1, 5, 10, 2**63 - 1])
            _ = diary.put(item, version) if rng.random() < 0.5 else diary.withdraw(item, version)
    return diaries


def in_turns(diaries: list[Diary], rng: random.Random) -> list[entry_pb2.Entry]:
    turns = [n for n, diary in enumerate(diaries) for _ in diary.entries]
    rng.shuffle(turns)
    waiting = [list(diary.entries) for diary in diaries]
    return [waiting[n].pop(0) for n in turns]


def changes_accepted(seed: int) -> tuple[int, int]:
    """(changes tried, changes taken) at a county and at the hub, which hold the owner's items."""
    rng = random.Random(f"{SEED} {seed}")
    owner, intruder = an_owner(rng), in_turns(an_intruder(rng), rng)
    tried = taken = 0
    for slug in ("derbys", "hub"):
        state, reader = State(), a_reader(slug, REGISTRY)
        list(intake.take(state, in_turns(owner, rng), reader))
        before = dict(state.items)
        decisions = list(intake.take(state, intruder, reader))
        tried += len(decisions)
        taken += sum(decision.verdict is not Verdict.QUARANTINE for decision in decisions)
        taken += sum(state.items[item] != known for item, known in before.items())
    return tried, taken


def without_owner(item: Item | None, header: entry_pb2.EntryHeader, *, hollow: bool = False) -> tuple[Effect, Item]:
    return settle(replace(item, owner=header.node) if item else None, header, hollow=hollow)


def test_no_change_to_the_item_of_another_node_is_taken() -> None:
    counts = [changes_accepted(seed) for seed in range(HISTORIES)]
    tried, taken = (sum(column) for column in zip(*counts, strict=True))
    with planted((items, "settle", without_owner)):
        caught = sum(changes_accepted(seed)[1] for seed in range(HISTORIES))

    figures = f"histories={HISTORIES} tried={tried} accepted={taken} planted[no owner rule]={caught}"
    promise(18, "region", "changes to another's item refused", taken == 0 and caught > 0, figures, SEED)


def test_an_adoption_belongs_to_the_node_that_adopts() -> None:
    state = State()
    leaflet, adoption = Diary("notts"), Diary("derbys")
    leaflet.put("leaflet")
    adoption.put("our use of the leaflet")

    decisions = list(intake.take(state, [*leaflet.entries, *adoption.entries], a_reader("hub", REGISTRY)))

    assert [decision.verdict for decision in decisions] == [Verdict.APPLY, Verdict.APPLY]
    assert state.items[id_of("our use of the leaflet")].owner == signer_of("derbys").node
