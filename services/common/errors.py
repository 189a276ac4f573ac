"""The five refusals: what a person asked for and cannot have, in a sentence they will read."""

from collections.abc import Mapping
from types import MappingProxyType


class Refusal(Exception):
    """Carried intact from the domain through rpc to the page.

    `fields` maps the name of a form field to what is wrong with it.
    """

    def __init__(self, sentence: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fields: Mapping[str, str] = MappingProxyType(dict(fields or {}))


class NotFound(Refusal):
    """There is no such thing, or none that this person may know of."""


class Invalid(Refusal):
    """What was given cannot be used; `fields` says where."""


class NotAllowed(Refusal):
    """This person may not do this."""


class Conflict(Refusal):
    """Somebody else was first, or the thing is in another state."""


class TooMany(Refusal):
    """More than the node can take now; trying again after `retry_after_s` seconds is safe."""

    def __init__(self, sentence: str, fields: Mapping[str, str] | None = None, *, retry_after_s: int = 5) -> None:
        super().__init__(sentence, fields)
        self.retry_after_s = retry_after_s
