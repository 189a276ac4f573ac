"""What a form shows when a service refused it: one sentence, and what is wrong with which field."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.common.errors import Refusal


@dataclass(frozen=True)
class Refused:
    sentence: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """What stands beside the field."""
        what = self.fields.get(name, "")
        return what[:1].upper() + what[1:]

    def summary(self, labels: Mapping[str, str]) -> dict[str, str]:
        """What stands in the summary, by the fields that this form shows."""
        return {name: f"{labels[name]}: {what}" for name, what in self.fields.items() if name in labels}


NOTHING = Refused()


def refused(refusal: Refusal) -> Refused:
    return Refused(refusal.sentence, {name.rpartition(".")[2]: what for name, what in refusal.fields.items()})
