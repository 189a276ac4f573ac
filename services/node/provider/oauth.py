"""Authlib's authorization server, narrowed to what Fosse accepts: code with PKCE S256, and rotating refresh tokens."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask
from joserfc import jwt
from joserfc.jwk import RSAKey

from services.node.provider.accounts import Account, Accounts
from services.node.provider.grants import Code, Grants
from services.node.provider.keys import ALGORITHM
from services.node.provider.records import Client, Renewal, SpentCode

AUDIENCE = "fosse-services"
ACCESS_TOKEN_LIVES = timedelta(minutes=5)


class Server(AuthorizationServer):  # type: ignore[misc]  # Authlib ships no types
    """Holds what its grants need; Authlib makes a grant anew for each request."""

    def __init__(
        self,
        app: Flask,
        *,
        issuer: str,
        client: Client,
        accounts: Accounts,
        grants: Grants,
        key: RSAKey,
        clock: Callable[[], datetime],
    ) -> None:
        self.issuer, self.client, self.accounts, self.grants = issuer, client, accounts, grants
        self.key, self.clock = key, clock
        super().__init__(app, self._client, lambda token, request: None)
        self.register_token_generator("default", self._access_token)
        self.register_grant(CodeGrant, [RequiredS256(required=True), IdToken(require_nonce=True)])
        self.register_grant(RenewingGrant)
        self.register_endpoint(SignOut)

    def signed(self, claims: dict[str, Any], typ: str) -> str:
        return jwt.encode({"alg": ALGORITHM, "typ": typ, "kid": self.key.kid}, claims, self.key, [ALGORITHM])

    def _client(self, client_id: str) -> Client | None:
        return self.client if client_id == self.client.client_id else None

    def _access_token(self, grant_type: str, client: Client, user: Account, scope: str, **_: Any) -> dict[str, Any]:
        now = self.clock()
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": user.subject,
            "client_id": client.client_id,
            "scope": scope,
            "jti": secrets.token_urlsafe(16),
            "iat": int(now.timestamp()),
            "exp": int((now + ACCESS_TOKEN_LIVES).timestamp()),
        }
        return {
            "token_type": "Bearer",
            "access_token": self.signed(claims, "at+jwt"),
            "expires_in": int(ACCESS_TOKEN_LIVES.total_seconds()),
            "scope": scope,
        }


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib ships no types
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "none")

    def save_authorization_code(self, code: str, request: Any) -> None:
        asked = request.payload.data
        self.server.grants.keep_code(
            Code(
                value=code,
                family=secrets.token_urlsafe(16),
                client_id=request.client.client_id,
                redirect_uri=request.payload.redirect_uri,
                scope=request.scope,
                nonce=asked.get("nonce", ""),
                challenge=asked["code_challenge"],
                subject=request.user.subject,
                issued_at=self.server.clock(),
            )
        )

    def query_authorization_code(self, code: str, client: Client) -> SpentCode | None:
        spent = self.server.grants.spend_code(code, client.client_id)
        return SpentCode(spent) if spent else None

    def delete_authorization_code(self, authorization_code: SpentCode) -> None:
        """It was spent when it was read, so that two requests at once cannot both have it."""

    def authenticate_user(self, authorization_code: SpentCode) -> Account | None:
        account: Account | None = self.server.accounts.get(authorization_code.code.subject)
        return account

    def generate_token(self, **asked: Any) -> dict[str, Any]:
        token: dict[str, Any] = super().generate_token(**asked)
        token["refresh_token"] = self.server.grants.begin(self.request.authorization_code.code)
        return token


class RenewingGrant(RefreshTokenGrant):  # type: ignore[misc]  # Authlib ships no types
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "none")

    def authenticate_refresh_token(self, refresh_token: str) -> Renewal | None:
        renewed = self.server.grants.renew(refresh_token, self.request.client.client_id)
        return Renewal(*renewed) if renewed else None

    def authenticate_user(self, refresh_token: Renewal) -> Account:
        account: Account | None = self.server.accounts.get(refresh_token.family.subject)
        if account is None:
            raise InvalidGrantError("This person may no longer sign in.")
        return account

    def issue_token(self, user: Account, refresh_token: Renewal) -> dict[str, Any]:
        token: dict[str, Any] = super().issue_token(user, refresh_token)
        token["refresh_token"] = refresh_token.successor
        return token

    def revoke_old_credential(self, refresh_token: Renewal) -> None:
        """Naming the successor ended it."""


class RequiredS256(CodeChallenge):  # type: ignore[misc]  # Authlib ships no types
    """Authlib demands PKCE of public clients only, and knows `plain`."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        asked = grant.request.payload.data
        if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("A code_challenge with the method S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class IdToken(OpenIDCode):  # type: ignore[misc]  # Authlib ships no types
    def exists_nonce(self, nonce: str, request: Any) -> bool:
        # The page is shown and then sent, so a nonce is looked at twice before a code carries it.
        return False

    def generate_user_info(self, user: Account, scope: str) -> dict[str, str]:
        """Names and roles are membership's; the provider says who, in its own number."""
        return {"sub": user.subject}

    def process_token(self, grant: Any, response: Any) -> None:
        _, token, _ = response
        server, request = grant.server, grant.request
        now = int(server.clock().timestamp())
        claims = {
            "iss": server.issuer,
            "aud": request.client.client_id,
            "sub": request.user.subject,
            "iat": now,
            "exp": now + int(ACCESS_TOKEN_LIVES.total_seconds()),
            **self.get_authorization_code_claims(request.authorization_code),
        }
        token["id_token"] = server.signed(claims, "JWT")


class SignOut(RevocationEndpoint):  # type: ignore[misc]  # Authlib ships no types
    """Ends a sign-in by its refresh token; access tokens end by themselves within minutes."""

    CLIENT_AUTH_METHODS = ("client_secret_basic", "none")

    def query_token(self, token_string: str, token_type_hint: str | None) -> Renewal | None:
        family = self.server.grants.find(token_string)
        return Renewal(family, "") if family else None

    def revoke_token(self, token: Renewal, request: Any) -> None:
        self.server.grants.end(token.family)
