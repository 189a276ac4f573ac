"""What licences allow of parts, audiences and adaptations."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.common.errors import Invalid
from services.resource.domain.audience import Audience
from services.resource.domain.parts import (
    File,
    PartWords,
    file_part,
    link_part,
    may_adapt,
    require_adaptable,
    require_shareable,
)
from tests.unit.resource.shelves import VOCABULARY, a_part, an_id

CASES = json.loads((Path(__file__).parent / "licence_cases.json").read_text("utf-8"))
FILE = File("leaflet.pdf", "application/pdf", "a" * 64, 10)


def said(licence: str, may_be_adapted: bool = False, title: str = "Leaflet") -> PartWords:
    return PartWords(an_id(1), title, licence, may_be_adapted)


def allowed(case: dict[str, Any]) -> bool:
    licence = VOCABULARY.licence(case["source"])
    if case["action"] == "adapt":
        return may_adapt(licence, case["result_licence"])
    return licence.may_copy if case["action"] == "copy" else licence.widest >= Audience.PUBLIC


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['source']} {case['action']} {case['result_licence']}")
def test_each_known_case_of_copying_adapting_and_showing_comes_out_as_its_licence_says(case: dict[str, Any]) -> None:
    assert allowed(case) is case["allowed"], case["why"]


@pytest.mark.parametrize("licence", ["CC-BY-NC-ND-4.0", "LINK-ONLY"])
def test_may_be_adapted_cannot_be_ticked_where_the_licence_forbids_it(licence: str) -> None:
    with pytest.raises(Invalid) as refused:
        link_part(said(licence, may_be_adapted=True), "https://example.org/a", VOCABULARY)

    assert "may_be_adapted" in refused.value.fields


def test_no_copy_is_kept_of_what_may_only_be_linked() -> None:
    with pytest.raises(Invalid, match="Add a link"):
        file_part(said("LINK-ONLY"), FILE, VOCABULARY)

    assert link_part(said("LINK-ONLY"), "https://example.org/a", VOCABULARY).link == "https://example.org/a"


def test_a_licence_must_be_chosen_from_the_list() -> None:
    with pytest.raises(Invalid, match="licence from the list"):
        file_part(said("MINE"), FILE, VOCABULARY)


def test_a_part_without_a_title_is_called_by_its_file() -> None:
    assert file_part(said("CC-BY-4.0", title=" "), FILE, VOCABULARY).title == "leaflet.pdf"


@pytest.mark.parametrize("audience", [Audience.NATION, Audience.PUBLIC])
def test_what_is_shared_within_the_region_only_is_not_shown_wider(audience: Audience) -> None:
    parts = (a_part(licence="CC-BY-4.0"), a_part(2, licence="COP-SHARE"))

    with pytest.raises(Invalid, match="beyond the region"):
        require_shareable(parts, audience, VOCABULARY)

    require_shareable(parts, Audience.REGION, VOCABULARY)


def test_an_adaptation_follows_the_licence_of_its_original() -> None:
    share_alike = (a_part(licence="CC-BY-NC-SA-4.0"),)

    require_adaptable(share_alike, (a_part(licence="CC-BY-NC-SA-4.0"),), VOCABULARY)
    with pytest.raises(Invalid, match=r"may only carry CC-BY-NC-SA-4\.0"):
        require_adaptable(share_alike, (a_part(licence="CC-BY-4.0"),), VOCABULARY)
    with pytest.raises(Invalid, match="none of its parts may be adapted"):
        require_adaptable((a_part(may_be_adapted=False),), (a_part(),), VOCABULARY)


def test_every_licence_is_explained_in_plain_words() -> None:
    for licence in VOCABULARY.licences.values():
        assert licence.plain.endswith(".") and len(licence.plain) > 40
        assert licence.adapted_as <= VOCABULARY.licences.keys()
        assert licence.may_be_adapted or not licence.adapted_as
