"""A county that asks to be let in, as the hub sees it until a person decides."""

from dataclasses import dataclass
from datetime import datetime

from services.common.errors import Conflict, Invalid, NotAllowed
from services.common.text import checked_slug
from services.federation.domain.standing import Enrolment


@dataclass(frozen=True)
class Newcomer:
    enrolment_id: str
    code_id: str
    collect_hash: bytes
    slug: str
    name: str
    signing_key: bytes
    sealing_key: bytes
    certificate_request: bytes
    words: str
    asked_at: datetime
    state: Enrolment = Enrolment.ASKED
    certificate: bytes = b""

    def is_asked_again_by(self, other: "Newcomer") -> bool:
        """The hub's answer was lost on the way, and the same node asks once more."""
        return self.state is Enrolment.ASKED and (self.code_id, self.words) == (other.code_id, other.words)

    def decide_with(self, words: str) -> None:
        """Raises unless it waits for a decision and the person compared the right words."""
        self.decide()
        if " ".join(words.lower().split()) != " ".join(self.words.lower().split()):
            raise NotAllowed(
                "These are not the words of this newcomer, so it was not let in. "
                "Ask the county to read the words from its own screen."
            )

    def decide(self) -> None:
        if self.state is not Enrolment.ASKED:
            raise Conflict("Somebody has decided about this newcomer already. Nothing was changed.")


def check_name(slug: str, name: str) -> None:
    checked_slug(slug)
    # Not printable are line ends too, and marks that turn the direction of writing around.
    if not 1 <= len(name.strip()) <= 200 or not name.strip().isprintable():
        raise Invalid("The node must have a name of at most 200 letters.", {"name": "not usable"})
