"""The OpenID provider's side of a sign-in: is this access token really its word, and about whom?

Only `IssuePass` and `AcceptInvitation` see the provider's tokens. Keys come from the configured provider alone; what a
token says about where to find keys (`jku`, `x5u`, `jwk`) is never looked at.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from services.common.errors import NotAllowed
from services.membership.domain import SignIn
from services.membership.provider_keys import ALGORITHMS, ProviderKeys

log = logging.getLogger(__name__)

TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
LONGEST_TOKEN = 16 * 1024
CLOCKS_DIFFER_S = 10
_NO = "Your sign-in could not be checked. Nothing was changed; please sign in again."


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
