"""What `status` says of a node and its region."""

import pytest

from fosse.federation.v1 import federation_pb2 as pb
from services.common.clock import utc_now
from services.common.instants import stamp
from services.node.commands.status import region_lines

HUB = "https://hub.example"


def told(state: pb.EnrolmentState.ValueType, **changed: object) -> str:
    usual = {"name": "Nottinghamshire", "slug": "notts", "hub_address": HUB, "last_contact": stamp(utc_now())}
    region = pb.GetFederationStatusResponse(enrolment=state, **{**usual, **changed})  # type: ignore[arg-type]  # as a test names them
    return "\n".join(region_lines(region)).strip()


def test_a_county_that_asked_no_hub_reads_nothing_of_one() -> None:
    said = told(pb.ENROLMENT_STATE_ALONE, hub_address="", last_contact=None)

    assert said == "Nottinghamshire (notts), alone: it belongs to no region, and needs none"


@pytest.mark.parametrize("state", [pb.ENROLMENT_STATE_LEFT, pb.ENROLMENT_STATE_DECLINED])
def test_a_county_outside_of_a_region_waits_for_no_hub(state: pb.EnrolmentState.ValueType) -> None:
    said = told(state)

    assert HUB in said and "sign" not in said and "Last answer" not in said


def test_what_a_county_holds_of_a_region_that_it_left_is_still_said() -> None:
    held = pb.Held(name="Derbyshire", items_held=3, items_live=3)

    assert "We hold 3 of 3 items of Derbyshire." in told(pb.ENROLMENT_STATE_LEFT, held=[held])


def test_a_county_in_a_region_reads_how_its_hub_is() -> None:
    said = told(pb.ENROLMENT_STATE_ENROLLED, signing=True, unsent=2)

    assert f"(notts), enrolled, hub {HUB}" in said and "Signing what is shared." in said
    assert "Last answer of the hub: 0 s ago; not sent yet: 2" in said
