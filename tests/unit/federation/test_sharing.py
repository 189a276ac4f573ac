"""From where an item stands to where its audience says, with as few words as needed."""

from hypothesis import given
from hypothesis import strategies as st

from fosse.common.v1 import shareable_pb2
from services.federation.domain.sharing import Placed, moves

PUT, WITHDRAW = shareable_pb2.OPERATION_PUT, shareable_pb2.OPERATION_WITHDRAW
STREAMS = st.sampled_from(["region", "nation", "public"])


def said(version: int, targets: set[str], placed: dict[str, Placed]) -> list[tuple[str, int, int]]:
    return [(move.stream, move.operation, move.version) for move in moves(version, targets, placed)]


def test_a_new_item_is_put_once() -> None:
    assert said(1, {"region"}, {}) == [("region", PUT, 1)]
    assert said(1, {"region"}, {"region": Placed(1, live=True)}) == []


def test_a_wider_audience_is_put_first_and_withdrawn_at_the_version_that_stood() -> None:
    assert said(5, {"public"}, {"region": Placed(4, live=True)}) == [("public", PUT, 5), ("region", WITHDRAW, 4)]


def test_what_comes_home_is_withdrawn_at_its_new_version() -> None:
    assert said(5, set(), {"region": Placed(4, live=True)}) == [("region", WITHDRAW, 5)]


def test_what_was_withdrawn_is_not_withdrawn_again() -> None:
    assert said(6, set(), {"region": Placed(5, live=False)}) == []


@given(st.lists(st.sets(STREAMS), max_size=12))
def test_after_any_history_the_item_stands_exactly_where_its_audience_says(history: list[set[str]]) -> None:
    placed: dict[str, Placed] = {}
    for version, targets in enumerate(history, 1):
        for move in moves(version, targets, placed):
            assert move.stream not in placed or placed[move.stream].version <= move.version
            placed[move.stream] = move.after

        assert {stream for stream, there in placed.items() if there.live} == targets
        assert moves(version, targets, placed) == []
