"""Members from a CSV file: sent, checked, looked at, applied."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.membership.v1 import importing_pb2 as pb
from gateway import guards
from gateway.clients import clients
from gateway.pages import communities
from gateway.pages.refused import NOTHING, Refused
from services.common.ids import new_id

blueprint = Blueprint("importing", __name__, url_prefix="/members/import")
MOST_BYTES = 3 * 1024 * 1024
CELLS = 50
_convenors = guards.roles(ROLE_CONVENOR)


@blueprint.get("")
@_convenors
def new() -> ResponseReturnValue:
    # The id stands in the address, so that going back and sending again is the same import.
    if "id" not in request.args:
        return redirect(url_for(".new", **{**request.args, "id": new_id()}), 303)  # type: ignore[arg-type]  # typed for options
    return _form(request.args["id"])


@blueprint.post("")
@_convenors
def check() -> ResponseReturnValue:
    sent, import_id = request.files.get("file"), request.form.get("id", "")
    if sent is None or not sent.filename:
        return _form(import_id, Refused("Choose a file first. Nothing was changed.", {"file": "Choose a file."})), 422
    content = sent.stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        sentence = "The file is larger than 3 MB. Nothing was changed; split it into several files."
        return _form(import_id, Refused(sentence, {"file": "At most 3 MB."})), 422
    asked = pb.CheckImportRequest(id=import_id, community_id=communities.convened(), csv=content)
    clients().importing.CheckImport(asked)
    return redirect(url_for(".show", import_id=import_id), 303)


@blueprint.get("/<import_id>")
@_convenors
def show(import_id: str) -> str:
    asked = pb.GetImportRequest(id=import_id, page_size=CELLS, page_token=request.args.get("page", ""))
    found = clients().importing.GetImport(asked)
    one = getattr(found, "import")
    working = one.state in {pb.IMPORT_STATE_CHECKING, pb.IMPORT_STATE_APPLYING}
    return render_template("import.html", found=found, one=one, working=working, states=pb.ImportState)


@blueprint.post("/<import_id>/apply")
@_convenors
def apply(import_id: str) -> ResponseReturnValue:
    clients().importing.ApplyImport(pb.ApplyImportRequest(id=import_id))
    return redirect(url_for(".show", import_id=import_id), 303)


@blueprint.post("/<import_id>/drop")
@_convenors
def drop(import_id: str) -> ResponseReturnValue:
    clients().importing.DropImport(pb.DropImportRequest(id=import_id))
    flash("The file is forgotten. Nothing was changed.")
    return redirect(url_for("members.directory"))


def _form(import_id: str, wrong: Refused = NOTHING) -> str:
    return render_template("import_new.html", id=import_id or new_id(), wrong=wrong, community=communities.convened())
