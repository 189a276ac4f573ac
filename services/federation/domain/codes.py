"""One-time codes with which a county asks to be let in: a locator that finds the code, and a secret that proves it.

Wrong secrets count against their own code alone, and a locator has 40 random bits: nobody can lock out a county whose
code they do not know.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.common.errors import NotAllowed, TooMany

VALID_FOR = timedelta(days=7)
WRONG_SECRETS = 10
UNKNOWN_LOCATORS_AN_HOUR = 100
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_LOCATOR = 8
_SECRET = 16
LENGTH = _LOCATOR + _SECRET
_REFUSED = "This code is not valid, or was used before. Nothing was changed; ask the hub for a new code."


@dataclass(frozen=True)
class Code:
    """As the hub keeps it: the secret only as a hash."""

    id: str
    locator: str
    secret_hash: bytes
    expires_at: datetime
    used_at: datetime | None = None
    wrong: int = 0

    def refusal(self, secret: str, now: datetime, *, asked_again: bool = False) -> NotAllowed | TooMany | None:
        """Why this secret opens nothing; None when it does. `asked_again`: by the very node that used the code."""
        if self.wrong >= WRONG_SECRETS:
            return TooMany("This code was tried too often. Ask the hub for a new one.", retry_after_s=3600)
        right = hmac.compare_digest(hash_of(secret), self.secret_hash)
        fresh = self.used_at is None or asked_again
        return None if right and fresh and now < self.expires_at else NotAllowed(_REFUSED)


def unknown(wrong_in_the_last_hour: int) -> NotAllowed | TooMany:
    if wrong_in_the_last_hour >= UNKNOWN_LOCATORS_AN_HOUR:
        return TooMany("Too many wrong codes were sent. Try again in an hour.", retry_after_s=3600)
    return NotAllowed(_REFUSED)


def shown(letters: str) -> str:
    """As a person reads it aloud: `ABCD-EFGH-…`."""
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def split(code: str) -> tuple[str, str]:
    """(locator, secret) of a code as a person typed it."""
    letters = "".join(letter for letter in code.upper() if letter in LETTERS)
    return letters[:_LOCATOR], letters[_LOCATOR:]


def hash_of(secret: str) -> bytes:
    # 80 random bits: nothing that a slow hash would have to protect.
    return hashlib.sha256(f"fosse/enrolment-code/1:{secret}".encode()).digest()
