"""Who asks to join: convenors vouch for people they know, or decline."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.membership.v1 import directory_pb2, joining_pb2
from gateway import guards
from gateway.clients import clients
from gateway.lookups import lookups
from gateway.pages import communities
from gateway.pages.members import organisation_options
from gateway.pages.refused import NOTHING, Refused, refused
from services.common.errors import Conflict, Invalid, NotAllowed

blueprint = Blueprint("joining", __name__, url_prefix="/members/joining")
PAGE = 20
_convenors = guards.roles(ROLE_CONVENOR)


@blueprint.get("")
@_convenors
def waiting() -> str:
    return _page()


@blueprint.get("/<request_id>")
@_convenors
def look(request_id: str) -> str:
    """Who it may be among those on the list already, found by name."""
    return _one(request_id)


@blueprint.post("/<request_id>/vouch")
@_convenors
def vouch(request_id: str) -> ResponseReturnValue:
    known = request.form.get("who", "")
    if not known:
        wrong = Refused("Say who this is. Nothing was changed.", {"who": "Choose one."})
        return _one(request_id, wrong), 422
    asked = joining_pb2.VouchForRequest(join_request_id=request_id)
    if known == "new":
        asked.organisation_id = request.form.get("organisation_id", "")
    else:
        asked.member_id = known
    try:
        made = clients().joining.VouchFor(asked)
    except (Invalid, Conflict, NotAllowed) as error:
        return _one(request_id, refused(error)), 422
    lookups().forget_waiting()
    flash("You vouched for them. They are in as soon as they look again.")
    return redirect(url_for("members.show", member_id=made.member_id))


@blueprint.post("/<request_id>/decline")
@_convenors
def decline(request_id: str) -> ResponseReturnValue:
    clients().joining.DeclineJoin(joining_pb2.DeclineJoinRequest(join_request_id=request_id))
    lookups().forget_waiting()
    flash("Declined. What they wrote is forgotten.")
    return redirect(url_for(".waiting"))


def requests_of(community_id: str, token: str = "") -> joining_pb2.ListJoinRequestsResponse:
    asked = joining_pb2.ListJoinRequestsRequest(community_id=community_id, page_size=PAGE, page_token=token)
    return clients().joining.ListJoinRequests(asked)


def _page() -> str:
    found = requests_of(communities.convened(), request.args.get("page", ""))
    return render_template("joining.html", found=found)


def _one(request_id: str, wrong: Refused = NOTHING) -> str:
    one = clients().joining.GetJoinRequest(joining_pb2.GetJoinRequestRequest(join_request_id=request_id)).request
    words = request.values.get("q", one.name)
    asked = directory_pb2.ListDirectoryRequest(community_id=one.community_id, words=words, page_size=10)
    return render_template(
        "joining_one.html",
        one=one,
        wrong=wrong,
        q=words,
        known=clients().directory.ListDirectory(asked).entries,
        homes=organisation_options(one.community_id, "None yet"),
    )
