"""The provider's public keys: from where they may come, and how seldom they are fetched."""

import json
import logging
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from services.common.errors import TooMany
from services.common.settings import BadSetting

log = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
LONGEST_ANSWER = 256 * 1024
KEYS_STALE = timedelta(minutes=10)
KEYS_DEAD = timedelta(hours=1)
UNKNOWN_KID_WAIT = timedelta(seconds=60)
NO_KEYS_WAIT = timedelta(seconds=2)
_LONGEST_WAIT_S = 3.0
_AWAY = "The sign-in service of this node does not answer just now. Nothing was changed; please try again in a moment."

Key = RSAKey | ECKey | OKPKey
KeysByKid = Mapping[str, Key]
FetchKeys = Callable[[], KeysByKid]


class ProviderAway(Exception):
    """The provider's keys could not be fetched."""


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
        if kid not in self._usable(now):
            # A fetch may be under way that brings it: a new key must not be refused meanwhile.
            self._refresh(now, patience_s=_LONGEST_WAIT_S)
        elif self._older_than(KEYS_STALE, now):
            # A provider that hangs must not hold up whoever has the key at hand.
            self._refresh(now, patience_s=0)
        keys = self._usable(now)
        if not keys:
            raise TooMany(_AWAY, retry_after_s=5)
        return keys.get(kid)

    def _usable(self, now: datetime) -> KeysByKid:
        return {} if self._older_than(KEYS_DEAD, now) else self._keys

    def _older_than(self, age: timedelta, now: datetime) -> bool:
        return self._fetched is None or now - self._fetched > age

    def _refresh(self, now: datetime, *, patience_s: float) -> None:
        if not self._lock.acquire(timeout=patience_s):
            return
        try:
            wait = UNKNOWN_KID_WAIT if self._usable(now) else NO_KEYS_WAIT
            if self._tried is None or now - self._tried >= wait:
                self._tried = now
                self._keys, self._fetched = self._fetch(), now
        except ProviderAway as problem:
            log.warning("provider keys not fetched", extra={"cause": type(problem.__cause__ or problem).__name__})
        finally:
            self._lock.release()


class HttpKeys:
    """Fetches the provider's keys over HTTPS, or plain HTTP to this machine; follows no redirect and no proxy.

    Raises `BadSetting` for any other address.
    """

    def __init__(self, issuer: str, jwks_uri: str, trusted: ssl.SSLContext | None, timeout_s: float = 2.0) -> None:
        for address in (issuer, jwks_uri or issuer):
            if not is_safe(address):
                raise BadSetting(f"The sign-in provider's address {address!r} must be https, or http to this machine.")
        self._issuer = issuer
        self._jwks_uri = jwks_uri
        self._timeout_s = timeout_s
        https = urllib.request.HTTPSHandler(context=trusted)
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), https, _NoRedirects())

    def __call__(self) -> KeysByKid:
        """Raises `ProviderAway`."""
        return usable_keys(self._read(self._jwks_uri or self._discovered()))

    def _discovered(self) -> str:
        document = self._read(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        if document.get("issuer") != self._issuer or not isinstance(document.get("jwks_uri"), str):
            raise ProviderAway("the discovery document is of another issuer")
        return str(document["jwks_uri"])

    def _read(self, address: str) -> Mapping[str, Any]:
        if not is_safe(address):
            raise ProviderAway("the keys are said to be at an address that is not safe")
        try:
            with self._opener.open(address, timeout=self._timeout_s) as answer:
                document = json.loads(answer.read(LONGEST_ANSWER))
        except (OSError, HTTPException, ValueError) as problem:
            raise ProviderAway("the provider does not answer as it should") from problem
        if not isinstance(document, dict):
            raise ProviderAway("the provider's answer is not an object")
        return document


def usable_keys(document: Mapping[str, Any]) -> KeysByKid:
    """The public keys of a JWKS that sign with an algorithm we accept; others are passed over."""
    given = document.get("keys")
    entries: Iterable[Any] = given if isinstance(given, list) else ()
    found = ((str(each["kid"]), _key(each)) for each in entries if isinstance(each, dict) and each.get("kid"))
    return {kid: key for kid, key in found if key is not None}


def _key(entry: dict[str, Any]) -> Key | None:
    if entry.get("use", "sig") != "sig" or entry.get("alg", ALGORITHMS[0]) not in ALGORITHMS:
        return None
    try:
        key = KeySet.import_key_set({"keys": [entry]}).keys[0]
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, Key) else None


def is_safe(address: str) -> bool:
    """HTTPS, or plain HTTP to this machine."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    return (parts.scheme == "https" and bool(host)) or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
