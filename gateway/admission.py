"""Who is let in when more is asked than can be answered: a queue that stands is cut, before anybody is looked up.

A short rush waits and is answered. Where everybody has waited a fifth of a second for a whole second, each that has
waited for more than half of what answering takes is refused at once, so that those who are let in are answered as fast
as ever. It is told with 429 and Retry-After: 503 would say that the node is broken, and watchers count it as a fault.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from gateway.errors import TITLES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What a page needs that was let in, and what says that the process lives; both cost next to nothing.
_ALWAYS: Final = ("/static/", "/health")
# A queue of which each has waited so long, for so long, is no rush any more.
_STANDS_S: Final = 0.2
_RUSH_S: Final = 1.0
# So long nobody has waited for long: all are let in again.
_CALM_S: Final = 1.0
_LEARN: Final = 0.05
_AFTER_S: Final = 2
_SENTENCE: Final = "Very much is asked of this node just now. Nothing was changed; please try again in a moment."
_TITLE: Final = TITLES[429]
_PROBLEM: Final = json.dumps({"type": "about:blank", "title": _TITLE, "status": 429, "detail": _SENTENCE}).encode()
_PAGE: Final = (
    f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    f"<title>{_TITLE}</title><h1>{_TITLE}</h1><p>{_SENTENCE}</p></html>"
).encode()
_server = threading.local()


def has_waited(seconds: float) -> None:
    """Said by a server in the thread that answers next."""
    _server.waited = seconds


def nobody(waited_s: float) -> None:
    """Where no refusal is counted."""


class Congestion:
    """Whether a queue stands; safe from many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # What answering takes; the first pages of a process are slow.
        self._usual_s = 0.05
        self._stands_since: float | None = None
        self._cutting = False
        self._last_long = 0.0

    def refuses(self, waited_s: float) -> bool:
        with self._lock:
            now = self._clock()
            if not self._cutting:
                self._cutting = self._has_stood(waited_s, now)
            # Half of what answering takes is hardly felt, and keeps threads from being idle.
            long = waited_s >= self._usual_s / 2
            self._last_long = now if long else self._last_long
            self._cutting = self._cutting and now - self._last_long < _CALM_S
            return self._cutting and long

    def learn(self, took_s: float) -> None:
        with self._lock:
            self._usual_s += _LEARN * (took_s - self._usual_s)

    def _has_stood(self, waited_s: float, now: float) -> bool:
        if waited_s < _STANDS_S:
            self._stands_since = None
            return False
        self._stands_since = now if self._stands_since is None else self._stands_since
        return now - self._stands_since > _RUSH_S


class Admission:
    """Around the whole application, so that a refusal costs next to nothing.

    `told`: of each refusal, with how long it had waited.
    """

    def __init__(self, app: "WSGIApplication", congestion: Congestion, told: Callable[[float], None] = nobody) -> None:
        self._app = app
        self._congestion = congestion
        self._told = told

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        waited, _server.waited = getattr(_server, "waited", 0.0), 0.0
        if str(environ.get("PATH_INFO", "")).startswith(_ALWAYS):
            return self._app(environ, start_response)
        if self._congestion.refuses(waited):
            self._told(waited)
            return _refused(environ, start_response)
        began = time.monotonic()
        try:
            return self._app(environ, start_response)
        finally:
            self._congestion.learn(time.monotonic() - began)


def _refused(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    program = str(environ.get("PATH_INFO", "")).startswith("/api/")
    body, kind = (_PROBLEM, "application/problem+json") if program else (_PAGE, "text/html; charset=utf-8")
    told = {
        "Retry-After": str(_AFTER_S), "Content-Type": kind, "Content-Length": str(len(body)),
        "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }  # fmt: skip
    start_response("429 Too Many Requests", list(told.items()))
    return [body]
