"""Which pulses this browser has answered by a link.

Kept in the browser alone: that a link of a pulse was used is noted nowhere on the node, because it would tell who
answered. In another browser the questions stand again, and a second answer is refused.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from flask import Response, current_app, request

from gateway.settings import Settings
from services.common.clock import Clock

_KEY: Final = "fosse_answered"
# As long as a pulse takes answers.
_KEPT: Final = timedelta(days=14)


@dataclass(frozen=True)
class Answered:
    settings: Settings
    clock: Clock

    def note(self, response: Response, code: str) -> None:
        now = str(int(self.clock().timestamp()))
        secure = self.settings.https
        response.set_cookie(
            self._name(code), now, max_age=_KEPT, path="/", secure=secure, httponly=True, samesite="Lax"
        )

    def at(self, code: str) -> datetime | None:
        """None: not by this browser, as far as it remembers."""
        said = request.cookies.get(self._name(code), "")
        return datetime.fromtimestamp(int(said), UTC) if said.isascii() and said.isdigit() and len(said) < 11 else None

    def _name(self, code: str) -> str:
        """Not by the code itself, which opens something."""
        return self.settings.cookie(f"answered_{sha256(code.encode()).hexdigest()[:12]}")


def install(extensions: dict[str, object], made: Answered) -> None:
    extensions[_KEY] = made


def answered() -> Answered:
    """That of the running application."""
    found: Answered = current_app.extensions[_KEY]
    return found
