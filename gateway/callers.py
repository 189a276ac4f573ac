"""Who sent this request: nobody, a person with a session, or a program with the provider's token.

A session costs one read of the database every few seconds and one `IssuePass` a minute; between those, who somebody
is comes from memory. Someone who is no longer allowed in is therefore out within a minute, as passes promise.
While the provider is away, the access token that it gave carries people on for as long as it holds.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Final

import grpc
from flask import Request, current_app, g, request

from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from gateway.provider import Provider
from gateway.sessions import Session, Sessions, Tokens
from services.common.access import Person
from services.common.channels import with_pass
from services.common.clock import Clock
from services.common.errors import NotAllowed, Refusal, TooMany
from services.common.passes import PassVerifier
from services.common.rpc_errors import Away

_KEY: Final = "fosse_callers"
# A pass is renewed while it is still good for a call that takes its full time.
_PASS_MARGIN_S = 10.0
_TOKEN_MARGIN_S = 30.0
# An access token that is still good for one call.
_LAST_CALL_S = 5.0
_REMEMBER_S = 5.0
_REMEMBERED = 5_000
_PATIENCE_S = 2.0
_ENDED: Final = "Your sign-in has ended. Please sign in again; nothing was changed."


@dataclass(frozen=True)
class Caller:
    """`pass_`, `person` and `name` are there for members only: a session may belong to someone not invited yet.

    `name` is the member's own, and shown to nobody but themselves.
    """

    session: Session | None = None
    pass_: str = field(default="", repr=False)
    person: Person | None = None
    name: str = field(default="", repr=False)
    bearer: bool = False

    @property
    def signed_in(self) -> bool:
        return self.session is not None or self.bearer


NOBODY: Final = Caller()


def caller() -> Caller:
    """Whoever sent the current request."""
    if "caller" not in g:
        callers: Callers = current_app.extensions[_KEY]
        g.caller = callers.of(request)
    found: Caller = g.caller
    return found


class Callers:
    """Finds out who sent a request; safe from many threads."""

    def __init__(
        self, cookie: str, sessions: Sessions, provider: Provider, membership: MembershipStub, clock: Clock
    ) -> None:
        self._cookie = cookie
        self._sessions = sessions
        self._provider = provider
        self._membership = membership
        self._clock = clock
        self._verifier = PassVerifier(self._pass_keys, clock)
        self._known: dict[bytes, tuple[Caller, float]] = {}
        self._lock = threading.Lock()

    def install(self, extensions: dict[str, object]) -> None:
        extensions[_KEY] = self

    def of(self, asked: Request) -> Caller:
        """Raises `NotAllowed` for a bearer token that is not good; a session that is over is nobody."""
        authorization = asked.headers.get("Authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer" or not token or not asked.path.startswith("/api/"):
                raise NotAllowed("This kind of sign-in is not accepted here. Send `Authorization: Bearer` and a token.")
            return self._known_or("bearer", token.strip(), self._bearer)
        number = asked.cookies.get(self._cookie)
        return self._known_or("session", number, self._signed_in) if number else NOBODY

    def fresh_access_token(self) -> str:
        """Of the person with a session who sent this request, for the few calls that take the provider's own token."""
        session, number = caller().session, request.cookies.get(self._cookie)
        if session is None or number is None:
            raise NotAllowed("Please sign in first. Nothing was changed.")
        found = self._sessions.find(number, self._clock())
        if found is None:
            raise SignInEnded(_ENDED)
        return self._renewed_once(found, number, self._has_access, self._with_access).tokens.access

    def forget(self, number: str) -> None:
        """The session has changed: look again at the next request."""
        self._known.pop(_digest("session", number), None)

    def _known_or(self, kind: str, secret: str, find: Callable[[str], Caller]) -> Caller:
        digest = _digest(kind, secret)
        known = self._known.get(digest)
        if known is not None and self._seconds() < known[1]:
            return known[0]
        found = find(secret)
        self._remember(digest, found)
        return found

    def _remember(self, digest: bytes, found: Caller) -> None:
        now = self._seconds()
        with self._lock:
            if len(self._known) >= _REMEMBERED:
                self._known = {each: kept for each, kept in self._known.items() if kept[1] > now}
            if len(self._known) < _REMEMBERED and found is not NOBODY:
                self._known[digest] = (found, now + _REMEMBER_S)

    def _bearer(self, token: str) -> Caller:
        pass_, _ = self._issue(token)
        return Caller(pass_=pass_, person=self._verifier.verify(pass_), bearer=True)

    def _signed_in(self, number: str) -> Caller:
        session = self._sessions.find(number, self._clock())
        if session is None:
            return NOBODY
        try:
            session = self._renewed_once(session, number, self._has_pass, self._with_pass)
        except SignInEnded:
            self._sessions.end(number)
            return NOBODY
        tokens = session.tokens
        if not tokens.pass_:
            return Caller(session)
        return Caller(session, tokens.pass_, self._verifier.verify(tokens.pass_), tokens.name)

    def _renewed_once(
        self, session: Session, number: str, good: Callable[[Tokens], bool], renew: Callable[[Session], Session]
    ) -> Session:
        """The session with good tokens: renewed by one request at a time, of all workers, or the provider ends it."""
        patience = time.monotonic() + _PATIENCE_S
        current: Session | None = session
        while current is not None and not good(current.tokens):
            if self._sessions.claim_renewal(current, self._clock()):
                return self._renewed_alone(number, good, renew)
            if time.monotonic() > patience:
                raise TooMany("The node is busy just now. Please try again in a moment.", retry_after_s=2)
            time.sleep(0.02)
            current = self._sessions.find(number, self._clock())
        if current is None:
            raise SignInEnded(_ENDED)
        return current

    def _renewed_alone(
        self, number: str, good: Callable[[Tokens], bool], renew: Callable[[Session], Session]
    ) -> Session:
        # Read anew: somebody may have renewed between our look and our claim, and an old refresh token ends all.
        current = self._sessions.find(number, self._clock())
        if current is None:
            raise SignInEnded(_ENDED)
        try:
            return current if good(current.tokens) else renew(current)
        finally:
            self._sessions.release(current)

    def _has_pass(self, tokens: Tokens) -> bool:
        return tokens.pass_until - _PASS_MARGIN_S > self._seconds()

    def _has_access(self, tokens: Tokens) -> bool:
        # Sessions that began before it was kept have no time to ask again.
        return (tokens.ask_again_at or tokens.access_until - _TOKEN_MARGIN_S) > self._seconds()

    def _with_access(self, session: Session) -> Session:
        if self._has_access(session.tokens):
            return session
        try:
            tokens = self._provider.refresh(session.tokens)
        except NotAllowed as error:
            raise SignInEnded(_ENDED) from error
        except Away:
            if session.tokens.access_until - _LAST_CALL_S <= self._seconds():
                raise
            return session
        # Kept at once: the provider takes a refresh token only once.
        return self._sessions.keep(session, tokens)

    def _with_pass(self, session: Session) -> Session:
        session = self._with_access(session)
        try:
            pass_, until = self._issue(session.tokens.access)
        except NotAllowed:
            # Signed in, and not a member yet (or no longer): asked again when this has been forgotten.
            return self._sessions.keep(session, replace(session.tokens, pass_="", pass_until=0.0, name=""))
        name = self._name(pass_) or session.tokens.name
        return self._sessions.keep(session, replace(session.tokens, pass_=pass_, pass_until=until, name=name))

    def _name(self, pass_: str) -> str:
        """Empty when membership does not say: a page without a name is better than none."""
        try:
            return self._membership.GetMe(pb.GetMeRequest(), metadata=with_pass(pass_)).name
        except (Away, Refusal, grpc.RpcError):
            return ""

    def _issue(self, access_token: str) -> tuple[str, float]:
        answer = self._membership.IssuePass(pb.IssuePassRequest(access_token=access_token))
        return getattr(answer, "pass"), answer.expires_at.ToDatetime(UTC).timestamp()

    def _pass_keys(self) -> dict[str, bytes]:
        return {key.kid: key.public_key for key in self._membership.PassKeys(pb.PassKeysRequest()).keys}

    def _seconds(self) -> float:
        return self._clock().timestamp()


class SignInEnded(NotAllowed):
    """The session is over, or the provider renews this sign-in no more."""


def _digest(kind: str, secret: str) -> bytes:
    return hashlib.sha256(f"{kind}:{secret}".encode()).digest()
