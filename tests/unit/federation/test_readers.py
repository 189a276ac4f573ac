"""Who will hold a copy, in plain words, and who may ask where an item comes from."""

import pytest

from fosse.common.v1 import audience_pb2
from services.common.access import Person, Role
from services.common.errors import Invalid
from services.federation.domain.readers import joined, may_ask_about, readers, sentence
from tests.regions import a_registry, signer_of

REGION, NAMED, PUBLIC = (
    audience_pb2.AUDIENCE_REGION,
    audience_pb2.AUDIENCE_NAMED_NODES,
    audience_pb2.AUDIENCE_PUBLIC,
)
CARE_HOMES, SOCIAL_CARE = "c" * 32, "d" * 32
ANN = Person("a" * 32, roles={CARE_HOMES: frozenset({Role.ROLE_MEMBER})})
BOB = Person("b" * 32, roles={SOCIAL_CARE: frozenset({Role.ROLE_MEMBER})})


def test_all_other_nodes_of_the_region_are_named_and_never_ourselves() -> None:
    registry, own = a_registry(), signer_of("notts").node

    slugs = {node.slug for node in readers(registry, own, REGION, [])}

    assert "notts" not in slugs
    assert {"hub", "derbys", "leics"} <= slugs


def test_named_nodes_are_those_and_no_others() -> None:
    derbys = signer_of("derbys").node

    found = readers(a_registry(), signer_of("notts").node, NAMED, [derbys, "f" * 64])

    assert [node.id for node in found] == [derbys]


def test_only_what_is_public_is_said_to_be_public() -> None:
    assert "anybody can read it" in sentence(PUBLIC, [])
    for audience in (1, 2, 3, 4, 5):
        assert "never be public" in sentence(audience_pb2.Audience.ValueType(audience), [])
    with pytest.raises(Invalid):
        sentence(audience_pb2.AUDIENCE_UNSPECIFIED, [])


def test_names_are_joined_as_people_write_them() -> None:
    assert joined(["A"]) == "A"
    assert joined(["A", "B", "C"]) == "A, B and C"


def test_where_an_item_comes_from_is_told_to_those_who_may_see_it() -> None:
    to_us, shared = f"to:{'1' * 64}", f"community:{'1' * 64}/{CARE_HOMES}"

    assert may_ask_about("public", CARE_HOMES, None, own=False)
    assert not may_ask_about("region", CARE_HOMES, None, own=False)
    assert may_ask_about("region", CARE_HOMES, BOB, own=False)
    assert may_ask_about(to_us, CARE_HOMES, BOB, own=False)
    assert not may_ask_about(to_us, CARE_HOMES, BOB, own=True)
    assert may_ask_about(to_us, CARE_HOMES, ANN, own=True)
    assert not may_ask_about(shared, CARE_HOMES, BOB, own=False)
