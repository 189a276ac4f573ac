"""What went wrong -> what the person sees: the one table from refusals to HTTP, as page or problem+json (RFC 9457).

Nobody else in the gateway catches a refusal to make a page of it, except a form that shows it beside its fields.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from flask import Flask, Response, g, json, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from gateway.callers import NOBODY, caller
from services.common.database import lost
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal, TooMany
from services.common.rpc_errors import Away

log = logging.getLogger(__name__)

STATUS: Final[dict[type[Refusal], int]] = {
    NotFound: 404,
    Invalid: 422,
    NotAllowed: 403,
    Conflict: 409,
    TooMany: 429,
}
TITLES: Final = {
    400: "We could not read that",
    401: "Please sign in",
    403: "You may not do this",
    404: "Page not found",
    405: "That is not how this address is used",
    409: "Somebody else was first",
    411: "That came without its length",
    413: "That is too large",
    415: "That is not a form we can read",
    422: "Something needs another look",
    429: "Not just now",
    500: "Something went wrong",
    503: "The service is busy or restarting",
}
SENTENCES: Final = {
    400: "What was sent is incomplete or not in the form we expect. Nothing was changed.",
    404: "There is no page at this address, or none that you may see. If you typed it, please check it.",
    405: "This address does not take that kind of request. Nothing was changed.",
    411: "This was sent without saying how long it is (`Content-Length`). Nothing was changed; please send it whole.",
    413: "What you sent is larger than this node takes. Nothing was kept; a smaller file will do.",
    415: "Please send JSON with `Content-Type: application/json`, or files as a form. Nothing was changed.",
    500: "Something went wrong on our side, and is noted. Please try again; if it happens again, tell a convenor.",
    503: "A part of this node does not answer just now. Nothing you saved is lost.",
}
_AWAY_S = 5


class BadRequest(Invalid):
    """What was sent cannot be read at all, as against read and found wanting."""


class SignInNeeded(NotAllowed):
    """Nobody is signed in."""


@dataclass(frozen=True)
class Problem:
    status: int
    sentence: str
    fields: dict[str, str] = field(default_factory=dict)
    retry_after_s: int | None = None

    @property
    def title(self) -> str:
        return TITLES.get(self.status, TITLES[400] if self.status < 500 else TITLES[500])

    @property
    def passes(self) -> bool:
        """By itself, so that the same may be asked again."""
        return self.retry_after_s is not None


def install(app: Flask) -> None:
    app.register_error_handler(Exception, answer)


def answer(error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException) and (error.code or 500) < 400:
        return error.get_response()
    problem = problem_of(error)
    if problem.status == 500:
        log.error("request failed", extra={"endpoint": request.endpoint}, exc_info=error)
    if request.path.startswith("/api/"):
        return as_json(problem)
    if problem.status == 401 and request.method in {"GET", "HEAD"}:
        back = request.full_path if request.query_string else request.path
        return redirect(f"/signin?{urlencode({'next': back})}", 303)
    return _as_page(problem)


def known_or_nobody() -> None:
    """For what nobody has to be known to read: where who is calling cannot be found out just now, it is nobody.

    Nothing is ended by that: their cookie and their session are as they were. A header that is no sign-in is refused.
    """
    try:
        caller()
    except Exception as error:
        # Any: which of them pass by themselves only the one table of problems says. A fault of ours is raised on.
        if not problem_of(error).passes:
            raise
        g.caller = NOBODY


def problem_of(error: Exception) -> Problem:
    if isinstance(error, Refusal):
        return _refused(error)
    if isinstance(error, Away):
        sentence = str(error) if str(error).endswith(".") else SENTENCES[503]
        return Problem(503, sentence, retry_after_s=_AWAY_S)
    if lost(error):
        log.warning("database away", extra={"endpoint": request.endpoint})
        return Problem(503, SENTENCES[503], retry_after_s=_AWAY_S)
    if isinstance(error, HTTPException):
        status = error.code or 500
        return Problem(status, SENTENCES.get(status, SENTENCES[400] if status < 500 else SENTENCES[500]))
    return Problem(500, SENTENCES[500])


def as_json(problem: Problem) -> Response:
    said: dict[str, object] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.sentence,
    }
    if problem.fields:
        said["fields"] = problem.fields
    response = Response(json.dumps(said), problem.status, content_type="application/problem+json")
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return _paced(response, problem)


def _refused(refusal: Refusal) -> Problem:
    status = 400 if isinstance(refusal, BadRequest) else _status(refusal)
    # In the pages of sign-in itself a refusal is shown; to lead to sign-in would lead in a circle.
    if status == 403 and _is_nobody() and request.blueprint != "auth":
        status = 401
    pause = refusal.retry_after_s if isinstance(refusal, TooMany) else None
    return Problem(status, refusal.sentence, dict(refusal.fields), pause)


def _status(refusal: Refusal) -> int:
    return next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)


def _is_nobody() -> bool:
    # Where finding out who is calling was what failed, it is nobody.
    g.setdefault("caller", NOBODY)
    return not caller().signed_in


def _as_page(problem: Problem) -> Response:
    # At an address that no route has, nobody has asked yet who is calling; elsewhere asking again may be what failed.
    if problem.status == 404 and request.url_rule is None:
        # That their header is no sign-in is no reason to keep from them that nothing is there.
        with suppress(Refusal):
            known_or_nobody()
    g.setdefault("caller", NOBODY)
    try:
        html = render_template("error.html", problem=problem)
    except Exception:
        # Whatever is wrong with the pages, the person gets an answer.
        log.exception("the error page failed")
        html = f"<!doctype html><html lang=en><title>{problem.title}</title><h1>{problem.title}</h1></html>"
    return _paced(Response(html, problem.status), problem)


def _paced(response: Response, problem: Problem) -> Response:
    if problem.retry_after_s is not None:
        response.headers["Retry-After"] = str(problem.retry_after_s)
    return response
