"""Passes: short-lived statements, signed by this node's membership, of who is calling and what they may be.

A pass is a JWT signed with Ed25519 (RFC 7519, RFC 8037), good for at most 60 seconds. Every service verifies passes
and nothing else; the keys come from membership's `PassKeys` and are kept.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64encode

from services.common.access import Person
from services.common.clock import Clock
from services.common.errors import NotAllowed

LIFETIME: Final = timedelta(seconds=60)
AUDIENCE: Final = "fosse-pass"
_TYPE: Final = "fosse-pass+jwt"
_FETCH_EVERY: Final = timedelta(seconds=60)
_KEPT: Final = 2_000
_REFUSED: Final = "Your sign-in has run out or is not valid. Please sign in again; nothing was changed."

FetchKeys = Callable[[], Mapping[str, bytes]]


def sign(key: OKPKey, kid: str, person: Person, now: datetime, lifetime: timedelta = LIFETIME) -> str:
    """A pass for this person; raises ValueError for a lifetime over 60 s."""
    if lifetime > LIFETIME:
        raise ValueError("a pass lasts at most 60 s")
    claims: dict[str, Any] = {
        "aud": AUDIENCE,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
        "sub": person.member_id,
        "org": person.organisation_id,
        "org_name": person.organisation_name,
        "shown_as": person.shown_as,
        "roles": {community: sorted(roles) for community, roles in person.roles.items()},
        "operator": person.operator,
        "localities": list(person.localities),
        "scope": person.scope,
    }
    if person.acting_id:
        # RFC 8693, 4.1: whoever acts for the subject.
        claims["act"] = {"sub": person.acting_id}
    return jwt.encode({"alg": "Ed25519", "kid": kid, "typ": _TYPE}, claims, key, algorithms=["Ed25519"])


class PassVerifier:
    """Verifies passes; one verified before is known by its hash until it expires."""

    def __init__(self, fetch_keys: FetchKeys, clock: Clock) -> None:
        self._fetch = fetch_keys
        self._clock = clock
        self._keys: dict[str, OKPKey] = {}
        self._fetched: datetime | None = None
        self._known: dict[bytes, tuple[Person, datetime]] = {}
        self._lock = threading.Lock()

    def verify(self, token: str) -> Person:
        """The person; raises `NotAllowed` for all but a valid pass, `Away` when its key is not to be had just now."""
        digest = hashlib.sha256(token.encode()).digest()
        now = self._clock()
        known = self._known.get(digest)
        if known and now < known[1]:
            return known[0]
        person, expires = self._decode(token, now)
        self._remember(digest, person, expires, now)
        return person

    def _decode(self, token: str, now: datetime) -> tuple[Person, datetime]:
        try:
            key = self._key(_kid(token), now)
            decoded = jwt.decode(token, key, algorithms=["Ed25519"])
            return _person(decoded.header, decoded.claims, now)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotAllowed(_REFUSED) from error

    def _key(self, kid: str, now: datetime) -> OKPKey:
        with self._lock:
            may_fetch = self._fetched is None or now - self._fetched >= _FETCH_EVERY
            if kid not in self._keys and may_fetch:
                # At most one fetch a minute, however many unknown keys are named.
                self._keys = {name: _public(raw) for name, raw in self._fetch().items()}
                self._fetched = now
            return self._keys[kid]

    def _remember(self, digest: bytes, person: Person, expires: datetime, now: datetime) -> None:
        if len(self._known) >= _KEPT:
            self._known = {each: value for each, value in list(self._known.items()) if value[1] > now}
        if len(self._known) < _KEPT:
            self._known[digest] = (person, expires)


def _kid(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


def _public(raw: bytes) -> OKPKey:
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(raw).decode()})


def _person(header: Mapping[str, Any], claims: Mapping[str, Any], now: datetime) -> tuple[Person, datetime]:
    issued, expires = int(claims["iat"]), int(claims["exp"])
    seconds = now.timestamp()
    if header.get("typ") != _TYPE or claims["aud"] != AUDIENCE:
        raise ValueError("not a pass")
    if not (issued - 5 <= seconds < expires and expires - issued <= LIFETIME.total_seconds()):
        raise ValueError("not now")
    roles = {str(community): frozenset(int(role) for role in each) for community, each in claims["roles"].items()}
    person = Person(
        member_id=str(claims["sub"]),
        organisation_id=str(claims["org"]),
        organisation_name=str(claims["org_name"]),
        shown_as=str(claims["shown_as"]),
        roles=roles,
        operator=claims["operator"] is True,
        localities=tuple(str(each) for each in claims["localities"]),
        scope=str(claims["scope"]),
        acting_id=_acting(claims["act"]) if "act" in claims else "",
    )
    return person, datetime.fromtimestamp(expires, tz=now.tzinfo)


def _acting(act: Mapping[str, Any]) -> str:
    if not isinstance(act["sub"], str) or not act["sub"]:
        raise ValueError("nobody acts")
    return str(act["sub"])
