"""The OpenID provider's side of a sign-in: is this access token really its word, and about whom?

Only `IssuePass` and `AcceptInvitation` see the provider's tokens. Keys come from the configured provider alone; what a
token says about where to find keys (`jku`, `x5u`, `jwk`) is never looked at.
"""

import json
import logging
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import urlsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from services.common.errors import NotAllowed, TooMany
from services.membership.domain import SignIn

log = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
LONGEST_TOKEN = 16 * 1024
LONGEST_ANSWER = 256 * 1024
CLOCKS_DIFFER_S = 10
KEYS_STALE = timedelta(minutes=10)
KEYS_DEAD = timedelta(hours=1)
UNKNOWN_KID_WAIT = timedelta(seconds=60)
NO_KEYS_WAIT = timedelta(seconds=2)
_NO = "Your sign-in could not be checked. Nothing was changed; please sign in again."
_AWAY = "The sign-in service of this node does not answer just now. Nothing was changed; please try again in a moment."

Key = RSAKey | ECKey | OKPKey
KeysByKid = Mapping[str, Key]


class ProviderAway(Exception):
    """The provider's keys could not be fetched."""


class BadProvider(Exception):
    """The provider's settings cannot be used; the sentence names what is wrong."""


class FetchKeys(Protocol):
    def __call__(self) -> KeysByKid:
        """The provider's keys; raises `ProviderAway`."""


class ProviderKeys:
    """The provider's keys, fetched rarely: unknown kids cost the provider at most one call a minute."""

    def __init__(self, fetch: FetchKeys) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._keys: KeysByKid = {}
        self._fetched: datetime | None = None
        self._tried: datetime | None = None

    def find(self, kid: str, now: datetime) -> Key | None:
        """The key of that name, if the provider has one; raises `TooMany` while its keys are not known at all."""
        if kid not in self._usable(now) or self._older_than(KEYS_STALE, now):
            self._refresh(now)
        keys = self._usable(now)
        if not keys:
            raise TooMany(_AWAY, retry_after_s=5)
        return keys.get(kid)

    def _usable(self, now: datetime) -> KeysByKid:
        return {} if self._older_than(KEYS_DEAD, now) else self._keys

    def _older_than(self, age: timedelta, now: datetime) -> bool:
        return self._fetched is None or now - self._fetched > age

    def _refresh(self, now: datetime) -> None:
        # Who finds keys at hand does not wait for somebody else's fetch: a provider that hangs must not hang us.
        if not self._lock.acquire(blocking=not self._usable(now), timeout=-1 if self._usable(now) else 3):
            return
        try:
            wait = UNKNOWN_KID_WAIT if self._usable(now) else NO_KEYS_WAIT
            if self._tried is None or now - self._tried >= wait:
                self._tried = now
                self._keys, self._fetched = self._fetch(), now
        except ProviderAway as problem:
            log.warning("provider keys not fetched", extra={"problem": str(problem)})
        finally:
            self._lock.release()


@dataclass(frozen=True)
class Provider:
    """One OpenID provider as this node trusts it."""

    issuer: str
    audience: str
    keys: ProviderKeys

    def signed_in(self, token: str, now: datetime) -> SignIn:
        """Whose access token this is; raises `NotAllowed` unless every part of it holds."""
        try:
            claims = self._verified(token, now)
        except (JoseError, ValueError, TypeError, KeyError) as problem:
            log.info("access token refused", extra={"problem": type(problem).__name__})
            raise NotAllowed(_NO) from problem
        return SignIn(self.issuer, claims["sub"])

    def _verified(self, token: str, now: datetime) -> Mapping[str, Any]:
        if len(token) > LONGEST_TOKEN:
            raise ValueError("too long")
        kid = _checked_header(token)
        key = self.keys.find(kid, now)
        if key is None:
            raise ValueError("unknown kid")
        claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
        self._check(claims, now)
        return claims

    def _check(self, claims: Mapping[str, Any], now: datetime) -> None:
        rules = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=CLOCKS_DIFFER_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        rules.validate(dict(claims))
        # A provider's id tokens and refresh tokens name themselves too, whatever their header says.
        if claims.get("typ", "Bearer") != "Bearer" or not 1 <= len(claims["sub"]) <= 255:
            raise ValueError("not an access token of a person")


def _checked_header(token: str) -> str:
    header = jws.extract_compact(token.encode("ascii")).headers()
    if str(header.get("typ", "")).lower() not in TOKEN_TYPES or header.get("alg") not in ALGORITHMS:
        raise ValueError("not an access token")
    if "crit" in header or not isinstance(header.get("kid"), str):
        raise ValueError("an unusable header")
    return str(header["kid"])


def fetcher(issuer: str, jwks_uri: str, ca: ssl.SSLContext | None, timeout_s: float = 2.0) -> FetchKeys:
    """Fetches the provider's keys over HTTPS, or plain HTTP to loopback; raises `BadProvider` for any other address."""
    for address in (issuer, jwks_uri or issuer):
        require_safe(address)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ca), _NoRedirects()
    )

    def read(address: str) -> dict[str, Any]:
        require_safe(address)
        try:
            with opener.open(address, timeout=timeout_s) as answer:
                document = json.loads(answer.read(LONGEST_ANSWER))
        except (OSError, ValueError) as problem:
            raise ProviderAway(f"{type(problem).__name__} at the provider") from problem
        if not isinstance(document, dict):
            raise ProviderAway("the provider's answer is not an object")
        return document

    def fetch() -> KeysByKid:
        return usable_keys(read(jwks_uri or _discovered(read, issuer)))

    return fetch


def usable_keys(document: Mapping[str, Any]) -> KeysByKid:
    """The public keys of a JWKS that sign with an algorithm we accept; others are passed over."""
    keys: dict[str, Key] = {}
    for each in document.get("keys", ()):
        if not isinstance(each, dict) or each.get("use", "sig") != "sig" or not each.get("kid"):
            continue
        if each.get("alg", ALGORITHMS[0]) not in ALGORITHMS:
            continue
        try:
            key = KeySet.import_key_set({"keys": [each]}).keys[0]
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, Key):
            keys[str(each["kid"])] = key
    return keys


def require_safe(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and _is_loopback(parts.hostname or ""):
        return
    raise BadProvider(f"The sign-in provider's address {address!r} must be https, or http to this machine itself.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _discovered(read: Any, issuer: str) -> str:
    document = read(issuer.rstrip("/") + "/.well-known/openid-configuration")
    if document.get("issuer") != issuer or not isinstance(document.get("jwks_uri"), str):
        raise ProviderAway("the discovery document is of another issuer")
    return str(document["jwks_uri"])


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
