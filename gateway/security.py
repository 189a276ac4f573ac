"""What protects a page in a browser: headers on every answer, and a token in every form that changes something."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from flask import Flask, Response, current_app, g, request

from gateway.callers import caller
from gateway.errors import BadRequest
from gateway.settings import Settings, origin_of

FIELD: Final = "csrf_token"
HEADER: Final = "X-CSRF-Token"
_KEY: Final = "fosse_forms"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_STALE: Final = (
    "This page was open for too long, or you signed in or out in another tab. Nothing was changed. "
    "Go back, reload the page and send it once more."
)
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_BARE_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def secret_key(path: Path) -> bytes:
    """The gateway's own secret, made by whichever worker comes first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    if not path.exists():
        with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_bytes()


class Forms:
    """Tokens that show that a form came from a page of ours, bound to the session or to an anonymous browser."""

    def __init__(self, secret: bytes, cookie: str, secure: bool) -> None:
        self._secret = secret
        self._cookie = cookie
        self._secure = secure

    def token(self) -> str:
        return self._for(self._bound_to() or self._new_browser())

    def check(self) -> None:
        """Raises `BadRequest` for a change that no page of ours asked for."""
        if request.method in _SAFE or self._carries_nothing():
            return
        # Another site's page cannot set this header to a lie, and other ports of this host are other sites to us.
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            raise BadRequest(_STALE)
        bound_to = self._bound_to()
        given = request.headers.get(HEADER) or ("" if self._is_api() else request.form.get(FIELD, ""))
        if bound_to is None or not hmac.compare_digest(self._for(bound_to).encode(), given.encode()):
            raise BadRequest(_STALE)

    def remember(self, response: Response) -> None:
        """Gives an anonymous browser the cookie that its form's token is bound to."""
        if "new_browser" in g:
            response.set_cookie(
                self._cookie, g.new_browser, httponly=True, samesite="Lax", secure=self._secure, path="/"
            )

    def _carries_nothing(self) -> bool:
        """A program's call, with a token of its own or with none: there is no cookie to misuse."""
        return self._is_api() and caller().session is None

    def _is_api(self) -> bool:
        return request.path.startswith("/api/")

    def _bound_to(self) -> str | None:
        session = caller().session
        return session.hash if session else request.cookies.get(self._cookie)

    def _new_browser(self) -> str:
        if "new_browser" not in g:
            g.new_browser = secrets.token_urlsafe(32)
        return str(g.new_browser)

    def _for(self, bound_to: str) -> str:
        return hmac.new(self._secret, f"form:{bound_to}".encode(), hashlib.sha256).hexdigest()


def install(app: Flask, settings: Settings, secret: bytes) -> None:
    forms = Forms(secret, settings.cookie("form"), settings.https)
    app.extensions[_KEY] = forms
    app.jinja_env.globals.update(csrf_token=csrf_token, csp_nonce=csp_nonce)
    form_action = " ".join(["'self'", origin_of(settings.issuer), *settings.sign_in_origins.split()])

    @app.after_request
    def protect(response: Response) -> Response:
        forms.remember(response)
        headers = response.headers
        for name, value in _ALWAYS.items():
            # A page may be stricter.
            headers.setdefault(name, value)
        if "Content-Security-Policy" not in headers:
            html = response.mimetype == "text/html"
            headers["Content-Security-Policy"] = _policy(form_action) if html else _BARE_POLICY
        if request.endpoint == "static" and "v" in request.args:
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        elif "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store"
        if settings.https:
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        return response


def check_form() -> None:
    forms: Forms = current_app.extensions[_KEY]
    forms.check()


def csrf_token() -> str:
    forms: Forms = current_app.extensions[_KEY]
    return forms.token()


def csp_nonce() -> str:
    """Lets one inline script or style of this answer run; each answer has another."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _policy(form_action: str) -> str:
    nonce = f" 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else ""
    # Browsers apply form-action to where a form leads on to as well: sign-in and sign-out lead to the provider.
    return (
        f"default-src 'none'; script-src 'self'{nonce}; style-src 'self'{nonce}; img-src 'self' data:; "
        f"font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action {form_action}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
