"""A page is read as a browser reads it: what a form sends when nothing is touched."""

import pytest

from services.node.demo.page import Page, Unexpected, read

HTML = """
<html><head><title>Hidden</title></head><body><a href="/shelf">The <b>shelf</b></a>
<form action="/signout" method="post"><input type="hidden" name="csrf_token" value="t"><button>Sign out</button></form>
<form action="/resources/1/adopt" method="post">
  <input name="title" value="Old">
  <textarea name="summary">
Two
lines</textarea>
  <input type="radio" name="stage" value="aware"><input type="radio" name="stage" value="adopted" checked>
  <input type="checkbox" name="show" value="yes">
  <select name="place"><option value="">Choose</option><option value="Derby" selected>Derby</option></select>
  <input type="file" name="file"><button name="do" value="go">Save it</button>
</form></body></html>
"""


@pytest.fixture
def page() -> Page:
    return read("http://127.0.0.1:8401/here", 200, HTML)


def test_a_form_sends_what_is_filled_in_and_nothing_that_is_not_ticked(page: Page) -> None:
    form = page.form(having="title")

    assert form.fields == [("title", "Old"), ("summary", "Two\nlines"), ("stage", "adopted"), ("place", "Derby")]
    assert form.files == ["file"]
    assert form.action == "http://127.0.0.1:8401/resources/1/adopt"
    assert form.choices == {"place": ["", "Derby"]}


def test_a_form_is_found_by_a_box_its_address_or_its_button(page: Page) -> None:
    assert page.form(having="show") is page.form(leads_to="/adopt") is page.form(says="save")


def test_words_and_links_are_those_a_person_sees(page: Page) -> None:
    assert page.links == [("http://127.0.0.1:8401/shelf", "The shelf")]
    assert "Hidden" not in page.words


def test_what_is_not_there_is_told_with_what_is(page: Page) -> None:
    with pytest.raises(Unexpected, match="The shelf"):
        page.form(having="nothing")
