"""The pulse of a meeting: what people said, and the three questions for whoever was there and has not answered."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_EVALUATOR, ROLE_MEMBER
from fosse.evaluation.v1 import evaluation_pb2 as pb
from gateway import guards
from gateway.clients import clients
from gateway.pages.refused import NOTHING, Refused, refused
from gateway.pulse_form import LABELS, said
from services.common.errors import Conflict, Invalid, NotAllowed

blueprint = Blueprint("pulse", __name__, url_prefix="/meetings")


@blueprint.get("/<meeting_id>/pulse")
@guards.roles(ROLE_MEMBER, ROLE_CONVENOR, ROLE_EVALUATOR)
def show(meeting_id: str) -> str:
    return _page(meeting_id)


@blueprint.post("/<meeting_id>/pulse")
@guards.roles(ROLE_MEMBER, ROLE_CONVENOR)
def answer(meeting_id: str) -> ResponseReturnValue:
    try:
        clients().evaluation.AnswerPulse(said(meeting_id))
    except (Invalid, Conflict, NotAllowed) as error:
        return _page(meeting_id, refused(error)), 422
    flash("Thank you. Your answer is kept without your name.")
    return redirect(url_for(".show", meeting_id=meeting_id), 303)


def _page(meeting_id: str, wrong: Refused = NOTHING) -> str:
    found = clients().evaluation.GetPulse(pb.GetPulseRequest(meeting_id=meeting_id))
    return render_template(
        "pulse.html",
        found=found,
        meeting_id=meeting_id,
        wrong=wrong,
        labels=LABELS,
        typed=request.form,
    )
