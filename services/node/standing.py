"""How a node stands to its region, in the words of `status` and `doctor`."""

from fosse.federation.v1 import federation_pb2 as pb

_OUTSIDE = (pb.ENROLMENT_STATE_ALONE, pb.ENROLMENT_STATE_DECLINED, pb.ENROLMENT_STATE_LEFT)


def outside(region: pb.GetFederationStatusResponse) -> bool:
    """It belongs to no region: no hub is waited for, and none is behind."""
    return region.enrolment in _OUTSIDE and not region.hub


def place(region: pb.GetFederationStatusResponse) -> str:
    if region.hub:
        return "the hub"
    if region.enrolment == pb.ENROLMENT_STATE_ALONE:
        return "alone: it belongs to no region, and needs none"
    state = pb.EnrolmentState.Name(region.enrolment).removeprefix("ENROLMENT_STATE_").lower()
    return f"{state}, hub {region.hub_address}"
