"""The web pages: one module per feature, each a Flask blueprint, joined to the application by `register`."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, url_for

from gateway import community_words, mail_words, meeting_words, words
from gateway.callers import caller
from gateway.lookups import Lookups
from gateway.pages import (
    about,
    attendance,
    booking,
    federation,
    figures,
    home,
    importing,
    joining,
    ledger,
    links,
    mail,
    managing,
    meetings,
    members,
    minutes,
    parts,
    places,
    planning,
    profile,
    publish,
    pulse,
    recording,
    region_figures,
    resource,
    shelf,
    write,
)
from services.common.clock import Clock

_STATIC = Path(__file__).parent.parent / "static"
_FEATURES = (
    *(home, shelf, resource, write, parts, publish),
    *(meetings, booking, planning, recording, places, attendance, minutes, ledger),
    *(members, managing, importing, joining, profile),
    *(figures, pulse, region_figures),
    *(federation, mail, links, about),
)


def register(app: Flask, own_name: str, clock: Clock) -> None:
    """Adds pages, filters and what every template needs. `own_name` is what people call this node."""
    app.jinja_env.filters.update(
        words.filters(clock) | community_words.FILTERS | meeting_words.filters() | mail_words.FILTERS
    )
    app.jinja_env.globals.update(meeting_words.terms() | mail_words.terms())
    app.extensions["fosse_lookups"] = Lookups(own_name)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(static=static, here=own_name)
    app.context_processor(_who)
    for feature in _FEATURES:
        app.register_blueprint(feature.blueprint)


def _who() -> dict[str, object]:
    """`me` is the member who is signed in, if any; somebody may be signed in and not be a member yet.

    `my_name` is for their own eyes, whether or not it may stand beside what they share.
    """
    asking = caller()
    return {"me": asking.person, "my_name": asking.name, "signed_in": asking.signed_in}


def static(name: str) -> str:
    """The address of a file under static/, with its content's mark so that browsers may keep it for a year."""
    return url_for("static", filename=name, v=_mark(name))


@cache
def _mark(name: str) -> str:
    return hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
