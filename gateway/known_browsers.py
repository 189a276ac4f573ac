"""A browser knows a number for each person who has signed in with it: guesses from elsewhere do not lock it out.

The cookie is OWASP's "device cookie". It names nobody and signs nobody in: it says that this browser's tries at one
person's password are counted by themselves. Whoever steals it has as many tries as its owner.
"""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import Final

from flask import request
from werkzeug.wrappers import Response

_LASTS: Final = timedelta(days=180)
# A home's tablet.
_PEOPLE: Final = 8
_FORM: Final = re.compile(r"[0-9a-f]{32}(\.[0-9a-f]{32}){1,8}")
# What Java's `trim` takes away, so that no name is another one here than at the provider.
_BLANK: Final = "".join(map(chr, range(33)))


def spelt(name: str) -> str:
    """A user name as the provider looks it up."""
    return name.strip(_BLANK).lower()


class KnownBrowsers:
    def __init__(self, secret: bytes, cookie: str, secure: bool) -> None:
        self._secret = secret
        self._cookie = cookie
        self._secure = secure

    def who(self, name: str) -> str:
        """Somebody's user name as it may be kept: nobody reads it back without the gateway's key."""
        return self._mark("name", spelt(name))

    def number(self, who: str) -> str:
        """Of this browser, where this person has signed in with it; empty else."""
        number, *people = self._read()
        mark = self._mark(f"browser:{number}", who)[:32]
        return number if number and any(hmac.compare_digest(mark, each) for each in people) else ""

    def remember(self, response: Response, name: str) -> None:
        """This person has just signed in with it."""
        number, *people = self._read()
        number = number or secrets.token_hex(16)
        mine = self._mark(f"browser:{number}", self.who(name))[:32]
        kept = [mine, *(each for each in people if each != mine)][:_PEOPLE]
        response.set_cookie(
            self._cookie, ".".join([number, *kept]), max_age=_LASTS, path="/", secure=self._secure, httponly=True,
            samesite="Lax",
        )  # fmt: skip

    def _read(self) -> list[str]:
        sent = request.cookies.get(self._cookie, "")
        return sent.split(".") if _FORM.fullmatch(sent) else [""]

    def _mark(self, kind: str, text: str) -> str:
        return hmac.new(self._secret, f"{kind}:{text}".encode(), hashlib.sha256).hexdigest()
