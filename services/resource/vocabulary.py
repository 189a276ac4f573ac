"""Reads the vocabulary that the product ships."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.resource.domain.audience import Audience
from services.resource.domain.vocabulary import Licence, Vocabulary

SHIPPED = Path(__file__).parent / "vocabulary.json"


def load(path: Path = SHIPPED) -> Vocabulary:
    words = json.loads(path.read_text("utf-8"))
    return Vocabulary(
        types=words["types"],
        topics=words["topics"],
        licences={code: _licence(code, licence) for code, licence in words["licences"].items()},
        evidence_levels=words["evidence_levels"],
        adoption_stages=words["adoption_stages"],
        readers=words["readers"],
    )


def _licence(code: str, licence: Mapping[str, Any]) -> Licence:
    return Licence(
        code=code,
        name=licence["name"],
        plain=licence["plain"],
        may_copy=licence["copy"],
        may_be_adapted=licence["adapt"],
        commercial=licence["commercial"],
        adapted_as=frozenset(licence["adapted_as"]),
        widest=Audience[licence["widest"].upper()],
    )
