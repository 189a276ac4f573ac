"""The three questions of a pulse: asked on the meeting's page and behind a signed link, in the same words."""

from typing import Final

from flask import request

from fosse.evaluation.v1 import evaluation_pb2 as pb

# For the summary of what is wrong.
LABELS: Final = {"worth": "Worth your time", "change": "Something different", "better": "Better next time"}


def said(meeting_id: str) -> pb.AnswerPulseRequest:
    """What the form says; an answer that was not chosen is 0, which the service refuses beside its question."""
    asked = pb.AnswerPulseRequest(meeting_id=meeting_id, better=request.form.get("better", ""))
    asked.worth = _number("worth")
    asked.change = pb.Change.ValueType(_number("change"))
    return asked


def _number(name: str) -> int:
    given = request.form.get(name, "")
    return int(given) if given in {"1", "2", "3", "4", "5"} else 0
