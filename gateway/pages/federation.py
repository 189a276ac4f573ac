"""The region as this node sees it: what is held of whom, who asks to be let in, what was set aside."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER, ROLE_OPERATOR, ROLE_REGIONAL_LEAD
from fosse.federation.v1 import federation_pb2
from gateway import guards
from gateway.callers import caller
from gateway.clients import clients
from gateway.lookups import lookups
from gateway.pages.refused import NOTHING, Refused, refused
from services.common.errors import Conflict, Invalid, NotFound, TooMany
from services.common.ids import new_id

blueprint = Blueprint("federation", __name__, url_prefix="/federation")
LABELS = {"hub_address": "Address of the hub", "code": "Code", "fingerprint_words": "The words"}
_people = guards.roles(ROLE_MEMBER, ROLE_CONVENOR, ROLE_REGIONAL_LEAD, ROLE_OPERATOR)
_leads = guards.roles(ROLE_REGIONAL_LEAD, ROLE_OPERATOR)
_REFUSALS = (Invalid, Conflict, NotFound, TooMany)


@blueprint.get("")
@_people
def status() -> str:
    return _status()


@blueprint.get("/quarantine")
@guards.roles(ROLE_CONVENOR, ROLE_OPERATOR)
def quarantine() -> str:
    asked = federation_pb2.ListQuarantineRequest(page_size=25, page_token=request.args.get("page", ""))
    return render_template("quarantine.html", found=clients().federation.ListQuarantine(asked), nodes=lookups().nodes())


@blueprint.post("/enrolment")
@guards.roles(ROLE_OPERATOR)
def enrol() -> ResponseReturnValue:
    asked = federation_pb2.RequestEnrolmentRequest(
        hub_address=request.form.get("hub_address", "").strip(), code=request.form.get("code", "").strip()
    )
    try:
        clients().federation.RequestEnrolment(asked)
    except _REFUSALS as error:
        return _status(refused(error)), 422
    flash("The hub has your request. Read the words aloud to the person there.")
    return redirect(url_for(".status"))


@blueprint.post("/codes")
@_leads
def make_code() -> ResponseReturnValue:
    try:
        made = clients().federation.CreateEnrolmentCode(
            federation_pb2.CreateEnrolmentCodeRequest(id=request.form.get("id", ""))
        )
    except _REFUSALS as error:
        return _status(refused(error)), 422
    # Shown once and not stored, so this answer is a page, not a redirect.
    return render_template("enrolment_code.html", made=made)


@blueprint.post("/newcomers/<enrolment_id>/approve")
@_leads
def approve(enrolment_id: str) -> ResponseReturnValue:
    asked = federation_pb2.ApproveNewcomerRequest(
        enrolment_id=enrolment_id,
        fingerprint_words=request.form.get("fingerprint_words", "") if "compared" in request.form else "",
    )
    if not asked.fingerprint_words:
        return _status(Refused("Compare the words first, and tick that they are the same. Nobody was let in.")), 422
    try:
        node = clients().federation.ApproveNewcomer(asked).node
    except _REFUSALS as error:
        return _status(refused(error)), 422
    lookups().nodes.forget()
    flash(f"{node.name} is in. It receives what the region shares from its next contact on.")
    return redirect(url_for(".status"))


@blueprint.post("/newcomers/<enrolment_id>/decline")
@_leads
def decline(enrolment_id: str) -> ResponseReturnValue:
    try:
        clients().federation.DeclineNewcomer(federation_pb2.DeclineNewcomerRequest(enrolment_id=enrolment_id))
    except _REFUSALS as error:
        return _status(refused(error)), 422
    flash("The request is declined. Nothing was shared with that node.")
    return redirect(url_for(".status"))


def sharing(region: federation_pb2.GetFederationStatusResponse) -> list[federation_pb2.Held]:
    """Other counties, and the hub once it shares something of its own."""
    hubs = {card.node_id for card in lookups().nodes().cards if card.hub}
    return [one for one in region.held if one.items_live or one.node_id not in hubs]


def _status(wrong: Refused = NOTHING) -> str:
    region = clients().federation.GetFederationStatus(federation_pb2.GetFederationStatusRequest())
    person = caller().person
    roles = person.all_roles if person else frozenset()
    return render_template(
        "federation.html",
        region=region,
        held=sharing(region),
        wrong=wrong,
        labels=LABELS,
        typed=request.form,
        code_id=new_id(),
        operator=ROLE_OPERATOR in roles,
        may_admit=bool(roles & {ROLE_OPERATOR, ROLE_REGIONAL_LEAD}),
        may_see_quarantine=bool(roles & {ROLE_OPERATOR, ROLE_CONVENOR}),
        EnrolmentState=federation_pb2.EnrolmentState,
    )
