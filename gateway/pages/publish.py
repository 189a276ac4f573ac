"""Publishing: choose who may see it, read exactly who that is, confirm. And taking it back."""

from collections.abc import Iterator

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1 import audience_pb2
from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.federation.v1 import federation_pb2
from fosse.resource.v1 import resource_pb2
from gateway import forms, guards
from gateway.clients import clients
from gateway.lookups import lookups
from gateway.pages.refused import NOTHING, Refused, refused
from gateway.pages.resource import read
from gateway.pages.side import unless_away
from services.common.errors import Conflict, Invalid

blueprint = Blueprint("publish", __name__, url_prefix="/resources/<resource_id>")
AUDIENCES: dict[str, audience_pb2.Audience.ValueType] = {
    "community": audience_pb2.AUDIENCE_COMMUNITY,
    "node": audience_pb2.AUDIENCE_NODE,
    "named_nodes": audience_pb2.AUDIENCE_NAMED_NODES,
    "region": audience_pb2.AUDIENCE_REGION,
    "nation": audience_pb2.AUDIENCE_NATION,
    "public": audience_pb2.AUDIENCE_PUBLIC,
}
LABELS = {
    "audience": "Who may see it",
    "node_ids": "Counties",
    "note": "What is new",
    "parts": "Files and links",
    "title": "Title",
    "summary": "Summary",
    "type": "What kind of thing it is",
    "topics": "Topics",
    "review_due": "Day for looking at it again",
    "adapted_from": "Adapted from",
    "reason": "Reason",
}
_writers = guards.roles(ROLE_MEMBER, ROLE_CONVENOR)


@blueprint.get("/publish")
@_writers
def choose(resource_id: str) -> str:
    return _choose(resource_id, NOTHING)


@blueprint.get("/publish/preview")
@_writers
def preview(resource_id: str) -> ResponseReturnValue:
    """GET, because looking changes nothing."""
    audience, named = _asked(request.args.get("audience", ""), request.args.getlist("node_ids"))
    if not audience:
        return _choose(resource_id, Refused("Choose who may see it.", {"audience": "choose one"})), 422
    if audience == audience_pb2.AUDIENCE_NAMED_NODES and not named:
        return _choose(resource_id, Refused("Tick at least one county.", {"node_ids": "tick at least one"})), 422
    return _preview(resource_id, audience, named, NOTHING)


@blueprint.post("/publish")
@_writers
def publish(resource_id: str) -> ResponseReturnValue:
    audience, named = _asked(request.form.get("audience", ""), request.form.getlist("node_ids"))
    asked = resource_pb2.PublishResourceRequest(
        id=resource_id,
        expected_version=forms.expected_version(),
        audience=audience,
        node_ids=named,
        note=request.form.get("note", ""),
    )
    try:
        clients().resources.PublishResource(asked)
    except (Invalid, Conflict) as error:
        return _preview(resource_id, audience, named, refused(error)), 422
    beyond = audience > audience_pb2.AUDIENCE_NODE
    flash(
        "It is published."
        + (" Other counties receive it within seconds, or when they are next in contact." if beyond else "")
    )
    return redirect(url_for("resource.show", resource_id=resource_id))


@blueprint.get("/withdraw")
@_writers
def ask_withdraw(resource_id: str) -> str:
    return _withdraw(resource_id, NOTHING)


@blueprint.post("/withdraw")
@_writers
def withdraw(resource_id: str) -> ResponseReturnValue:
    asked = resource_pb2.WithdrawResourceRequest(
        id=resource_id, expected_version=forms.expected_version(), reason=request.form.get("reason", "")
    )
    try:
        clients().resources.WithdrawResource(asked)
    except (Invalid, Conflict) as error:
        return _withdraw(resource_id, refused(error)), 422
    flash("It is withdrawn here. Counties that hold it take it off their shelves when they next hear from us.")
    return redirect(url_for("resource.show", resource_id=resource_id))


def _choose(resource_id: str, wrong: Refused) -> str:
    resource, nodes = read(resource_id), lookups().nodes()
    return render_template(
        "publish.html",
        resource=resource,
        wrong=wrong,
        labels=LABELS,
        missing=[LABELS[name] for name in ("summary", "type", "topics") if not getattr(resource.words, name)],
        choices=list(_choices(resource)),
        counties=[(card.node_id, card.name, "") for card in nodes.others if not card.hub],
        chosen=request.args.get("audience") or _code(resource.audience),
        named=request.args.getlist("node_ids") or list(resource.node_ids),
    )


def _choices(resource: resource_pb2.Resource) -> Iterator[tuple[str, str, str]]:
    """Each audience this person may choose, with what follows from it in one line."""
    here = lookups().nodes().own_name
    yield (
        "community",
        "My community",
        f"Members of {resource.community or 'your community'}. It never leaves this node.",
    )
    yield "node", f"Everybody in {here}", "Members of every community on this node. It never leaves this node."
    if resource.may_publish_widely:
        yield (
            "named_nodes",
            "Counties I name",
            "Sealed, so that only those counties can read it. The hub that carries it cannot.",
        )
        yield "region", "The whole region", "Members in every county of the region. It is never public."
        yield "nation", "The whole nation", "Members of every region that joins. It is never public."
        yield "public", "Everybody", "Anybody on the internet, without signing in. Search engines may find it."


def _code(audience: audience_pb2.Audience.ValueType) -> str:
    return next((code for code, value in AUDIENCES.items() if value == audience), "")


def _preview(resource_id: str, audience: audience_pb2.Audience.ValueType, named: list[str], wrong: Refused) -> str:
    resource = read(resource_id)
    readers = unless_away(
        lambda: clients().federation.PreviewReaders(
            federation_pb2.PreviewReadersRequest(audience=audience, node_ids=named)
        )
    )
    community = next((one for one in lookups().communities() if one.id == resource.community_id), None)
    return render_template(
        "preview.html",
        resource=resource,
        readers=readers,
        community=community,
        code=_code(audience),
        named=named,
        wrong=wrong,
        labels=LABELS,
        note=request.form.get("note", ""),
        nodes=lookups().nodes(),
        words=lookups().vocabulary(),
    )


def _withdraw(resource_id: str, wrong: Refused) -> str:
    return render_template(
        "withdraw.html",
        resource=read(resource_id),
        wrong=wrong,
        labels=LABELS,
        reason=request.form.get("reason", ""),
        nodes=lookups().nodes(),
    )


def _asked(code: str, named: list[str]) -> tuple[audience_pb2.Audience.ValueType, list[str]]:
    audience = AUDIENCES.get(code, audience_pb2.AUDIENCE_UNSPECIFIED)
    return audience, named if audience == audience_pb2.AUDIENCE_NAMED_NODES else []
