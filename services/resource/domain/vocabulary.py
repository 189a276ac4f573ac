"""The words a shelf is sorted by: types, topics, licences, evidence levels, stages and readers."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.common.errors import Invalid
from services.resource.domain.audience import Audience

Terms = Mapping[str, str]
"""Code to name, in the order in which they are offered."""


@dataclass(frozen=True)
class Licence:
    code: str
    name: str
    plain: str
    may_copy: bool
    may_be_adapted: bool
    commercial: bool
    # Licences that an adaptation may carry.
    adapted_as: frozenset[str]
    widest: Audience


@dataclass(frozen=True)
class Vocabulary:
    types: Terms
    topics: Terms
    licences: Mapping[str, Licence]
    evidence_levels: Terms
    adoption_stages: Terms
    readers: Terms

    def licence(self, code: str) -> Licence:
        if code not in self.licences:
            raise Invalid("Choose a licence from the list.", {"licence": "choose one"})
        return self.licences[code]
