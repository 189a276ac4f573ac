"""Asking to join, for a person who is signed in and not a member yet."""

from typing import Final

from flask import Blueprint, Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from fosse.membership.v1 import joining_pb2
from gateway import guards
from gateway.auth import Door
from gateway.callers import caller
from gateway.clients import clients
from gateway.limits import JOINING, counting
from gateway.lookups import lookups
from gateway.pages.refused import NOTHING, Refused, refused
from services.common.errors import Invalid
from services.common.ids import new_id

LABELS: Final = {
    "community_id": "Community",
    "name": "Your name",
    "organisation": "Where you work",
    "about": "How a convenor can know you",
}


def install(app: Flask, door: Door) -> None:
    pages = Blueprint("join", __name__)

    @pages.get("/join")
    @guards.signed_in
    def ask() -> ResponseReturnValue:
        return redirect("/", 303) if caller().person else _form()

    @pages.post("/join")
    @guards.signed_in
    def send() -> ResponseReturnValue:
        if caller().person:
            return redirect("/", 303)
        counting().take(JOINING)
        try:
            answer = clients().joining.AskToJoin(_asked(door.callers.fresh_access_token()))
        except Invalid as error:
            return _form(refused(error)), 422
        return render_template("join_asked.html", again=answer.asked_before)

    app.register_blueprint(pages)


def _asked(token: str) -> joining_pb2.AskToJoinRequest:
    form = request.form
    return joining_pb2.AskToJoinRequest(
        id=form.get("id", ""), access_token=token, **{name: form.get(name, "") for name in LABELS}
    )


def _form(wrong: Refused = NOTHING) -> str:
    return render_template(
        "join.html",
        id=request.form.get("id") or new_id(),
        typed=request.form,
        wrong=wrong,
        labels=LABELS,
        communities=[(each.id, each.name) for each in lookups().communities()],
    )
