"""What becomes of entries that arrive, in whatever order and however often."""

from dataclasses import replace

import pytest

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2
from services.federation.domain import intake
from services.federation.domain.faults import Fault
from services.federation.domain.intake import Decision, State, Verdict
from services.federation.domain.items import live_in
from services.federation.domain.registry import LIFETIME, Limits, quota
from services.federation.domain.streams import to_node
from tests.regions import (
    NOW,
    SLUGS,
    Diary,
    a_reader,
    a_registered_node,
    a_registry,
    id_of,
    signed_again,
    signer_of,
)


def take(state: State, *batch: entry_pb2.Entry, **reader: object) -> list[Decision]:
    return list(intake.take(state, batch, replace(a_reader(), **reader)))  # type: ignore[arg-type]  # of any field


def verdicts(decisions: list[Decision]) -> list[Verdict]:
    return [decision.verdict for decision in decisions]


def faults(decisions: list[Decision]) -> list[Fault | None]:
    return [decision.fault for decision in decisions]


def test_a_leaflet_of_another_county_is_taken() -> None:
    state, diary = State(), Diary("notts")
    diary.put("leaflet")

    [decision] = take(state, *diary.entries)

    assert decision.verdict is Verdict.APPLY
    assert state.items[id_of("leaflet")].held
    assert state.positions[diary.signer.node, "region"] == diary.position


def test_a_withdrawn_leaflet_is_gone_and_stays_gone() -> None:
    state, diary = State(), Diary("notts")
    diary.put("leaflet", 3)
    diary.withdraw("leaflet", 3)
    diary.put("leaflet", 2)
    diary.put("leaflet", 3)

    decisions = take(state, *diary.entries)

    assert verdicts(decisions) == [Verdict.APPLY, Verdict.APPLY, Verdict.QUARANTINE, Verdict.QUARANTINE]
    assert faults(decisions)[2:] == [Fault.RESURRECTION, Fault.RESURRECTION]
    assert not state.items[id_of("leaflet")].live
    assert state.positions[diary.signer.node, "region"] == diary.position


def test_a_leaflet_may_come_back_with_a_higher_version() -> None:
    state, diary = State(), Diary("notts")
    diary.put("leaflet", 1)
    diary.withdraw("leaflet", 1)
    diary.put("leaflet", 2)

    assert verdicts(take(state, *diary.entries)) == [Verdict.APPLY] * 3
    assert state.items[id_of("leaflet")].held


@pytest.mark.parametrize("public_first", [True, False])
def test_a_leaflet_moved_to_another_audience_is_held_once_whichever_stream_is_read_first(public_first: bool) -> None:
    region, public = Diary("notts"), Diary("notts", "public")
    region.put("leaflet", 4)
    region.withdraw("leaflet", 4)
    public.put("leaflet", 5)
    state = State()

    for diary in (public, region) if public_first else (region, public):
        decisions = take(state, *diary.entries)
        assert Verdict.QUARANTINE not in verdicts(decisions)

    assert state.items[id_of("leaflet")].held
    assert (live_in(state.items, "region"), live_in(state.items, "public")) == (0, 1)


def test_only_the_first_origin_may_change_an_item() -> None:
    state, notts, leics = State(), Diary("notts"), Diary("leics")
    notts.put("leaflet")
    leics.put("leaflet", 9)
    leics.withdraw("leaflet", 9)
    leics.put("their own")

    take(state, *notts.entries)
    decisions = take(state, *leics.entries)

    assert faults(decisions) == [Fault.OWNER, Fault.OWNER, None]
    assert verdicts(decisions) == [Verdict.QUARANTINE, Verdict.QUARANTINE, Verdict.APPLY]
    assert state.items[id_of("leaflet")].owner == notts.signer.node
    assert state.items[id_of("leaflet")].version == 1


def test_an_altered_entry_stops_its_stream_until_the_right_one_comes() -> None:
    state, diary = State(), Diary("notts")
    for item in range(3):
        diary.put(item)
    altered = entry_pb2.Entry.FromString(diary.entries[1].SerializeToString())
    altered.content = diary.entries[0].content

    decisions = take(state, diary.entries[0], altered, diary.entries[2])
    again = take(state, *diary.entries)

    assert faults(decisions) == [None, Fault.CONTENT, Fault.GAP]
    assert decisions[1].stream == (diary.signer.node, "region")
    assert verdicts(again) == [Verdict.ALREADY_HELD, Verdict.APPLY, Verdict.APPLY]


def test_a_fork_stops_the_stream_for_good_and_no_other() -> None:
    state = State()
    one, other, elsewhere = Diary("notts"), Diary("notts"), Diary("leics")
    one.put("leaflet")
    one.put("poster")
    other.put("leaflet")
    other.put("another poster")
    other.put("a third")
    elsewhere.put("theirs")

    take(state, *one.entries)
    decisions = take(state, *other.entries[1:], *elsewhere.entries)
    one.put("a third")

    assert faults(decisions) == [Fault.FORK, Fault.FORK, None]
    assert faults(take(state, one.entries[-1])) == [Fault.FORK]


def test_a_new_epoch_waits_for_software_that_can_recover() -> None:
    state, old, new = State(), Diary("notts"), Diary("notts", epoch=5)
    old.put("leaflet")
    new.put("leaflet", 2)

    assert faults(take(state, *old.entries, *new.entries)) == [None, Fault.NEW_EPOCH]


def test_an_entry_larger_than_its_origin_may_send_is_set_aside_and_the_stream_goes_on() -> None:
    nodes = [a_registered_node(slug) for slug in SLUGS]
    nodes[1].quota.CopyFrom(quota(Limits(entry_bytes=2000)))
    diary, state = Diary("notts"), State()
    diary.put("huge", body=bytes(3000))
    diary.put("small")

    decisions = take(state, *diary.entries, registry=a_registry(nodes))

    assert faults(decisions) == [Fault.SIZE, None]
    assert not state.items[id_of("huge")].live


def test_a_put_without_its_content_is_kept_and_not_counted() -> None:
    state, diary = State(), Diary("notts")
    diary.put("leaflet").content = b""

    [decision] = take(state, *diary.entries)

    assert decision.verdict is Verdict.HOLLOW
    assert live_in(state.items, "region") == 0
    assert state.items[id_of("leaflet")].live


def test_what_newer_software_wrote_waits() -> None:
    state, diary = State(), Diary("notts")
    entry = diary.put("leaflet")
    future = signed_again(entry, diary.signer, operation=9)

    assert verdicts(take(State(), future)) == [Verdict.WAIT]
    assert verdicts(take(state, entry, schemas=frozenset({"fosse.shared.v1.Adoption"}))) == [Verdict.WAIT]
    assert verdicts(take(State(), entry, schemas=frozenset({"fosse.shared.v1.Resource"}))) == [Verdict.APPLY]


ACTIVE = entry_pb2.NODE_STATUS_ACTIVE


@pytest.mark.parametrize(
    ("status", "stream"),
    [
        (entry_pb2.NODE_STATUS_MUTED, "region"),
        (entry_pb2.NODE_STATUS_SUSPENDED, "region"),
        (entry_pb2.NODE_STATUS_EXPELLED, to_node(signer_of("derbys").node)),
    ],
)
def test_nothing_is_taken_from_a_node_that_may_not_publish(status: entry_pb2.NodeStatus.ValueType, stream: str) -> None:
    nodes = [a_registered_node(slug, status=status if slug == "notts" else ACTIVE) for slug in SLUGS]
    state, diary = State(), Diary("notts", stream)
    diary.put("leaflet")

    assert faults(take(state, *diary.entries, registry=a_registry(nodes))) == [Fault.STATUS]
    assert state == State()


def test_nothing_new_is_taken_once_the_registry_has_expired() -> None:
    diary = Diary("notts")
    diary.put("leaflet")

    assert faults(take(State(), *diary.entries, now=NOW + LIFETIME)) == [Fault.REGISTRY]


def test_a_node_unknown_to_the_hub_is_not_heard() -> None:
    diary = Diary("stranger")
    diary.put("leaflet")

    assert faults(take(State(), *diary.entries)) == [Fault.REGISTRY]


def test_what_is_for_another_node_is_not_kept_here_and_relayed_by_the_hub() -> None:
    diary = Diary("notts", to_node(signer_of("leics").node))
    diary.put("for leics alone")
    at_derbys, at_hub = State(), State()

    assert faults(take(at_derbys, *diary.entries)) == [Fault.STREAM]
    assert at_derbys == State()
    decisions = list(intake.take(at_hub, diary.entries, a_reader("hub", publisher=diary.signer.node)))
    assert verdicts(decisions) == [Verdict.RELAY]
    assert at_hub.items[id_of("for leics alone")].owner == diary.signer.node
    assert not at_hub.items[id_of("for leics alone")].live


def test_one_item_for_two_named_nodes_passes_the_hub_twice() -> None:
    diaries = [Diary("notts", to_node(signer_of(slug).node)) for slug in ("leics", "derbys")]
    batch = [diary.put("for two", 5) for diary in diaries]

    assert verdicts(list(intake.take(State(), batch, a_reader("hub")))) == [Verdict.RELAY, Verdict.RELAY]


def test_at_the_hub_a_node_publishes_for_itself_alone() -> None:
    diary = Diary("notts")
    diary.put("leaflet")

    [decision] = intake.take(State(), diary.entries, a_reader("hub", publisher=signer_of("leics").node))

    assert (decision.verdict, decision.fault) == (Verdict.STOP, Fault.KEY)


def test_a_node_may_not_write_to_a_community_it_was_not_admitted_to() -> None:
    place = f"community:{signer_of('notts').node}/{id_of('care homes')}"
    leics = Diary("leics", place)
    leics.put("leaflet")

    assert faults(take(State(), *leics.entries)) == [Fault.STREAM]


def test_a_withdrawal_is_known_even_of_what_never_came() -> None:
    region, public, state = Diary("notts"), Diary("notts", "public"), State()
    region.withdraw("leaflet", 4)
    public.put("leaflet", 4)

    assert verdicts(take(state, *region.entries, *public.entries)) == [Verdict.APPLY, Verdict.SUPERSEDED]
    assert not state.items[id_of("leaflet")].live


def test_operations_are_those_of_the_protocol() -> None:
    assert shareable_pb2.Operation.keys() == ["OPERATION_UNSPECIFIED", "OPERATION_PUT", "OPERATION_WITHDRAW"]
