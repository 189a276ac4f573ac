"""Nothing can be left out of a stream, swapped or cut, without being noticed."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fosse.federation.v1 import entry_pb2
from services.federation.domain.chain import (
    NOTHING,
    HeadChange,
    HeadView,
    Link,
    Position,
    check_head,
    check_next,
    compare_heads,
    is_silent,
    is_truncated,
)
from services.federation.domain.entries import entry_hash, position_of, read_header
from services.federation.domain.faults import Fault, Forged
from services.federation.domain.heads import make_head, read_head, verify_head
from tests.regions import NOW, Diary, a_history, signer_of, the_node

DIARY = a_history("notts", "region", random.Random(1), length=8)
ANOTHER = a_history("notts", "region", random.Random(2), length=8)


def after(entries: int, diary: Diary = DIARY) -> Position:
    return position_of(diary.entries[entries - 1])


def link(position: Position, number: int, diary: Diary = DIARY, held_hash: bytes | None = None) -> Link:
    entry = diary.entries[number - 1]
    return check_next(position, read_header(entry), entry_hash(entry), held_hash=held_hash)


def test_the_next_entry_follows() -> None:
    assert link(NOTHING, 1) is Link.FOLLOWS
    assert link(after(3), 4) is Link.FOLLOWS


def test_a_missing_entry_is_a_gap() -> None:
    assert link(NOTHING, 2) is Link.GAP
    assert link(after(3), 5) is Link.GAP


def test_an_entry_held_already_is_recognised() -> None:
    assert link(after(5), 5) is Link.ALREADY_HELD
    assert link(after(5), 2, held_hash=entry_hash(DIARY.entries[1])) is Link.ALREADY_HELD


def test_two_histories_under_one_number_are_a_fork() -> None:
    assert link(after(5), 5, ANOTHER) is Link.FORK
    assert link(after(5), 6, ANOTHER) is Link.FORK
    assert link(after(5), 2, ANOTHER, held_hash=entry_hash(DIARY.entries[1])) is Link.FORK


def test_a_new_epoch_begins_with_number_one_and_nothing_before_it() -> None:
    later = Diary("notts", epoch=99)
    later.put("leaflet")
    later.put("poster")

    assert link(after(5), 1, later) is Link.NEW_EPOCH
    assert link(after(5), 2, later) is Link.GAP


@given(st.permutations(range(1, 9)), st.lists(st.integers(1, 8), max_size=6))
def test_no_order_of_arrival_leads_past_a_gap(order: list[int], again: list[int]) -> None:
    held: dict[int, bytes] = {}
    position = NOTHING

    for number in order + again:
        entry = DIARY.entries[number - 1]
        if link(position, number, held_hash=held.get(number)) is Link.FOLLOWS:
            position = position_of(entry)
            held[position.seq] = position.hash

    assert list(held) == list(range(1, len(held) + 1))


def test_a_head_tells_how_far_the_origin_is() -> None:
    head = read_head(DIARY.head())

    assert check_head(after(8), head) is HeadView.AGREES
    assert check_head(after(5), head) is HeadView.BEHIND
    assert check_head(NOTHING, head) is HeadView.BEHIND


def test_a_stream_that_ends_before_its_head_is_truncated_once_the_hub_has_no_more() -> None:
    head = read_head(DIARY.head())

    assert is_truncated(after(7), head, more=False)
    assert is_truncated(NOTHING, head, more=False)
    assert not is_truncated(after(7), head, more=True)
    assert not is_truncated(after(8), head, more=False)


def test_a_head_of_another_history_is_a_fork() -> None:
    head = read_head(ANOTHER.head())

    assert check_head(after(8), head) is HeadView.FORK


def test_a_head_of_an_entry_held_long_ago_is_only_old() -> None:
    old = read_head(make_head(signer_of("notts"), "region", position=after(3), live_items=0, time=NOW))

    assert check_head(after(8), old, held_hash=after(3).hash) is HeadView.OLDER
    assert check_head(after(8), old, held_hash=after(3, ANOTHER).hash) is HeadView.FORK


def a_head(diary: Diary, entries: int, minutes: int) -> entry_pb2.HeadStatement:
    time = NOW + timedelta(minutes=minutes)
    return read_head(make_head(signer_of("notts"), "region", position=after(entries, diary), live_items=0, time=time))


@pytest.mark.parametrize(
    ("diary", "entries", "minutes", "change"),
    [
        (DIARY, 5, 0, HeadChange.SAME),
        (DIARY, 5, 10, HeadChange.NEWER),
        (DIARY, 6, 10, HeadChange.NEWER),
        (DIARY, 4, -10, HeadChange.STALE),
        (DIARY, 5, -10, HeadChange.STALE),
        (DIARY, 4, 10, HeadChange.WENT_BACK),
        (ANOTHER, 5, 0, HeadChange.SPLIT_VIEW),
    ],
)
def test_heads_show_old_copies_and_split_views(diary: Diary, entries: int, minutes: int, change: HeadChange) -> None:
    assert compare_heads(a_head(DIARY, 5, 0), a_head(diary, entries, minutes)) is change


def test_an_origin_that_signs_no_head_for_days_is_silent() -> None:
    head = read_head(DIARY.head())

    assert not is_silent(head, NOW + timedelta(hours=1), timedelta(days=2))
    assert is_silent(head, NOW + timedelta(days=3), timedelta(days=2))


@given(part=st.sampled_from(["statement", "signature"]), at=st.integers(0), bit=st.integers(0, 7))
def test_no_bit_of_a_head_can_be_changed(part: str, at: int, bit: int) -> None:
    head = DIARY.head(live_items=3)
    data = bytearray(getattr(head, part))
    data[at % len(data)] ^= 1 << bit
    setattr(head, part, bytes(data))

    with pytest.raises(Forged):
        verify_head(head, the_node("notts"))


def test_an_entry_is_no_head_though_its_origin_signed_it() -> None:
    entry, head = DIARY.entries[0], DIARY.head()
    head.statement, head.signature = entry.header, entry.signature

    with pytest.raises(Forged) as forged:
        verify_head(head, the_node("notts"))

    assert forged.value.fault is Fault.MALFORMED


def test_a_head_of_one_node_is_not_taken_for_another() -> None:
    with pytest.raises(Forged):
        verify_head(DIARY.head(), the_node("leics"))
