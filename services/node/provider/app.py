"""The pages of the embedded provider: discovery, keys, sign-in, tokens."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from flask import Flask, Response, abort, jsonify, make_response, render_template, request

import gateway
from services.common.clock import utc_now
from services.node.provider import keys, loopback
from services.node.provider.accounts import Accounts
from services.node.provider.grants import Grants
from services.node.provider.oauth import Server
from services.node.provider.records import SCOPES, Client

# Between the page and the policy of its headers; never sent.
_LEADS_TO = "X-Leads-To"


@dataclass(frozen=True)
class ProviderSettings:
    issuer: str
    """http://127.0.0.1:<port>; nothing that another machine could reach."""
    node: str
    node_name: str
    folder: Path
    client_id: str
    redirect_uris: frozenset[str]
    client_secret: str = ""

    @property
    def people(self) -> Path:
        return self.folder / "people.json"


def create_app(settings: ProviderSettings, clock: Callable[[], datetime] = utc_now) -> Flask:
    """Raises `Invalid` when the issuer is not on loopback."""
    loopback.checked(urlsplit(settings.issuer).hostname or "")
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = Flask(__name__, static_folder=str(Path(gateway.__file__).parent / "static"), static_url_path="/static")
    app.config.update(MAX_CONTENT_LENGTH=64 * 1024, SECRET_KEY=secrets.token_bytes(32))
    accounts = Accounts(settings.people)
    server = Server(
        app,
        issuer=settings.issuer,
        client=Client(settings.client_id, settings.redirect_uris, settings.client_secret),
        accounts=accounts,
        grants=Grants(settings.folder / "grants.json", clock),
        key=keys.load_or_make(settings.folder / "key.pem"),
        clock=clock,
    )
    app.before_request(_only_this_machine)
    app.after_request(_headers)
    _describe(app, settings, server)
    sign_in = SignIn(settings, server, accounts)
    app.add_url_rule("/authorize", view_func=sign_in.ask, methods=["GET"])
    app.add_url_rule("/authorize", view_func=sign_in.choose, methods=["POST"])
    return app


def _only_this_machine() -> None:
    # A proxy on this machine would make everybody loopback, so a forwarded request is refused as well.
    forwarded = "Forwarded" in request.headers or "X-Forwarded-For" in request.headers
    from_here = loopback.is_loopback(request.remote_addr or "") and loopback.names_this_machine(request.host)
    if forwarded or not from_here:
        abort(make_response("This sign-in answers on its own machine only.\n", 403, {"Content-Type": "text/plain"}))


def _headers(response: Response) -> Response:
    # Browsers apply form-action to where a form redirects, so the page names the gateway it leads back to.
    back = response.headers.pop(_LEADS_TO, "")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self' {back}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if not request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _describe(app: Flask, settings: ProviderSettings, server: Server) -> None:
    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        return jsonify(
            issuer=settings.issuer,
            authorization_endpoint=f"{settings.issuer}/authorize",
            token_endpoint=f"{settings.issuer}/token",
            revocation_endpoint=f"{settings.issuer}/revoke",
            jwks_uri=f"{settings.issuer}/jwks",
            response_types_supported=["code"],
            response_modes_supported=["query"],
            grant_types_supported=["authorization_code", "refresh_token"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=[keys.ALGORITHM],
            token_endpoint_auth_methods_supported=["client_secret_basic" if settings.client_secret else "none"],
            code_challenge_methods_supported=["S256"],
            scopes_supported=list(SCOPES),
            claims_supported=["iss", "aud", "sub", "exp", "iat", "auth_time", "nonce"],
        )

    @app.get("/jwks")
    def jwks() -> Response:
        return jsonify(keys.public_set(server.key))

    @app.post("/token")
    def token() -> Response:
        response: Response = server.create_token_response()
        return response

    @app.post("/revoke")
    def revoke() -> Response:
        response: Response = server.create_endpoint_response("revocation")
        return response


class SignIn:
    """The page on which a person is chosen, and the choice."""

    def __init__(self, settings: ProviderSettings, server: Server, accounts: Accounts) -> None:
        self._settings = settings
        self._server = server
        self._accounts = accounts
        self._cookie = f"fosse_provider_{settings.node}"
        self._secret = secrets.token_bytes(32)

    def ask(self) -> Response:
        try:
            self._server.get_consent_grant()
        except OAuth2Error as error:
            return _refused(self._server, self._settings, error)
        return self._page()

    def choose(self) -> Response:
        try:
            grant = self._server.get_consent_grant()
        except OAuth2Error as error:
            return _refused(self._server, self._settings, error)
        expected = self._form_token(request.cookies.get(self._cookie, ""))
        if not hmac.compare_digest(expected.encode(), request.form.get("form_token", "").encode()):
            return self._page("This page was open for too long. Please choose again.", 400)
        account = self._accounts.get(request.form.get("subject", ""))
        if account is None:
            return self._page("This person may no longer sign in. Please choose again.", 400)
        response: Response = self._server.create_authorization_response(grant_user=account, grant=grant)
        response.headers[_LEADS_TO] = _origin(request.args["redirect_uri"])
        return response

    def _page(self, problem: str = "", status: int = 200) -> Response:
        browser = request.cookies.get(self._cookie) or secrets.token_urlsafe(16)
        everybody = self._accounts.all()
        html = render_template(
            "sign_in.html",
            node_name=self._settings.node_name,
            first=[each for each in everybody if each.first],
            others=[each for each in everybody if not each.first],
            form_token=self._form_token(browser),
            problem=problem,
        )
        response = make_response(html, status, {_LEADS_TO: _origin(request.args["redirect_uri"])})
        response.set_cookie(self._cookie, browser, httponly=True, samesite="Lax", path="/authorize")
        return response

    def _form_token(self, browser: str) -> str:
        return hmac.new(self._secret, browser.encode(), sha256).hexdigest()


def _refused(server: Server, settings: ProviderSettings, error: OAuth2Error) -> Response:
    """Back to the gateway where its address was exact; else a page, because nobody else is sent anywhere."""
    if error.redirect_uri in settings.redirect_uris:
        response: Response = server.handle_error_response(request, error)
        return response
    html = render_template("refused.html", node_name=settings.node_name, reason=error.description or error.error)
    return make_response(html, 400)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
