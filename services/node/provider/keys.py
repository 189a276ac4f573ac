"""The signing key of the embedded provider, made at first start and kept in the data folder."""

from pathlib import Path

from joserfc.jwk import KeySet, RSAKey

from services.common.files import write_private

# RS256 is what every client understands, and it verifies fastest.
ALGORITHM = "RS256"


def load_or_make(path: Path) -> RSAKey:
    if not path.exists():
        made = RSAKey.generate_key(2048, auto_kid=True)
        write_private(path, made.as_pem(private=True))
    key = RSAKey.import_key(path.read_bytes())
    key.ensure_kid()
    return key


def public_set(key: RSAKey) -> dict[str, object]:
    """The JWKS that a relying party verifies with."""
    public = RSAKey.import_key({**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM})
    return dict(KeySet([public]).as_dict(private=False))
