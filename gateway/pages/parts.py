"""The files and links of the edition being drafted. The same form sent twice adds one part."""

from collections.abc import Iterator

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.resource.v1 import resource_pb2
from gateway import files, forms, guards
from gateway.clients import clients
from gateway.lookups import lookups
from gateway.pages.refused import NOTHING, Refused, refused
from gateway.pages.resource import read
from services.common.errors import Conflict, Invalid
from services.common.ids import new_id

blueprint = Blueprint("parts", __name__, url_prefix="/resources/<resource_id>")
LABELS = {
    "file": "File",
    "link": "Link",
    "title": "What it is called",
    "licence": "Licence",
    "may_be_adapted": "Others may change it",
}
_writers = guards.roles(ROLE_MEMBER, ROLE_CONVENOR)


@blueprint.get("/parts")
@_writers
def list_parts(resource_id: str) -> str:
    return _parts(resource_id)


@blueprint.get("/files/new")
@_writers
def new_file(resource_id: str) -> ResponseReturnValue:
    return _empty_part("file", resource_id)


@blueprint.post("/files/new")
@_writers
def add_file(resource_id: str) -> ResponseReturnValue:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _part(
            "file", resource_id, Refused("Choose a file first. Nothing was changed.", {"file": "choose one"})
        ), 422
    try:
        clients().resources.AddFilePart(_file_messages(resource_id, sent))
    except (Invalid, Conflict) as error:
        return _part("file", resource_id, refused(error)), 422
    flash("The file is added.")
    return redirect(url_for(".list_parts", resource_id=resource_id))


@blueprint.get("/links/new")
@_writers
def new_link(resource_id: str) -> ResponseReturnValue:
    return _empty_part("link", resource_id)


@blueprint.post("/links/new")
@_writers
def add_link(resource_id: str) -> ResponseReturnValue:
    asked = resource_pb2.AddLinkPartRequest(
        resource_id=resource_id,
        expected_version=forms.expected_version(),
        part_id=request.form.get("part_id", ""),
        title=request.form.get("title", ""),
        licence=request.form.get("licence", ""),
        may_be_adapted="may_be_adapted" in request.form,
        link=request.form.get("link", "").strip(),
    )
    try:
        clients().resources.AddLinkPart(asked)
    except (Invalid, Conflict) as error:
        return _part("link", resource_id, refused(error)), 422
    flash("The link is added.")
    return redirect(url_for(".list_parts", resource_id=resource_id))


@blueprint.post("/parts/<part_id>/remove")
@_writers
def remove(resource_id: str, part_id: str) -> ResponseReturnValue:
    try:
        clients().resources.RemovePart(
            resource_pb2.RemovePartRequest(
                resource_id=resource_id, part_id=part_id, expected_version=forms.expected_version()
            )
        )
    except (Invalid, Conflict) as error:
        return _parts(resource_id, refused(error)), 422
    flash("It is taken out of this edition.")
    return redirect(url_for(".list_parts", resource_id=resource_id))


def _parts(resource_id: str, wrong: Refused = NOTHING) -> str:
    return render_template("parts.html", resource=read(resource_id), wrong=wrong, words=lookups().vocabulary())


def _empty_part(what: str, resource_id: str) -> ResponseReturnValue:
    # The id stands in the address, so that going back and sending again is the same form, not a second part.
    if "id" not in request.args:
        return redirect(url_for(request.endpoint or "", resource_id=resource_id, id=new_id()), 303)
    return _part(what, resource_id)


def _part(what: str, resource_id: str, wrong: Refused = NOTHING) -> str:
    licences = lookups().vocabulary().licences.values()
    return render_template(
        "part.html",
        what=what,
        resource=read(resource_id),
        wrong=wrong,
        labels=LABELS,
        typed=request.form,
        part_id=request.form.get("part_id") or request.args.get("id", ""),
        # 2**20 bytes of what a request may hold are for the words beside the file.
        megabytes=(current_app.config["MAX_CONTENT_LENGTH"] - 2**20) // 1_000_000,
        licences=[(one.code, one.name, one.plain) for one in licences if one.may_copy or what == "link"],
    )


def _file_messages(resource_id: str, sent: FileStorage) -> Iterator[resource_pb2.AddFilePartRequest]:
    words = resource_pb2.FilePartWords(
        resource_id=resource_id,
        expected_version=forms.expected_version(),
        part_id=request.form.get("part_id", ""),
        title=request.form.get("title", ""),
        licence=request.form.get("licence", ""),
        may_be_adapted="may_be_adapted" in request.form,
        file_name=sent.filename or "",
    )
    return files.messages(words, sent.stream)
