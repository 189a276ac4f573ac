"""Logout tokens (OpenID Back-Channel Logout 1.0): the provider says, from server to server, that a sign-in has ended.

An id token, an access token and a logout token have one signer; only this one carries the event, and no nonce.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from gateway.sessions import AtProvider

# Never `none`, never a shared secret: a token is signed by the provider's own key.
ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519"]
EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"
LONGEST = 16 * 1024
# Its number is remembered for longer than this.
GOOD_FOR_S = 300
_CLOCKS_DIFFER_S = 60


def read(token: str, keys: KeySet, issuer: str, client_id: str, now: datetime) -> tuple[AtProvider, str]:
    """Whose session ends, and the token's number; raises `JoseError`, `ValueError` or `TypeError` unless all holds."""
    if not 0 < len(token) <= LONGEST:
        raise ValueError("no token")
    read = jwt.decode(token, keys, registry=JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False))
    if str(read.header.get("typ", TYPE)).lower() not in {TYPE, "jwt"}:
        raise ValueError("another kind of token")
    _check(read.claims, issuer, client_id, now)
    return AtProvider(read.claims.get("sub", ""), read.claims.get("sid", "")), read.claims["jti"]


def _check(claims: Mapping[str, Any], issuer: str, client_id: str, now: datetime) -> None:
    seconds = int(now.timestamp())
    rules = jwt.JWTClaimsRegistry(
        now=seconds,
        leeway=_CLOCKS_DIFFER_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        iat={"essential": True},
        jti={"essential": True},
    )
    rules.validate(dict(claims))
    events = claims.get("events")
    if "nonce" in claims or not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise ValueError("not about an end")
    if seconds - int(claims["iat"]) > GOOD_FOR_S + _CLOCKS_DIFFER_S:
        raise ValueError("too old")
    named = [claims.get(name, "") for name in ("sub", "sid", "jti")]
    if not all(isinstance(each, str) for each in named) or not any(named[:2]) or not named[2]:
        raise ValueError("about nobody")
