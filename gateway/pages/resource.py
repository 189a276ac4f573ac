"""One resource: what it is, where it comes from, and "we use this"."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.federation.v1 import federation_pb2
from fosse.resource.v1 import resource_pb2
from gateway import acting, guards
from gateway.callers import caller
from gateway.clients import clients
from gateway.lookups import lookups
from gateway.pages.refused import NOTHING, Refused, refused
from gateway.pages.side import unless_away
from services.common.errors import Invalid
from services.common.ids import new_id

blueprint = Blueprint("resource", __name__, url_prefix="/resources/<resource_id>")
ADOPT_LABELS = {"stage": "How far you have come", "locality": "Where"}


@blueprint.get("")
@guards.anyone
def show(resource_id: str) -> ResponseReturnValue:
    return _page(resource_id, NOTHING)


@blueprint.post("/adopt")
@guards.roles(ROLE_MEMBER, ROLE_CONVENOR)
def adopt(resource_id: str) -> ResponseReturnValue:
    asked = resource_pb2.AdoptResourceRequest(
        id=request.form.get("id", ""),
        resource_id=resource_id,
        stage=request.form.get("stage", ""),
        locality=request.form.get("locality", ""),
        show_organisation="show_organisation" in request.form,
    )
    member_id = request.args.get("for", "")
    speaking = acting.for_member(member_id) if member_id else clients()
    try:
        said = speaking.resources.AdoptResource(asked).adoption
    except Invalid as error:
        return _page(resource_id, refused(error)), 422
    stage = lookups().vocabulary().stages.get(said.stage, said.stage).partition(":")[0].lower()
    for_whom = " on their behalf" if member_id else ""
    flash(f"Thank you. It is noted{for_whom} as “{stage}”, and the people who made it can see that.")
    return redirect(url_for(".show", resource_id=resource_id, _anchor="who-uses-it"))


def read(resource_id: str) -> resource_pb2.Resource:
    """As this person may see it; for the pages that change it."""
    return clients().resources.GetResource(resource_pb2.GetResourceRequest(id=resource_id)).resource


def _page(resource_id: str, wrong: Refused) -> str:
    found = clients().resources.GetResource(resource_pb2.GetResourceRequest(id=resource_id))
    spoken_for = acting.spoken_for()
    mine = None if spoken_for else next((adoption for adoption in found.adoptions if adoption.mine), None)
    came = unless_away(lambda: _provenance(resource_id)) if found.resource.origin_node_id else None
    return render_template(
        "resource.html",
        resource=found.resource,
        adoptions=found.adoptions,
        mine=mine,
        adoption_id=request.form.get("id") or (mine.id if mine else new_id()),
        typed=request.form,
        wrong=wrong,
        labels=ADOPT_LABELS,
        came=came,
        spoken_for=spoken_for,
        **_in_words(found.resource, own_places=spoken_for is None),
    )


def _in_words(resource: resource_pb2.Resource, own_places: bool) -> dict[str, object]:
    words, nodes = lookups().vocabulary(), lookups().nodes()
    person = caller().person
    places = [place.name for place in lookups().localities()] if person else []
    here = [place.name for place in lookups().localities() if person and place.id in person.localities]
    return {
        "words": words,
        "nodes": nodes,
        "named": [nodes.name(node_id) for node_id in resource.node_ids],
        "topics": [words.topics.get(code, code) for code in resource.words.topics],
        "readers": [words.readers.get(code, code) for code in resource.words.readers],
        "stages": [(code, name, "") for code, name in words.stages.items()],
        "places": [(name, name) for name in places],
        "own_place": here[0] if own_places and len(here) == 1 else "",
    }


def _provenance(resource_id: str) -> federation_pb2.GetProvenanceResponse:
    return clients().federation.GetProvenance(federation_pb2.GetProvenanceRequest(item_id=resource_id))
