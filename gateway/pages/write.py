"""Writing the words of a resource. The same form sent twice does nothing new."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.resource.v1 import resource_pb2
from gateway import forms, guards
from gateway.callers import caller
from gateway.clients import clients
from gateway.lookups import lookups
from gateway.pages.refused import NOTHING, Refused, refused
from gateway.pages.resource import read
from services.common.errors import Conflict, Invalid
from services.common.ids import new_id

blueprint = Blueprint("write", __name__, url_prefix="/resources")
LABELS = {
    "title": "Title",
    "summary": "Summary",
    "type": "What kind of thing it is",
    "topics": "Topics",
    "readers": "Who it is for",
    "evidence_level": "How well it is tried",
    "review_due": "Day for looking at it again",
    "community": "Community",
}
_writers = guards.roles(ROLE_MEMBER, ROLE_CONVENOR)


@blueprint.get("/new")
@_writers
def new() -> ResponseReturnValue:
    # The id stands in the address, so that going back and sending again is the same form, not a second draft.
    if "id" not in request.args:
        return redirect(url_for(".new", **{**request.args, "id": new_id()}), 303)  # type: ignore[arg-type]  # typed for options
    return _form("new", resource_pb2.Words(), id=request.args["id"])


@blueprint.post("/new")
@_writers
def create() -> ResponseReturnValue:
    words, resource_id = forms.words(), request.form.get("id", "")
    asked = resource_pb2.CreateResourceRequest(
        id=resource_id, community_id=request.form.get("community", ""), words=words
    )
    try:
        clients().resources.CreateResource(asked)
    except Invalid as error:
        return _form("new", words, refused(error), id=resource_id or new_id()), 422
    flash("Your draft is saved. Now add its files and links.")
    return redirect(url_for("parts.list_parts", resource_id=resource_id))


@blueprint.get("/<resource_id>/edit")
@_writers
def edit(resource_id: str) -> str:
    resource = read(resource_id)
    return _form("edit", resource.words, resource=resource, version=resource.version)


@blueprint.post("/<resource_id>/edit")
@_writers
def change(resource_id: str) -> ResponseReturnValue:
    words, version = forms.words(), forms.expected_version()
    if "again" in request.form:
        return _form("edit", words, resource=read(resource_id), version=version)
    try:
        clients().resources.UpdateResource(
            resource_pb2.UpdateResourceRequest(id=resource_id, expected_version=version, words=words)
        )
    except Invalid as error:
        return _form("edit", words, refused(error), resource=read(resource_id), version=version), 422
    except Conflict as error:
        return _conflict(resource_id, words, refused(error)), 409
    flash("Your changes are saved.")
    return redirect(url_for("resource.show", resource_id=resource_id))


@blueprint.post("/<resource_id>/edition")
@_writers
def edition(resource_id: str) -> ResponseReturnValue:
    clients().resources.StartEdition(
        resource_pb2.StartEditionRequest(id=resource_id, expected_version=forms.expected_version())
    )
    flash("A new edition is begun. Readers see the published one until you publish this.")
    return redirect(url_for("parts.list_parts", resource_id=resource_id))


@blueprint.get("/drafts")
@_writers
def drafts() -> str:
    asked = resource_pb2.ListDraftsRequest(page_size=20, page_token=request.args.get("page", ""))
    return render_template(
        "drafts.html",
        found=clients().resources.ListDrafts(asked),
        words=lookups().vocabulary(),
        nodes=lookups().nodes(),
    )


def _form(step: str, written: resource_pb2.Words, wrong: Refused = NOTHING, **more: object) -> str:
    words = lookups().vocabulary()
    return render_template(
        "write.html",
        step=step,
        written=written,
        wrong=wrong,
        labels=LABELS,
        communities=_communities(),
        kinds=[("", "Choose one"), *words.types.items()],
        topics=_options(words.topics),
        readers=_options(words.readers),
        levels=[(code, name, "") for code, name in words.evidence.items()],
        **more,
    )


def _options(terms: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [(code, name, "") for code, name in sorted(terms.items(), key=lambda term: term[1])]


def _conflict(resource_id: str, yours: resource_pb2.Words, wrong: Refused) -> str:
    theirs = read(resource_id)
    if theirs.words == yours or not theirs.may_change:
        return _form("edit", yours, wrong, resource=theirs, version=theirs.version)
    fields = request.form.items(multi=True)
    return render_template(
        "changed_meanwhile.html",
        resource=theirs,
        what="this resource",
        rows=list(_both(theirs.words, yours)),
        version=theirs.version,
        leave=url_for("resource.show", resource_id=resource_id),
        action=url_for(".change", resource_id=resource_id),
        sent=[(name, value) for name, value in fields if name in LABELS or name == "adapted_from"],
    )


def _both(theirs: resource_pb2.Words, yours: resource_pb2.Words) -> Iterator[tuple[str, str, str]]:
    """For each field its label, what is saved now and what this person wrote, in words."""
    words = lookups().vocabulary()
    named: dict[str, Mapping[str, str]] = {
        "type": words.types,
        "topics": words.topics,
        "readers": words.readers,
        "evidence_level": words.evidence,
    }
    for name in LABELS:
        if name != "community":
            yield (
                LABELS[name],
                _in_words(getattr(theirs, name), named.get(name, {})),
                _in_words(getattr(yours, name), named.get(name, {})),
            )


def _in_words(value: Any, terms: Mapping[str, str]) -> str:
    codes = [str(value)] if isinstance(value, (str, int)) else list(value)
    return ", ".join(terms.get(code, code) for code in codes)


def _communities() -> list[tuple[str, str]]:
    """Those of this person, by name."""
    person = caller().person
    names = {community.id: community.name for community in lookups().communities()}
    return [(each, names.get(each, "Your community")) for each in (person.roles if person else ())]
