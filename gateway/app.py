"""The web application put together: nothing runs at import, everything is made by `create_app`."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from flask import Flask, request
from werkzeug.exceptions import LengthRequired
from werkzeug.middleware.proxy_fix import ProxyFix

from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from gateway import (
    answered,
    api,
    auth,
    clients,
    errors,
    files,
    guards,
    health,
    joining,
    limits,
    measuring,
    operating,
    pages,
    passing,
    security,
    tracing,
)
from gateway.admission import Admission, Congestion
from gateway.callers import Callers, caller
from gateway.counters import Counters
from gateway.errors import SignInNeeded
from gateway.known_browsers import KnownBrowsers
from gateway.provider import Client, Provider
from gateway.sessions import Sessions
from gateway.settings import Settings
from services.common import migrating
from services.common.channels import Channels
from services.common.clock import Clock, utc_now
from services.common.database import Database
from services.common.errors import NotAllowed
from services.common.trace_context import tracer_of
from services.common.wires import wires_of

MIGRATIONS = Path(__file__).parent / "migrations"
# What a form has besides its file.
_FORM_BYTES = 1024 * 1024
_CLOSE: Final = "fosse_close"


def create_app(settings: Settings, *, clock: Clock = utc_now, channels: Channels | None = None) -> Flask:
    """Raises `WrongVersion` when the database does not fit, `UnguardedRoute` when a route names no caller."""
    db = Database(settings.database, connections=settings.connections)
    migrating.check(db, MIGRATIONS)
    secret = security.secret_key(settings.secret_key_file)
    app = _flask(settings, secret)
    tracer = tracer_of("gateway", settings.traces)
    connected = channels or Channels(wires_of(settings.run_dir, settings.tls_dir), "gateway", tracer)
    door = _door(settings, db, secret, connected, clock)
    stop_tracing = tracing.start(app, tracer)
    measured = measuring.start(app, door, db)
    app.wsgi_app = Admission(app.wsgi_app, Congestion(), measured.refused)  # type: ignore[method-assign]  # as below
    door.callers.install(app.extensions)
    clients.install(app.extensions, clients.connect(connected, settings))
    errors.install(app)
    security.install(app, settings, secret)
    health.install(app)
    auth.install(app, door)
    joining.install(app, door)
    api.install(app)
    files.install(app)
    passing.install(app, settings, door.browsers)
    answered.install(app.extensions, answered.Answered(settings, clock))
    pages.register(app, settings.name, clock)
    limits.install(app, limits.Counting(door.counters, clock, settings.searches_a_minute))
    _guard(app)
    stop = operating.start(door, db, connected)
    app.extensions[_CLOSE] = [measured.stop, stop, db.dispose, connected.close, stop_tracing]
    return app


def close(app: Flask) -> None:
    """Lets go of the database and of the connections to the services."""
    for each in app.extensions[_CLOSE]:
        each()


def _flask(settings: Settings, secret: bytes) -> Flask:
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secret,
        PUBLIC_ORIGIN=settings.origin,
        # Flask's own cookie holds what is said once after a change, and nothing else.
        SESSION_COOKIE_NAME=settings.cookie("said"),
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_SAMESITE="Lax",
        # Where the address does not carry the content's mark.
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        MAX_CONTENT_LENGTH=settings.upload_limit + _FORM_BYTES,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # Flask's own way to put something around an application
    return app


def _door(settings: Settings, db: Database, secret: bytes, channels: Channels, clock: Clock) -> auth.Door:
    client_secret = settings.client_secret_file.read_text().strip() or None if settings.client_secret_file else None
    at_provider = Client(
        issuer=settings.issuer,
        client_id=settings.client_id,
        client_secret=client_secret,
        redirect_uri=f"{settings.origin}/signin/return",
        signed_out_uri=f"{settings.origin}/",
        address=settings.provider_address,
        trusted=str(settings.provider_ca or ""),
    )
    provider, sessions = Provider(at_provider, clock), Sessions(db)
    # Without a person's pass: these calls are how a pass is come by.
    membership = channels.stub(MembershipStub, "membership", settings.page_deadline_s)
    callers = Callers(settings.cookie(), sessions, provider, membership, clock)
    browsers = KnownBrowsers(secret, settings.cookie("known"), settings.https)
    return auth.Door(settings, provider, sessions, Counters(db, secret), browsers, callers, membership, clock)


def _guard(app: Flask) -> None:
    guarded = guards.check_routes(app)

    @app.before_request
    def may_they() -> None:
        guard = guarded.get(request.endpoint or "")
        if guard is None:
            return
        if request.content_length is None and "Transfer-Encoding" in request.headers:
            # gunicorn does not know where such a body ends, and what is cut at the limit would be taken for all of it.
            raise LengthRequired
        if guard.anyone:
            # Large bodies are for those who may add files.
            request.max_content_length = _FORM_BYTES
        else:
            _refuse(guard)
        if guard.our_forms:
            security.check_form()
        limits.counting().look(request.endpoint or "")


def _refuse(guard: guards.Guard) -> None:
    """Raises `SignInNeeded` or `NotAllowed` unless the guard lets the caller in."""
    asking = caller()
    if not asking.signed_in:
        raise SignInNeeded("Please sign in first. Nothing was changed.")
    if not guard.roles:
        return
    if asking.person is None:
        raise NotAllowed(
            "You are signed in, but nobody has invited this sign-in yet. Open the link in your invitation, or ask a "
            "convenor of your community for one."
        )
    if not asking.person.all_roles & guard.roles:
        raise NotAllowed("Your role does not allow this. Nothing was changed; a convenor can help.")
