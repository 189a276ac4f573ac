"""What Fosse is, how accessible it is, and what it keeps: pages that anybody may read."""

from flask import Blueprint, render_template

from gateway import guards
from gateway.errors import known_or_nobody

blueprint = Blueprint("about", __name__, url_prefix="/about")
# They say the same to everybody, so they are read also while a part of the node is away.
blueprint.before_request(known_or_nobody)


@blueprint.get("")
@guards.anyone
def about() -> str:
    return render_template("about.html")


@blueprint.get("/accessibility")
@guards.anyone
def accessibility() -> str:
    return render_template("accessibility.html")


@blueprint.get("/cookies")
@guards.anyone
def cookies() -> str:
    return render_template("cookies.html")
