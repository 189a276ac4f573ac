"""A node's own OpenID provider behind the gateway: one address for people, one port that is open.

Only what a browser needs to sign in and out is passed on, as a request of ours: tokens, accounts and the administration
are not reached from outside. Our own cookies stay here, and the provider's answers are read whole, so that a provider
that hangs holds few threads for a few seconds.
"""

import logging
import re
import threading
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import requests
from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from gateway import guards
from gateway.errors import BadRequest
from gateway.known_browsers import KnownBrowsers
from gateway.settings import Settings
from gateway.tries import STALE, Tries
from services.common.errors import TooMany
from services.common.rpc_errors import Away

log = logging.getLogger(__name__)
_AWAY: Final = "The sign-in service does not answer just now. Your work here is safe."
# Keycloak makes each page for the first time after it started, which takes longer than any later time.
_CONNECT_S, _READ_S = 2.0, 15.0
_FORM_BYTES = 64 * 1024
_OURS = ("fosse_", "__Host-fosse_")
_THERE = ("Accept", "Accept-Language", "If-None-Match")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_BACK = (
    "Cache-Control", "Content-Language", "Content-Security-Policy", "Content-Type", "ETag", "Location",
    "Referrer-Policy", "X-Frame-Options", "X-Robots-Tag",
)  # fmt: skip
_PLAIN: Final = re.compile(r"[\w-]{1,64}", re.ASCII)
# What could be read as another path further on.
_TWISTED = ("/../", "/./", "//", "\\", ";", "%")


def install(app: Flask, settings: Settings, browsers: KnownBrowsers) -> None:
    """Nothing where the provider has an address of its own."""
    if not (settings.provider_address and settings.issuer.startswith(f"{settings.public_url}/")):
        return
    realm = urlsplit(settings.issuer).path
    connect, base = f"{realm}/protocol/openid-connect", realm.partition("/realms/")[0]
    rules = (f"{connect}/auth", f"{connect}/logout", f"{connect}/logout/<path:rest>")
    passing = _PassingOn(settings, Tries(browsers, f"{realm}/login-actions/"))

    @guards.theirs
    def provider(rest: str = "") -> Response:
        return passing.answer()

    for rule in (*rules, f"{realm}/login-actions/<path:rest>", f"{base}/resources/<path:rest>"):
        app.add_url_rule(rule, "provider", provider, methods=["GET", "POST"])


class _PassingOn:
    def __init__(self, settings: Settings, tries: Tries) -> None:
        self._tries = tries
        there = urlsplit(settings.provider_address)
        self._origin = f"{there.scheme}://{there.netloc}"
        self._trusted = str(settings.provider_ca or "") or True
        self._returns_to = f"{settings.origin}/signin/return"
        self._places = threading.BoundedSemaphore(max(1, settings.threads // 2))

    def answer(self) -> Response:
        if any(each in f"{request.path}/" for each in _TWISTED):
            raise NotFound
        request.max_content_length = _FORM_BYTES
        if request.method != "POST":
            return self._asked(_query(), b"")
        # Written anew from what was read, so that nothing is counted here as one thing and read there as another.
        query, form = _query(), self._tries.form()
        taken = self._tries.take(form)
        answer = self._asked(query, urlencode(form).encode())
        if _gets_in(answer.headers.get("Location", ""), self._returns_to):
            self._tries.give_back(taken)
        return answer

    def _asked(self, query: str, body: bytes) -> Response:
        if not self._places.acquire(blocking=False):
            raise TooMany("Very many people sign in just now. Please try again in a moment.", retry_after_s=2)
        try:
            # A session of its own: cookies of one person must never be sent for another.
            with requests.Session() as session:
                session.trust_env = False
                return _answer(self._send(session, query, body))
        except requests.RequestException as error:
            # Its text holds the address, and that holds codes.
            log.warning("provider away", extra={"error": type(error).__name__})
            raise Away(_AWAY) from None
        finally:
            self._places.release()

    def _send(self, session: requests.Session, query: str, body: bytes) -> requests.Response:
        return session.request(
            request.method,
            f"{self._origin}{quote(request.path)}{'?' if query else ''}{query}",
            headers=_headers(),
            data=body,
            allow_redirects=False,
            timeout=(_CONNECT_S, _READ_S),
            verify=self._trusted,
        )


def _query() -> str:
    """Written anew like a form: Keycloak begins another field at `;` too, and of two of one name takes the first."""
    fields = list(request.args.items(multi=True))
    if (
        len(fields) != len(request.args)
        or b";" in request.query_string
        or not all(_PLAIN.fullmatch(n) for n, _ in fields)
    ):
        raise BadRequest(STALE)
    return urlencode(fields)


def _gets_in(location: str, returns_to: str) -> bool:
    return location.startswith(f"{returns_to}?") and "code" in parse_qs(urlsplit(location).query)


def _headers() -> Mapping[str, str]:
    theirs = {name: text for name, text in request.cookies.items() if not name.startswith(_OURS)}
    sent = {name: request.headers[name] for name in _THERE if name in request.headers}
    sent |= _FORM if request.method == "POST" else {}
    return {**sent, **({"Cookie": "; ".join(f"{name}={text}" for name, text in theirs.items())} if theirs else {})}


def _answer(found: requests.Response) -> Response:
    answer = Response(found.content, found.status_code, {n: found.headers[n] for n in _BACK if n in found.headers})
    raw: Any = found.raw
    for cookie in raw.headers.getlist("Set-Cookie"):
        answer.headers.add("Set-Cookie", cookie)
    return answer
