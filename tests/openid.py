"""An OpenID provider on a real port of this machine: discovery, keys, and whatever token a test asks for."""

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from joserfc import jwt
from joserfc.jwk import RSAKey

AUDIENCE = "fosse-services"
_KEY = RSAKey.generate_key(2048)


class OpenId:
    """Counts how often its keys are fetched."""

    def __init__(self) -> None:
        self.keys: dict[str, RSAKey] = {"k1": _KEY}
        self.extra_keys: list[Mapping[str, Any]] = []
        self.fetched = 0
        self.named_issuer = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()

    def go_away(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def document(self, path: str) -> dict[str, Any] | None:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.named_issuer or self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        if path != "/keys":
            return None
        self.fetched += 1
        own = [
            {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": "RS256"} for kid, key in self.keys.items()
        ]
        return {"keys": [*own, *self.extra_keys]}

    def claims(self, subject: str, now: datetime) -> dict[str, Any]:
        seconds = int(now.timestamp())
        return {"iss": self.issuer, "sub": subject, "aud": AUDIENCE, "iat": seconds, "exp": seconds + 300}

    def token(self, subject: str, now: datetime, *, kid: str = "k1", typ: str = "at+jwt") -> str:
        """An access token that holds."""
        header = {"alg": "RS256", "kid": kid, "typ": typ}
        return jwt.encode(header, self.claims(subject, now), self.keys[kid], algorithms=["RS256"])


def _handler(provider: OpenId) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = provider.document(self.path)
            self.send_response(200 if document else 404)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Tests stay quiet."""

    return Handler
