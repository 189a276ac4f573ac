"""Our lean macros write the same markup as nhsuk-frontend-jinja, component by component."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2
import pytest

import gateway
from gateway import words
from services.common.clock import utc_now

TEMPLATES = Path(gateway.__file__).parent / "templates"


class Shape(HTMLParser):
    """A page as a list of tags with their attributes, and its words without the spaces between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[Any] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, {name: " ".join((value or "").split()) for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if said := " ".join(data.split()):
            self.parts.append(said)


@pytest.fixture(scope="module")
def ours() -> jinja2.Environment:
    made = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    made.filters.update(words.filters(utc_now))
    return made


@pytest.fixture(scope="module")
def oracle() -> jinja2.Environment:
    loader = jinja2.PackageLoader("nhsuk_frontend_jinja")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.ChainableUndefined)


LEGEND = {"legend": {"text": "Who?", "size": "m"}}
ONE_TWO = [{"value": "1", "text": "One", "hint": {"text": "the first"}}, {"value": "2", "text": "Two"}]
OURS_ONE_TWO = [("1", "One", "the first"), ("2", "Two", "")]
OPTIONS = [{"value": "", "text": "Any"}, {"value": "a", "text": "A"}]
FIELD = {"id": "t", "name": "t", "label": {"text": "Title"}}
CASES = [
    ("pieces", 'tag("Draft", "grey")', "tag", "tag", {"text": "Draft", "classes": "nhsuk-tag--grey"}),
    ("pieces", 'back_link("Back", "/shelf")', "back-link", "backLink", {"text": "Back", "href": "/shelf"}),
    ("pieces", 'button("Save")', "button", "button", {"text": "Save", "preventDoubleClick": True}),
    (
        "pieces",
        'link_button("Go", "/x", secondary=true)',
        "button",
        "button",
        {"text": "Go", "href": "/x", "classes": "nhsuk-button--secondary"},
    ),
    (
        "pieces",
        'breadcrumb([("Home", "/"), ("Shelf", "/shelf")])',
        "breadcrumb",
        "breadcrumb",
        {"items": [{"text": "Home", "href": "/"}, {"text": "Shelf", "href": "/shelf"}]},
    ),
    (
        "pieces",
        'notice("Saved.")',
        "notification-banner",
        "notificationBanner",
        {"type": "success", "text": "Saved."},
    ),
    (
        "forms",
        'input("t", "Title", "old", "A hint", "Too short")',
        "input",
        "input",
        FIELD | {"value": "old", "hint": {"text": "A hint"}, "errorMessage": {"text": "Too short"}},
    ),
    (
        "forms",
        'textarea("t", "Title", "old", rows=4)',
        "textarea",
        "textarea",
        FIELD | {"value": "old", "rows": 4},
    ),
    (
        "forms",
        'counted("t", "Title", 500, "old", "A hint", "Too long", 4)',
        "character-count",
        "characterCount",
        FIELD
        | {
            "value": "old",
            "rows": 4,
            "maxlength": 500,
            "hint": {"text": "A hint"},
            "errorMessage": {"text": "Too long"},
        },
    ),
    (
        "forms",
        'select("t", "Title", [("", "Any"), ("a", "A")], "a")',
        "select",
        "select",
        FIELD | {"items": OPTIONS, "value": "a"},
    ),
    ("forms", 'file("t", "Title", "A hint")', "file-upload", "fileUpload", FIELD | {"hint": {"text": "A hint"}}),
    (
        "forms",
        'radios("w", "Who?", options, "2", "A hint", "Choose one")',
        "radios",
        "radios",
        {
            "idPrefix": "w",
            "name": "w",
            "value": "2",
            "fieldset": LEGEND,
            "items": ONE_TWO,
            "hint": {"text": "A hint"},
            "errorMessage": {"text": "Choose one"},
        },
    ),
    (
        "forms",
        'checkboxes("w", "Who?", options, ["1", "2"])',
        "checkboxes",
        "checkboxes",
        {"idPrefix": "w", "name": "w", "values": ["1", "2"], "fieldset": LEGEND, "items": ONE_TWO},
    ),
    (
        "forms",
        'error_summary("", {"t": "Title: too short"})',
        "error-summary",
        "errorSummary",
        {"titleText": "There is a problem", "errorList": [{"text": "Title: too short", "href": "#t"}]},
    ),
]


@pytest.mark.parametrize(("file", "call", "component", "macro", "params"), CASES, ids=[case[1][:18] for case in CASES])
def test_a_macro_writes_what_the_nhs_component_writes(
    ours: jinja2.Environment,
    oracle: jinja2.Environment,
    file: str,
    call: str,
    component: str,
    macro: str,
    params: dict[str, Any],
) -> None:
    name = call.partition("(")[0]
    lean = ours.from_string(f'{{% from "macros/{file}.html" import {name} %}}{{{{ {call} }}}}')
    full = oracle.from_string(
        f'{{% from "nhsuk/components/{component}/macro.jinja" import {macro} %}}{{{{ {macro}(params) }}}}'
    )

    written, expected = lean.render(options=OURS_ONE_TWO), full.render(params=params)

    assert Shape(written).parts == Shape(expected).parts


def test_the_comparison_sees_a_class_that_is_missing(oracle: jinja2.Environment) -> None:
    full = oracle.from_string('{% from "nhsuk/components/tag/macro.jinja" import tag %}{{ tag({"text": "Draft"}) }}')

    assert Shape("<strong>Draft</strong>").parts != Shape(full.render()).parts
