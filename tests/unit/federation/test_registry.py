"""The hub's list of nodes: only the hub makes it, and nobody brings back an old one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from fosse.common.v1 import audience_pb2
from fosse.federation.v1 import entry_pb2
from services.common.errors import Invalid
from services.federation.domain import registry, streams
from services.federation.domain.faults import Forged
from services.federation.domain.registry import CLOCK_SLACK, LIFETIME, instant_of
from services.federation.domain.signing import Signer
from services.federation.domain.streams import Source, Stream, may_read, may_write, streams_for
from tests.regions import COMMUNITY, NOW, SLUGS, a_registered_node, a_registry, seed_of, signer_of, the_node

HUB = signer_of("hub")
PINNED = {HUB.key_id: HUB.public_key}


def signed(*nodes: entry_pb2.RegisteredNode, signer: Signer = HUB, version: int = 5) -> entry_pb2.SignedRegistry:
    chosen = nodes or tuple(a_registered_node(slug) for slug in SLUGS)
    return registry.sign_registry(signer, chosen, version=version, now=NOW)


def refused(document: entry_pb2.SignedRegistry, seen: int = 5) -> str:
    with pytest.raises(Forged) as forged:
        registry.verify_registry(document, hub=HUB.node, hub_keys=PINNED, seen_version=seen)
    return forged.value.sentence


def test_the_list_of_the_hub_is_taken_and_says_who_is_there() -> None:
    known = registry.verify_registry(signed(), hub=HUB.node, hub_keys=PINNED, seen_version=5)

    assert sorted(node.slug for node in known.nodes.values()) == sorted(SLUGS)
    assert known.hub_keys == PINNED
    assert known.expires_at == NOW + LIFETIME
    assert not known.expired(NOW + LIFETIME - timedelta(seconds=1))
    assert known.expired(NOW + LIFETIME)


def test_on_first_contact_the_hub_names_itself_by_its_first_key() -> None:
    assert registry.self_certified(signed()) == (HUB.node, PINNED)


def test_an_older_list_is_not_taken() -> None:
    assert "version 4" in refused(signed(version=4))
    assert "version 0" in refused(signed(version=0), seen=0)


def test_another_node_cannot_make_the_list() -> None:
    assert "not of our hub" in refused(signed(signer=signer_of("notts")))
    assert "not of our hub" in refused(signed(signer=Signer.of(SigningKey(seed_of("notts")), node=HUB.node)))


@given(part=st.sampled_from(["document", "signature"]), at=st.integers(0), bit=st.integers(0, 7))
def test_no_bit_of_the_list_can_be_changed(part: str, at: int, bit: int) -> None:
    document = signed()
    data = bytearray(getattr(document, part))
    data[at % len(data)] ^= 1 << bit
    setattr(document, part, bytes(data))

    refused(document)


def test_an_entry_signed_by_the_hub_is_no_list() -> None:
    statement = entry_pb2.EntryHeader(tag="fosse/entry/1", node=HUB.node).SerializeToString()

    refused(entry_pb2.SignedRegistry(document=statement, signature=HUB.sign(statement)))


def test_a_list_out_of_order_is_refused_even_when_the_hub_signed_it() -> None:
    hub, notts, derbys = (a_registered_node(slug) for slug in ("hub", "notts", "derbys"))
    derbys.slug = "notts"
    assert "twice" in refused(signed(hub, notts, derbys))
    assert "twice" in refused(signed(hub, notts, notts))
    assert "hub is not in it" in refused(signed(notts))
    notts.admitted_to.append("leics")
    assert "community" in refused(signed(hub, notts))
    del notts.admitted_to[:]
    notts.hub = True
    assert "more than one" in refused(signed(hub, notts))


def test_a_node_cannot_be_given_the_name_of_another_key() -> None:
    notts = a_registered_node("notts")
    notts.id = signer_of("leics").node

    assert "first key" in refused(signed(a_registered_node("hub"), notts))


def test_a_node_keeps_its_name_when_it_changes_its_key() -> None:
    notts, new = a_registered_node("notts"), SigningKey(seed_of("notts again"))
    notts.signing_keys[0].valid_to.FromDatetime(NOW)
    notts.signing_keys.append(registry.signing_key(bytes(new.verify_key), NOW))

    known = a_registry([a_registered_node("hub"), notts])
    node = the_node("notts", known)

    assert node.signing_problem(signer_of("notts").key_id, NOW + timedelta(hours=1))
    assert node.signing_problem(Signer.of(new, node.id).key_id, NOW) is None


def test_what_a_newer_hub_says_more_does_not_matter() -> None:
    document = signed().document + b"\xfa\x3f\x01x"

    known = registry.verify_registry(
        entry_pb2.SignedRegistry(document=document, signature=HUB.sign(document)), hub=HUB.node, hub_keys=PINNED
    )

    assert known.version == 5


def test_a_county_whose_clock_is_a_day_behind_can_sign_at_once() -> None:
    key = registry.signing_key(signer_of("notts").public_key, NOW)

    assert (key.valid_from.seconds, 0) == instant_of(NOW - CLOCK_SLACK)


def test_a_node_with_a_wrong_clock_is_told_before_it_signs() -> None:
    problem = the_node("notts").signing_problem(signer_of("notts").key_id, NOW - timedelta(days=3650))

    assert problem is not None
    assert "set the clock right" in problem


@pytest.mark.parametrize(
    ("status", "reads", "publishes"),
    [
        (entry_pb2.NODE_STATUS_ACTIVE, True, True),
        (entry_pb2.NODE_STATUS_MUTED, True, False),
        (entry_pb2.NODE_STATUS_SUSPENDED, False, False),
        (entry_pb2.NODE_STATUS_EXPELLED, False, False),
        (entry_pb2.NODE_STATUS_UNSPECIFIED, False, False),
    ],
)
def test_a_status_says_who_reads_and_who_publishes(
    status: entry_pb2.NodeStatus.ValueType, reads: bool, publishes: bool
) -> None:
    known = a_registry([a_registered_node("hub"), a_registered_node("notts", status=status)])
    node = the_node("notts", known)

    assert (node.may_read, node.may_publish, node.items_are_shown) == (reads, publishes, reads)
    assert bool(known.reads(node.id)) is reads


def test_a_node_reads_what_is_for_all_for_it_and_of_communities_it_was_admitted_to() -> None:
    notts = signer_of("notts").node
    place = f"{notts}/{COMMUNITY}"
    known = a_registry([a_registered_node(s, admitted_to=[place] if s == "leics" else []) for s in SLUGS])
    leics, derbys = signer_of("leics").node, signer_of("derbys").node

    assert known.reads(leics) == ("region", "nation", "public", f"to:{leics}", f"community:{place}")
    for stream in known.reads(leics):
        assert may_read(stream, leics, known)
    assert not may_read(f"to:{leics}", derbys, known)
    assert not may_read(f"community:{place}", derbys, known)
    assert may_read(f"community:{place}", notts, known)
    assert not may_read("region", signer_of("stranger").node, known)


def test_a_node_writes_to_others_and_to_communities_it_belongs_to() -> None:
    known = a_registry()
    notts, leics = signer_of("notts").node, signer_of("leics").node

    assert may_write("region", notts, known)
    assert may_write(f"to:{leics}", notts, known)
    assert not may_write(f"to:{notts}", notts, known)
    assert not may_write(f"to:{'0' * 64}", notts, known)
    assert may_write(f"community:{notts}/{COMMUNITY}", notts, known)
    assert not may_write(f"community:{notts}/{COMMUNITY}", leics, known)
    assert not may_write("region", "0" * 64, known)


def test_an_audience_goes_into_the_streams_of_those_who_may_see_it_and_no_other() -> None:
    notts, leics, derbys = (signer_of(slug).node for slug in ("notts", "leics", "derbys"))
    here = Source(notts, COMMUNITY)

    assert streams_for(audience_pb2.AUDIENCE_REGION, [], here) == ("region",)
    assert streams_for(audience_pb2.AUDIENCE_NATION, [leics], here) == ("nation",)
    assert streams_for(audience_pb2.AUDIENCE_PUBLIC, [], here) == ("public",)
    named = streams_for(audience_pb2.AUDIENCE_NAMED_NODES, [leics, derbys, leics, notts], here)
    assert sorted(named) == sorted([f"to:{leics}", f"to:{derbys}"])
    for at_home in (audience_pb2.AUDIENCE_COMMUNITY, audience_pb2.AUDIENCE_NODE, audience_pb2.AUDIENCE_UNSPECIFIED):
        assert streams_for(at_home, [leics], here) == ()
    shared = Source(notts, COMMUNITY, community_is_shared=True)
    assert streams_for(audience_pb2.AUDIENCE_COMMUNITY, [], shared) == (f"community:{notts}/{COMMUNITY}",)


@given(st.text(max_size=20) | st.from_regex(r"(to|community):[0-9a-f]{60,66}(/[0-9a-f]{30,34})?\n?"))
def test_a_stream_name_is_read_as_written_or_refused(name: str) -> None:
    try:
        stream = streams.parse(name)
    except Invalid:
        return

    assert isinstance(stream, Stream)
    assert stream.name == name


def test_the_door_knows_a_caller_by_its_certificate() -> None:
    known = a_registry()
    notts = the_node("notts", known)

    assert known.node_of_certificate(notts.certificate_spki) == notts
    assert known.node_of_certificate(bytes(32)) is None
    assert known.node_of_certificate(b"") is None
