"""The OpenID Connect client: code flow with PKCE S256, state and nonce, towards the one configured provider."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from joserfc.jws import JWSRegistry

from gateway import logout_tokens
from gateway.logout_tokens import ALGORITHMS
from gateway.presence import Presence
from gateway.sessions import AtProvider, SignIn, Tokens
from services.common.clock import Clock
from services.common.errors import NotAllowed
from services.common.rpc_errors import Away

log = logging.getLogger(__name__)
_METADATA_FOR_S = 3600.0
_KEYS_NOT_BEFORE_S = 60.0
_TIMEOUT_S, _LOOK_S = 5.0, 2.0
_ASKED_AGAIN_AFTER_S = 30.0
_LEEWAY_S = 60
_REFRESH = "refresh_token"
_AWAY = "The sign-in service does not answer just now. Your work here is safe."
_FAILED = "The sign-in did not succeed. Nothing was changed; please start it again."


@dataclass(frozen=True)
class Client:
    """What the provider knows us by; the redirect address must match what is registered there exactly."""

    issuer: str
    client_id: str
    client_secret: str | None
    redirect_uri: str
    signed_out_uri: str
    # Where its discovery document is read; the issuer where it is empty.
    address: str = ""
    # A file of certificates to trust it by; empty: those of the machine.
    trusted: str = ""


class Provider:
    """Discovery and keys are fetched when first needed and kept; an unknown key is asked for once a minute at most."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._described_at = f"{(client.address or client.issuer).rstrip('/')}/.well-known/openid-configuration"
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._metadata_until = 0.0
        self._keys: KeySet | None = None
        self._keys_not_before = 0.0
        self._presence = Presence(lambda: self._fetch(self._described_at, _LOOK_S), _AWAY)

    def sign_in_url(self, sign_in: SignIn) -> str:
        session = self._session()
        url, _ = session.create_authorization_url(
            self._endpoint("authorization_endpoint"),
            state=sign_in.state,
            nonce=sign_in.nonce,
            code_verifier=sign_in.verifier,
        )
        return str(url)

    def exchange(self, sign_in: SignIn, code: str) -> tuple[Tokens, AtProvider]:
        """The tokens behind a code, and whose; raises `NotAllowed` when the provider or the id token says no."""
        with _answering(), self._session() as session:
            given = session.fetch_token(
                self._endpoint("token_endpoint"),
                grant_type="authorization_code",
                code=code,
                code_verifier=sign_in.verifier,
            )
        proven = self._verify(given, sign_in.nonce)
        return self._tokens(given, Tokens("", 0.0)), proven

    def refresh(self, tokens: Tokens) -> Tokens:
        """Raises `NotAllowed` when the provider has ended the person's sign-in, `Away` at once while it is away."""
        if not tokens.refresh:
            raise NotAllowed("Your sign-in has ended. Please sign in again.")
        self._presence.check()
        with _answering(), self._session() as session:
            given = session.refresh_token(self._endpoint("token_endpoint"), refresh_token=tokens.refresh)
        return self._tokens(given, tokens)

    def sign_out(self, tokens: Tokens) -> None:
        """Ends the refresh token at the provider, where it can; the person's session here is over in any case."""
        try:
            endpoint = self._metadata_now().get("revocation_endpoint")
            if endpoint and tokens.refresh:
                with _answering(), self._session() as session:
                    session.revoke_token(endpoint, tokens.refresh, token_type_hint=_REFRESH)
        except (Away, NotAllowed) as problem:
            log.warning("sign-out not told to the provider", extra={"reason": type(problem).__name__})

    def sign_out_url(self) -> str | None:
        """Where the person ends the provider's own session; None when it has no such place or does not answer.

        No id_token_hint: it would put a token into the browser's address line. The provider may ask once more instead.
        """
        try:
            endpoint = self._metadata_now().get("end_session_endpoint")
        except Away:
            return None
        if not endpoint:
            return None
        asked = {"client_id": self._client.client_id, "post_logout_redirect_uri": self._client.signed_out_uri}
        return f"{endpoint}?{urlencode(asked)}"

    def answers(self) -> bool:
        """Asked anew at each call: does it describe itself as the issuer that we know?"""
        try:
            return self._fetch(self._described_at).get("issuer") == self._client.issuer
        except (Away, NotAllowed):
            return False

    def check_answer(self, issuer: str | None) -> None:
        """RFC 9207: an answer that names its issuer must name ours."""
        if issuer is not None and issuer != self._client.issuer:
            raise NotAllowed(_FAILED)

    def told_to_end(self, token: str) -> tuple[AtProvider, str] | None:
        """Whose session a logout token ends, and the token's own number; None for one that is not good.

        Anybody may send one, so keys are not asked for again here: that is left to the next sign-in.
        """
        try:
            return logout_tokens.read(
                token, self._key_set(), self._client.issuer, self._client.client_id, self._clock()
            )
        except (JoseError, ValueError, TypeError) as error:
            log.warning("logout token refused", extra={"reason": type(error).__name__})
            return None

    def _verify(self, given: dict[str, Any], nonce: str) -> AtProvider:
        if not isinstance(given.get("id_token"), str) or not isinstance(given.get("access_token"), str):
            raise NotAllowed(_FAILED)
        try:
            registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
            token = jwt.decode(given["id_token"], self._key_set(), registry=registry)
            options = {
                "iss": {"essential": True, "value": self._client.issuer},
                "aud": {"essential": True, "value": self._client.client_id},
            }
            params = {"nonce": nonce, "client_id": self._client.client_id, "access_token": given["access_token"]}
            CodeIDToken(token.claims, token.header, options, params).validate(leeway=_LEEWAY_S)
            claims = token.claims
            return AtProvider(str(claims["sub"]), str(claims.get("sid", "")), str(claims.get("preferred_username", "")))
        except (JoseError, ValueError) as error:
            # A provider that changed its keys is asked for them again at the next attempt.
            self._keys = None
            log.warning("id token refused", extra={"reason": type(error).__name__})
            raise NotAllowed(_FAILED) from error

    def _key_set(self) -> KeySet:
        address = self._endpoint("jwks_uri")
        with self._lock:
            if self._keys is None and time.monotonic() >= self._keys_not_before:
                self._keys_not_before = time.monotonic() + _KEYS_NOT_BEFORE_S
                self._keys = KeySet.import_key_set(cast(KeySetSerialization, self._fetch(address)))
        if self._keys is None:
            raise Away(_AWAY)
        return self._keys

    def _tokens(self, given: dict[str, Any], before: Tokens) -> Tokens:
        if not isinstance(given.get("access_token"), str):
            raise NotAllowed(_FAILED)
        now, lives = self._clock().timestamp(), float(given.get("expires_in") or 60)
        return Tokens(
            access=given["access_token"],
            access_until=now + lives,
            ask_again_at=now + min(lives / 2, _ASKED_AGAIN_AFTER_S),
            refresh=str(given.get("refresh_token") or before.refresh),
        )

    def _endpoint(self, name: str) -> str:
        found = self._metadata_now().get(name)
        if not isinstance(found, str):
            log.error("provider lacks an endpoint", extra={"endpoint": name})
            raise Away(_AWAY)
        return found

    def _metadata_now(self) -> dict[str, Any]:
        with self._lock:
            if time.monotonic() >= self._metadata_until:
                self._metadata = self._metadata_anew()
            return self._metadata

    def _metadata_anew(self) -> dict[str, Any]:
        """The known one does for another minute when it does not answer: nobody waits behind somebody else."""
        try:
            found = self._fetch(self._described_at)
        except Away:
            if not self._metadata:
                raise
            self._metadata_until = time.monotonic() + _KEYS_NOT_BEFORE_S
            return self._metadata
        if found.get("issuer") != self._client.issuer:
            log.error("provider names another issuer")
            raise Away(_AWAY)
        self._metadata_until = time.monotonic() + _METADATA_FOR_S
        return found

    def _fetch(self, url: str, timeout_s: float = _TIMEOUT_S) -> dict[str, Any]:
        with _answering(), self._session() as session:
            response = session.get(url, withhold_token=True, allow_redirects=False, timeout=timeout_s)
            response.raise_for_status()
            found: dict[str, Any] = response.json()
            return found

    def _session(self) -> OAuth2Session:
        # The environment's proxies and .netrc are no settings of ours: the provider is asked directly.
        session = OAuth2Session(
            self._client.client_id,
            self._client.client_secret,
            scope="openid basic",
            redirect_uri=self._client.redirect_uri,
            code_challenge_method="S256",
            default_timeout=_TIMEOUT_S,
            trust_env=False,
        )
        session.verify = self._client.trusted or True
        return session


@contextmanager
def _answering() -> Iterator[None]:
    """Turns what can go wrong on the way to the provider into `Away` (try again) or `NotAllowed` (it said no)."""
    try:
        yield
    except OAuthError as error:
        log.warning("provider refused", extra={"error": error.error})
        raise NotAllowed(_FAILED) from error
    except (requests.RequestException, ValueError) as error:
        log.warning("provider away", extra={"error": type(error).__name__})
        raise Away(_AWAY) from error
