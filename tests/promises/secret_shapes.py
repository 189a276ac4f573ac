"""What keys and passwords look like, wherever somebody may have left one."""

import re
from collections.abc import Iterator

_SHAPES = {
    "private key": (b"PRIVATE KEY-----", rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}"),
    "age key": (b"AGE-SECRET-KEY-1", rb"AGE-SECRET-KEY-1[0-9A-Z]{20}"),
    "cloud key": (b"AKIA", rb"\bAKIA[0-9A-Z]{16}\b"),
    "GitHub token": (b"gh", rb"\b(?:gh[pousr]_[A-Za-z0-9]{30}|github_pat_\w{30})"),
    "GitLab token": (b"glpat-", rb"\bglpat-[\w-]{20}"),
    "Slack token": (b"xox", rb"\bxox[abprs]-[\w-]{10}"),
    "Google key": (b"AIza", rb"\bAIza[\w-]{35}"),
    "index token": (b"pypi-AgEI", rb"\bpypi-AgEI[\w-]{20}"),
    "signed token": (b"eyJ", rb"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20}"),
}
_KNOWN = [(name, marker, re.compile(shape)) for name, (marker, shape) in _SHAPES.items()]
# Of our own files only: elsewhere such words are examples and parameters.
_ASSIGNED = re.compile(
    rb"(?i:password|passwd|secret|token|api_?key)[\"']?\s*[:=]\s*[\"'](?=[^\"'\s]*\d)[A-Za-z0-9+/_=-]{20,}[\"']"
)
_IN_ADDRESS = re.compile(rb"://[\w.-]{1,40}:[^\s/@:$\"'{}*<>]{3,60}@")
_NAMES = re.compile(
    r"(^|/)(\.env|\.netrc|\.?pgpass|\.pypirc|\.npmrc|id_(rsa|ecdsa|ed25519)|\.git/.*|.*\.(key|p12|pfx|jks))$"
)


def found_in(content: bytes) -> Iterator[str]:
    """The kinds of keys of which this holds one."""
    yield from (name for name, marker, shape in _KNOWN if marker in content and shape.search(content))


def found_in_ours(content: bytes) -> Iterator[str]:
    yield from found_in(content)
    if _ASSIGNED.search(content):
        yield "assigned"


def password_in_address(content: bytes) -> bool:
    return bool(_IN_ADDRESS.search(content))


def secret_by_name(path: str) -> bool:
    return bool(_NAMES.search(path))
