"""What browsers are given: nothing from another site, nothing inline, none of the NHS's own look."""

import re
from pathlib import Path

import pytest

import gateway

HERE = Path(gateway.__file__).parent
STYLES = sorted(HERE.glob("static/**/*.css"))
TEMPLATES = sorted(HERE.glob("templates/**/*.html"))


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_a_style_sheet_fetches_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text("utf-8")

    assert "@font-face" not in text and "@import" not in text
    addresses = re.findall(r"url\(([^)]*)\)", text)
    assert all((path.parent / address).exists() for address in addresses), addresses


def test_the_colours_and_the_typeface_of_the_nhs_are_gone() -> None:
    text = "".join(path.read_text("utf-8").lower() for path in STYLES)

    assert "#005eb8" not in text and "frutiger" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_template_has_nothing_inline_and_marks_nothing_as_safe(path: Path) -> None:
    text = path.read_text("utf-8")

    assert not re.search(r"\sstyle=|<style|<script(?![^>]*\bsrc=)|\son[a-z]+=", text)
    assert not re.search(r"\|\s*safe\b|autoescape\s+false", text)
    assert not re.search(r"(?:src|href)=[\"']https?://", text)
