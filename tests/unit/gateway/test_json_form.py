"""Messages as JSON: ours is the standard's, and what does not fit is named."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from fosse.common.v1.audience_pb2 import AUDIENCE_PUBLIC, AUDIENCE_UNSPECIFIED
from fosse.federation.v1 import federation_pb2
from fosse.resource.v1 import resource_pb2 as pb
from gateway import json_form
from gateway.errors import BadRequest

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
TIMES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))


@st.composite
def hits(draw: st.DrawFn) -> pb.Hit:
    hit = pb.Hit(
        id=draw(TEXTS),
        title=draw(TEXTS),
        topics=draw(st.lists(TEXTS, max_size=3)),
        evidence_level=draw(st.integers(-(2**31), 2**31 - 1)),
        version=draw(NUMBERS),
        audience=draw(st.sampled_from([AUDIENCE_UNSPECIFIED, AUDIENCE_PUBLIC])),
    )
    if draw(st.booleans()):
        hit.changed_at.FromDatetime(draw(TIMES))
    return hit


@given(st.lists(hits(), max_size=4), NUMBERS)
def test_what_we_write_is_what_the_standard_writes(found: list[pb.Hit], total: int) -> None:
    message = pb.SearchResourcesResponse(hits=found, total=total)

    assert json.loads(json_form.text_of(message)) == json_format.MessageToDict(message)
    assert json_format.Parse(json_form.text_of(message), pb.SearchResourcesResponse()) == message


@given(st.binary(max_size=50))
def test_bytes_travel_as_base64(key: bytes) -> None:
    message = federation_pb2.ReceiveEnrolmentRequest(signing_key=key)

    assert json.loads(json_form.text_of(message)) == json_format.MessageToDict(message)


@pytest.mark.parametrize(
    ("message", "given", "sentence"),
    [
        (pb.CreateResourceRequest(), {"colour": "red"}, "There is no field called “colour” here."),
        (pb.CreateResourceRequest(), {"words": {"colour": "red"}}, "There is no field called “colour” here."),
        (pb.UpdateResourceRequest(), {"expectedVersion": "soon"}, "cannot be read"),
        (pb.UpdateResourceRequest(), {"expectedVersion": 2**64}, "cannot be read"),
        (pb.UpdateResourceRequest(), {"words": 5}, "cannot be read"),
        (pb.CreateResourceRequest(), {"id": "\ud800"}, "cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(message: Message, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadRequest, match=sentence):
        json_form.fill(message, given)


@pytest.mark.parametrize(
    "text", ['{"id": "a", "id": "b"}', '{"words": {"title": "a", "title": "b"}}', '{"\\ud800": 1}']
)
def test_a_field_that_stands_twice_or_has_no_real_name_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        json_form.read_object(text.encode())
