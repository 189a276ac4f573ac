"""Signing in and out, and the invitation that ties a sign-in to a member.

The provider proves a person; the code it sends is traded here, between servers, and the tokens stay here. The browser
carries a random number and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Flask, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from gateway import guards
from gateway.callers import Callers, caller
from gateway.counters import Counters
from gateway.errors import BadRequest
from gateway.known_browsers import KnownBrowsers
from gateway.limits import BEGUN, INVITATION, counting
from gateway.provider import Provider
from gateway.sessions import SIGN_IN, Sessions
from gateway.settings import Settings
from services.common.clock import Clock
from services.common.errors import NotAllowed, NotFound

_RUN_OUT: Final = (
    "This sign-in has run out or was begun in another browser. Nothing was changed; please choose Sign in again."
)


@dataclass(frozen=True)
class Door:
    """What the routes of signing in need."""

    settings: Settings
    provider: Provider
    sessions: Sessions
    counters: Counters
    browsers: KnownBrowsers
    callers: Callers
    membership: MembershipStub
    clock: Clock


def install(app: Flask, door: Door) -> None:
    auth = Blueprint("auth", __name__)
    pages = SignIn(door)
    auth.get("/signin", endpoint="sign_in")(guards.anyone(_function(pages.ask)))
    auth.post("/signin", endpoint="begin")(guards.anyone(_function(pages.begin)))
    auth.get("/signin/return", endpoint="come_back")(guards.anyone(_function(pages.come_back)))
    auth.post("/signout", endpoint="sign_out")(guards.anyone(_function(pages.sign_out)))
    auth.post("/signin/ended", endpoint="ended")(guards.theirs(_function(pages.ended)))
    invitations = Invitations(door)
    auth.get("/invitation/<code>", endpoint="invitation")(guards.anyone(_function(invitations.show)))
    auth.post("/invitation/<code>", endpoint="accept")(guards.signed_in(_function(invitations.accept)))
    app.register_blueprint(auth)


def _function(method: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """A function of its own, because a bound method cannot be marked with its guard."""
    return lambda **given: method(**given)


class SignIn:
    def __init__(self, door: Door) -> None:
        self._door = door
        self._browser_cookie = door.settings.cookie("signin")

    def ask(self) -> ResponseReturnValue:
        back = safe_path(request.args.get("next", ""))
        return redirect(back, 303) if caller().person else render_template("sign_in.html", next=back)

    def begin(self) -> ResponseReturnValue:
        door, now = self._door, self._door.clock()
        counting().take(BEGUN)
        door.sessions.sweep(now)
        door.counters.sweep(now)
        # One number per browser, so that two tabs may sign in at the same time.
        browser = request.cookies.get(self._browser_cookie)
        sign_in = door.sessions.begin_sign_in(safe_path(request.form.get("next", "")), browser, now)
        response = redirect(door.provider.sign_in_url(sign_in), 303)
        self._set(response, self._browser_cookie, sign_in.browser, SIGN_IN)
        return response

    def come_back(self) -> ResponseReturnValue:
        door, now, given = self._door, self._door.clock(), request.args
        door.provider.check_answer(given.get("iss"))
        browser = request.cookies.get(self._browser_cookie, "")
        sign_in = door.sessions.take_sign_in(given.get("state", ""), browser, now)
        if sign_in is None or "code" not in given:
            raise NotAllowed(_RUN_OUT)
        tokens, proven = door.provider.exchange(sign_in, given["code"])
        self._end_old_session()
        number, _ = door.sessions.create(tokens, now, proven)
        counting().give_back([(limit, who, sign_in.begun_at) for limit, who in counting().charges(BEGUN)])
        response = redirect(sign_in.return_to, 303)
        if proven.name:
            door.browsers.remember(response, proven.name)
        self._set(response, door.settings.cookie(), number, None)
        return response

    def sign_out(self) -> ResponseReturnValue:
        session = caller().session
        self._end_old_session()
        if session is not None:
            self._door.provider.sign_out(session.tokens)
        where = self._door.provider.sign_out_url() if session else None
        response = redirect(where or "/", 303)
        response.delete_cookie(self._door.settings.cookie(), path="/", secure=self._door.settings.https, httponly=True)
        # Nothing of the person may stay in a shared computer's browser.
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    def ended(self) -> ResponseReturnValue:
        """The provider itself says that a sign-in has ended; a worker that has just seen it forgets it in seconds."""
        told = self._door.provider.told_to_end(request.form.get("logout_token", ""))
        if told is None or not self._door.sessions.end_as_told(*told, self._door.clock()):
            raise BadRequest("This ends no session, or was said before. Nothing was changed.")
        return "", 200, {"Cache-Control": "no-store"}

    def _end_old_session(self) -> None:
        number = request.cookies.get(self._door.settings.cookie())
        if number:
            self._door.callers.forget(number)
            self._door.sessions.end(number)

    def _set(self, response: Response, name: str, value: str, lives: timedelta | None) -> None:
        """A session's cookie ends with the browser; the database ends it earlier when nobody comes."""
        response.set_cookie(
            name, value, max_age=lives, path="/", secure=self._door.settings.https, httponly=True, samesite="Lax"
        )


class Invitations:
    """Looking at an invitation changes nothing; accepting it is a form of its own."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def show(self, code: str) -> ResponseReturnValue:
        return render_template("invitation.html", code=code, signed_in=caller().signed_in)

    def accept(self, code: str) -> ResponseReturnValue:
        door = self._door
        with counting().guessing(INVITATION, NotFound):
            token = door.callers.fresh_access_token()
            door.membership.AcceptInvitation(pb.AcceptInvitationRequest(code=code, access_token=token))
        door.callers.forget(request.cookies.get(door.settings.cookie(), ""))
        flash("Welcome. You are now signed in as a member.")
        return redirect("/", 303)


def safe_path(given: str) -> str:
    """A path of this node, or the first page: nobody is sent elsewhere by a link that begins here."""
    parts = urlsplit(given.strip())
    odd = parts.scheme or parts.netloc or not given.startswith("/") or given.startswith("//")
    if odd or "\\" in given or any(ord(sign) < 33 or ord(sign) == 127 for sign in given) or len(given) > 2000:
        return "/"
    # A signed link's code is kept nowhere, so not in a sign-in under way either.
    return "/" if parts.path.startswith(("/signin", "/signout", "/l/")) else given
