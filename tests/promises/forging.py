"""Tokens that must open nothing: each differs from a good one in a single, named way."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512, HashAlgorithm
from joserfc import jwe
from joserfc.jwk import OKPKey, RSAKey

from tests.openid import OpenId

Signer = Callable[[bytes], bytes]
Claims = dict[str, Any]
GONE = object()


@dataclass(frozen=True)
class Workshop:
    """A good token's header, claims and signature, and how to make worse ones."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signer: Signer

    def token(self, header: Claims | None = None, claims: Claims | None = None, signer: Signer | None = None) -> str:
        """The good token with these changes; `GONE` takes a part away."""
        parts = [_changed(self.header, header), _changed(self.claims, claims)]
        signed = ".".join(_base64(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{_base64((signer or self.signer)(signed.encode()))}"


def _of_claims(make: Workshop, seconds: int) -> dict[str, str]:
    return {
        "run out": make.token(claims={"exp": seconds - 11}),
        "never running out": make.token(claims={"exp": GONE}),
        "running out at a word": make.token(claims={"exp": "tomorrow"}),
        "not valid yet": make.token(claims={"nbf": seconds + 60}),
        "issued in the future": make.token(claims={"iat": seconds + 60}),
        "never issued": make.token(claims={"iat": GONE}),
        "of another issuer": make.token(claims={"iss": "https://elsewhere.example"}),
        "of the issuer with a slash": make.token(claims={"iss": str(make.claims["iss"]) + "/"}),
        "of no issuer": make.token(claims={"iss": GONE}),
        "for another audience": make.token(claims={"aud": "account"}),
        "for an audience that begins like ours": make.token(claims={"aud": "fosse-services.elsewhere"}),
        "for others only": make.token(claims={"aud": ["account", "fosse"]}),
        "for nobody": make.token(claims={"aud": GONE}),
        "about nobody": make.token(claims={"sub": GONE}),
        "about an empty name": make.token(claims={"sub": ""}),
        "about a number": make.token(claims={"sub": 7}),
    }


def forged_access_tokens(openid: OpenId, subject: str, now: datetime) -> tuple[str, dict[str, str]]:
    """A good access token of this person, and forged ones by what is wrong with them."""
    key = openid.keys["k1"]
    make = Workshop(
        {"alg": "RS256", "kid": "k1", "typ": "at+jwt"}, openid.claims(subject, now), rsa_signer(key, SHA256())
    )
    public = key.as_pem(private=False)
    seconds = int(now.timestamp())
    good = make.token()
    head, body, signature = good.split(".")
    other_body = make.token(claims={"sub": "somebody-else"}).split(".")[1]
    return good, {
        **_of_strangers(make, RSAKey.generate_key(2048)),
        "hmac with the public key as secret": make.token({"alg": "HS256"}, signer=hmac_signer(public)),
        "an algorithm not agreed on": make.token({"alg": "RS512"}, signer=rsa_signer(key, SHA512())),
        "signature gone": f"{head}.{body}.",
        "signature cut": f"{head}.{body}.{signature[:-8]}",
        "signature changed": f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "body changed after signing": f"{head}.{other_body}.{signature}",
        "no third part": f"{head}.{body}",
        "empty": "",
        "not a token": "e30.e30.e30",
        "not ascii": good + "é",
        "longer than any token": make.token(claims={"padding": "x" * 20_000}),
        "encrypted instead of signed": jwe.encrypt_compact({"alg": "RSA-OAEP", "enc": "A256GCM"}, body, key),
        "kid missing": make.token({"kid": GONE}),
        "kid a list": make.token({"kid": ["k1"]}),
        "a header we must understand but do not": make.token({"crit": ["exp"], "exp": seconds + 300}),
        "body not encoded": make.token({"b64": False, "crit": ["b64"]}),
        "an id token": make.token({"typ": "JWT"}),
        "of no type": make.token({"typ": GONE}),
        "of the type of passes": make.token({"typ": "fosse-pass+jwt"}),
        "a refresh token by its claims": make.token(claims={"typ": "Refresh"}),
        **_of_claims(make, seconds),
    }


def forged_passes(key: OKPKey, kid: str, claims: Claims, now: datetime) -> tuple[str, dict[str, str]]:
    """A good pass, and forged ones by what is wrong with them."""
    make = Workshop({"alg": "Ed25519", "kid": kid, "typ": "fosse-pass+jwt"}, claims, ed25519_signer(key))
    seconds = int(now.timestamp())
    good = make.token()
    head, body, signature = good.split(".")
    operator_body = make.token(claims={"operator": True}).split(".")[1]
    raw = key.as_dict(private=False)["x"]
    return good, {
        **_of_strangers(make, OKPKey.generate_key("Ed25519")),
        "hmac with the public key as secret": make.token({"alg": "HS256"}, signer=hmac_signer(str(raw).encode())),
        "signature gone": f"{head}.{body}.",
        "made an operator after signing": f"{head}.{operator_body}.{signature}",
        "lasting longer than a minute": make.token(claims={"exp": seconds + 3600}),
        "run out": make.token(claims={"iat": seconds - 60, "exp": seconds}),
        "never running out": make.token(claims={"exp": GONE}),
        "issued in the future": make.token(claims={"iat": seconds + 30, "exp": seconds + 60}),
        "for another audience": make.token(claims={"aud": "fosse-services"}),
        "for nobody": make.token(claims={"aud": GONE}),
        "of the type of access tokens": make.token({"typ": "at+jwt"}),
        "of no type": make.token({"typ": GONE}),
        "about nobody": make.token(claims={"sub": GONE}),
        "with roles that are none": make.token(claims={"roles": "operator"}),
        "kid missing": make.token({"kid": GONE}),
        "not a token": "pass",
    }


def _of_strangers(make: Workshop, stranger: RSAKey | OKPKey) -> dict[str, str]:
    theirs = rsa_signer(stranger, SHA256()) if isinstance(stranger, RSAKey) else ed25519_signer(stranger)
    # Small enough for a header, and of an algorithm that both doors take.
    brought = OKPKey.generate_key("Ed25519")
    own_key = {"alg": "Ed25519", "kid": "stranger", "jwk": brought.as_dict(private=False)}
    return {
        "no algorithm": make.token({"alg": "none"}, signer=lambda signed: b""),
        "no algorithm, in capitals": make.token({"alg": "NONE"}, signer=lambda signed: b""),
        "signed by a stranger in our key's name": make.token(signer=theirs),
        "signed by a stranger in the own name": make.token({"kid": "stranger"}, signer=theirs),
        "a key in its own header": make.token(own_key, signer=ed25519_signer(brought)),
        "an address of keys in its header": make.token(
            {"kid": "stranger", "jku": "https://evil.example/keys"}, signer=theirs
        ),
        "a file as its key's name": make.token({"kid": "../../../dev/null"}, signer=hmac_signer(b"")),
    }


def rsa_signer(key: RSAKey, hashed: HashAlgorithm) -> Signer:
    private = key.private_key
    assert isinstance(private, RSAPrivateKey)
    return lambda signed: private.sign(signed, padding.PKCS1v15(), hashed)


def ed25519_signer(key: OKPKey) -> Signer:
    private = key.private_key
    assert isinstance(private, Ed25519PrivateKey)
    return private.sign


def hmac_signer(secret: bytes) -> Signer:
    return lambda signed: hmac.new(secret, signed, hashlib.sha256).digest()


def _changed(good: Mapping[str, Any], changes: Claims | None) -> Claims:
    return {name: value for name, value in {**good, **(changes or {})}.items() if value is not GONE}


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
