"""Promise 20: a relay that leaves out, swaps, cuts, forks, or serves old or different copies is noticed."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fosse.federation.v1 import entry_pb2
from services.federation.domain import chain, intake
from services.federation.domain.chain import NOTHING, HeadChange, HeadView, Link
from services.federation.domain.heads import make_head, verify_head
from services.federation.domain.intake import State
from tests.machine import FULL
from tests.promises.planted import Bug, planted
from tests.promises.promise import promise
from tests.regions import NOW, Diary, a_history, a_reader, a_registry, signer_of, the_node

SEED = 20
SEEDS = 100 if FULL else 20
LENGTH = 10
LATER = timedelta(minutes=10)
REGISTRY = a_registry()
NOTTS, KEY = the_node("notts", REGISTRY), (signer_of("notts").node, "region")


@dataclass
class County:
    """What a county does with an answer of its hub: entries first, then the heads that came with them."""

    state: State = field(default_factory=State)
    seen: entry_pb2.HeadStatement | None = None
    noticed: bool = False

    def hear(self, entries: list[entry_pb2.Entry], head: entry_pb2.SignedHead) -> None:
        for decision in intake.take(self.state, entries, a_reader("derbys", REGISTRY)):
            self.noticed |= decision.fault is not None
        said = verify_head(head, NOTTS)
        position = self.state.positions.get(KEY, NOTHING)
        held = self.state.hashes.get((*KEY, said.epoch, said.seq))
        self.noticed |= chain.check_head(position, said, held_hash=held) is HeadView.FORK
        self.noticed |= chain.is_truncated(position, said, more=False)
        change = chain.compare_heads(self.seen, said) if self.seen else HeadChange.NEWER
        self.noticed |= change not in (HeadChange.NEWER, HeadChange.SAME)
        self.seen = said

    def notice_silence(self, now: datetime) -> None:
        self.noticed |= self.seen is not None and chain.is_silent(self.seen, now, timedelta(days=2))


def a_diary(seed: object) -> Diary:
    return a_history("notts", "region", random.Random(f"{SEED} {seed}"), length=LENGTH)


def head_at(diary: Diary, length: int, time: datetime = NOW) -> entry_pb2.SignedHead:
    shorter = Diary(diary.slug, diary.stream, diary.epoch, diary.entries[:length])
    return make_head(diary.signer, diary.stream, position=shorter.position, live_items=0, time=time)


def gap(county: County, diary: Diary, rng: random.Random) -> None:
    entries = list(diary.entries)
    del entries[rng.randrange(LENGTH - 1)]
    county.hear(entries, head_at(diary, LENGTH))


def reordered(county: County, diary: Diary, rng: random.Random) -> None:
    at, entries = rng.randrange(LENGTH - 1), list(diary.entries)
    entries[at], entries[at + 1] = entries[at + 1], entries[at]
    county.hear(entries, head_at(diary, LENGTH))


def truncated(county: County, diary: Diary, rng: random.Random) -> None:
    county.hear(diary.entries[: rng.randrange(LENGTH)], head_at(diary, LENGTH))


def forked(county: County, diary: Diary, rng: random.Random) -> None:
    """The origin signed two histories; the county holds some of one and is given the other."""
    at = rng.randrange(1, LENGTH)
    other = Diary(diary.slug, diary.stream, diary.epoch, diary.entries[: at - 1])
    while len(other.entries) <= at:
        other.put(rng.random())
    county.hear(diary.entries[:at], head_at(diary, at))
    county.hear(other.entries[rng.choice([at - 1, at]) :], head_at(other, at + 1, NOW + LATER))


def stale_head(county: County, diary: Diary, rng: random.Random) -> None:
    """First the news, then an old copy of the hub that knows less."""
    county.hear(diary.entries, head_at(diary, LENGTH, NOW + LATER))
    county.hear([], head_at(diary, rng.randrange(1, LENGTH + 1)))


def split_view(county: County, diary: Diary, rng: random.Random) -> None:
    """The head that others are shown reaches this county too, by another way."""
    other = a_diary(rng.random())
    county.hear(diary.entries, head_at(diary, LENGTH))
    county.hear([], head_at(other, rng.randrange(1, LENGTH + 1), NOW + rng.choice([-LATER, LATER])))


def withheld(county: County, diary: Diary, rng: random.Random) -> None:
    """Neither entries nor heads go on: only the age of the last head tells."""
    length = rng.randrange(1, LENGTH)
    county.hear(diary.entries[:length], head_at(diary, length))
    county.notice_silence(NOW + timedelta(days=3))


TRICKS: dict[str, Callable[[County, Diary, random.Random], None]] = {
    "gap": gap,
    "reorder": reordered,
    "truncation": truncated,
    "fork": forked,
    "stale head": stale_head,
    "split view": split_view,
    "withheld": withheld,
}


def undetected() -> Counter[str]:
    missed = Counter[str]()
    for trick, play in TRICKS.items():
        for seed in range(SEEDS):
            county = County()
            play(county, a_diary(seed), random.Random(f"{SEED} {trick} {seed}"))
            missed[trick] += not county.noticed
    return missed


def blind_cursor(*_: object, **__: object) -> Link:
    return Link.FOLLOWS


def blind_to_heads(*_: object, **__: object) -> HeadView:
    return HeadView.AGREES


def blind_to_ends(*_: object, **__: object) -> bool:
    return False


def blind_to_change(*_: object) -> HeadChange:
    return HeadChange.NEWER


BUGS: dict[str, list[Bug]] = {
    "blind cursor": [(intake, "check_next", blind_cursor)],
    "ends not compared": [(chain, "is_truncated", blind_to_ends)],
    "heads not compared": [(chain, "check_head", blind_to_heads), (chain, "compare_heads", blind_to_change)],
    "age not looked at": [(chain, "is_silent", blind_to_ends)],
}


def undetected_with(bugs: list[Bug]) -> int:
    with planted(*bugs):
        return undetected().total()


def test_an_honest_hub_raises_no_alarm() -> None:
    for seed in range(SEEDS):
        county, diary = County(), a_diary(seed)
        for length in range(1, LENGTH + 1):
            county.hear(diary.entries[max(0, length - 3) : length], head_at(diary, length, NOW + LATER * length))
        county.notice_silence(NOW + timedelta(days=1))

        assert not county.noticed


def test_what_a_relay_hides_or_swaps_is_noticed() -> None:
    missed = undetected()
    caught = {name: undetected_with(bugs) for name, bugs in BUGS.items()}

    figures = f"tricks={len(TRICKS)} tried={len(TRICKS) * SEEDS} undetected={missed.total()}"
    planted_figures = " ".join(f"planted[{name}]={count}" for name, count in caught.items())
    ok = missed.total() == 0 and all(caught.values())
    promise(20, "region", "nothing hidden", ok, f"{figures} {planted_figures}", SEED)
