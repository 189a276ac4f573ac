"""A mail's bytes: text, HTML and perhaps a calendar entry (RFC 5322, 2045 to 2047).

By hand, because a mailing goes to thousands and the library's way costs ten times as long for each; its parser reads
every mail back in the tests. Quoted-printable and base64 hold no `=_`, so that no boundary can stand in a body.
"""

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.header import Header

_METHOD = re.compile(r"^METHOD:(PUBLISH|CANCEL|REQUEST)\s*$", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Mail:
    """As it goes to the mail server or into the folder."""

    sender: str
    to: str
    content: bytes


def compose(headers: Sequence[tuple[str, str]], *, text: str, html: str, ics: str, name: str) -> bytes:
    """`name` tells this mail's boundaries. Raises `ValueError` for a header that would smuggle another in."""
    parts = [_worded("text/plain; charset=utf-8", text), _worded("text/html; charset=utf-8", html)]
    if ics:
        # Once for programs that show an entry in the mail, once as a file for all others.
        found = _METHOD.search(ics)
        method = found[1] if found else "PUBLISH"
        parts.append(_worded(f"text/calendar; charset=utf-8; method={method}", ics))
    body = _multipart("alternative", f"=_{name}_1", parts)
    if ics:
        body = _multipart("mixed", f"=_{name}_2", [body, _file("application/ics", "meeting.ics", ics.encode())])
    lines = [f"{key}: {_header(value)}\r\n" for key, value in headers]
    return "".join(lines).encode("ascii") + b"MIME-Version: 1.0\r\n" + body


def _header(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("a control character in a header")
    return value if value.isascii() else Header(value, "utf-8").encode(linesep="\r\n")


def _worded(kind: str, words: str) -> bytes:
    # Ends with a line's end: by the first one the library knows which kind to break long lines with.
    lines = re.sub(r"\r\n|\r|\n", "\r\n", f"{words.rstrip()}\n")
    encoded = binascii.b2a_qp(lines.encode(), istext=True)
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n".encode() + encoded


def _file(kind: str, file_name: str, content: bytes) -> bytes:
    encoded = binascii.b2a_base64(content, newline=False)
    lines = b"\r\n".join(encoded[start : start + 76] for start in range(0, len(encoded), 76))
    head = (
        f'Content-Type: {kind}\r\nContent-Disposition: attachment; filename="{file_name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + lines + b"\r\n"


def _multipart(kind: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'
    between = f"--{boundary}\r\n".encode()
    return head.encode() + b"".join(between + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
