"""Operators read what is limited how, and it is as the code has it."""

import json
from collections.abc import Iterator

from gateway import limits
from gateway.counters import Limit, Per
from services.node.setup.realm import FILE
from tests.rules.tree import ROOT

COLUMNS = (Per.ADDRESS, Per.PERSON, Per.NAME, Per.BROWSER, Per.COUNTY)


def rows() -> Iterator[str]:
    for each in limits.ALL:
        minutes = f"{each[0].window.total_seconds() / 60:g} min"
        yield "| " + " | ".join([each[0].what, minutes, *(_count(each, per) for per in COLUMNS)]) + " |"


def _count(limit: tuple[Limit, ...], per: Per) -> str:
    return next((f"{each.count:,}" for each in limit if each.per is per), "")


def test_the_guide_has_every_limit_as_it_is() -> None:
    guide = (ROOT / "docs" / "operators.md").read_text()

    missing = [row for row in rows() if row not in guide]

    assert not missing, "\n".join(missing)


def test_what_passes_for_one_name_never_gets_to_the_providers_own_lock() -> None:
    realm = json.loads(FILE.read_text())
    (name,) = [each for each in limits.TRIED if each.per is Per.NAME]

    # Failures in a row, each soon after the one before, that fill a whole window are more than one window lets through.
    soon_enough = name.window.total_seconds() / realm["maxDeltaTimeSeconds"]

    assert name.count < soon_enough and name.count < realm["failureFactor"]


def test_every_limit_has_a_name_that_the_table_of_counts_can_hold() -> None:
    assert all(len(f"{each.what}/{each.per}") <= 32 for row in limits.ALL for each in row)
