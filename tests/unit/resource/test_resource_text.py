"""Names, links and words as they are kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import Invalid
from services.common.text import clean_line, clean_text
from services.resource.domain.text import LONGEST_NAME, checked_link, clean_file_name
from services.resource.domain.words import checked_words
from tests.unit.resource.shelves import VOCABULARY, some_words


@pytest.mark.parametrize(
    ("given_name", "extension", "kept"),
    [
        ("leaflet.pdf", "pdf", "leaflet.pdf"),
        ("../../etc/passwd", "txt", "passwd.txt"),
        ("C:\\Users\\ann\\Drinks.PDF", "pdf", "Drinks.pdf"),
        ("leaflet\u202efdp.exe", "pdf", "leafletfdp.pdf"),
        ("leaflet.pdf.exe", "pdf", "leaflet.pdf"),
        ("photo.JPEG", "jpg", "photo.jpg"),
        ("minutes v1.2", "docx", "minutes v1.2.docx"),
        ("a\x00b\tc\n.pdf", "pdf", "ab c.pdf"),
        ("", "pdf", "file.pdf"),
        ("...", "pdf", "file.pdf"),
        ("con.pdf", "pdf", "file con.pdf"),
        ('what?*<>|".pdf', "pdf", "what.pdf"),
        ("Überblick Größe.pdf", "pdf", "Überblick Größe.pdf"),
    ],
)
def test_a_file_name_loses_its_path_and_tricks_and_gets_its_true_extension(
    given_name: str, extension: str, kept: str
) -> None:
    assert clean_file_name(given_name, extension) == kept


@given(st.text(max_size=400), st.sampled_from(["pdf", "docx", "txt"]))
def test_whatever_a_file_was_called_its_name_is_harmless(name: str, extension: str) -> None:
    kept = clean_file_name(name, extension)

    assert kept.endswith(f".{extension}") and 0 < len(kept) <= LONGEST_NAME
    assert not set(kept) & set('/\\<>:"|?*\0\n\t\u202e\u200f')
    assert clean_file_name(kept, extension) == kept


@pytest.mark.parametrize(
    "link",
    ["", "javascript:alert(1)", "ftp://example.org/a", "https://", "//example.org", "https://ann:secret@example.org/",
     "https://exa mple.org/", "https://example.org:0x/", "data:text/html,x", "https://[::1",
     "https://example.org/\u202ea", "https://example.org/" + "a" * 2000],
)  # fmt: skip
def test_a_link_is_an_address_of_a_web_page_or_refused(link: str) -> None:
    with pytest.raises(Invalid):
        checked_link(link)


def test_hidden_characters_leave_and_lines_stay() -> None:
    assert clean_line("  Drink\u200b \u202e more\t water ") == "Drink more water"
    assert clean_text("one\r\ntwo\x07\n") == "one\ntwo"
    assert clean_line("\u00ad\u115f\u3164\uffa0") == ""


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("title", "ab"), ("title", "a" * 201), ("summary", "a" * 2001), ("type", "poem"), ("topics", ("drink",)),
        ("topics", tuple(list(VOCABULARY.topics)[:7])), ("readers", ("aliens",)), ("evidence_level", 9),
        ("evidence_level", -1), ("review_due", "soon"), ("review_due", "2027-02-30"), ("adapted_from", "x" * 65),
        ("adapted_from", "the old leaflet"),
    ],
)  # fmt: skip
def test_words_outside_their_bounds_are_marked_at_their_field(field: str, bad: object) -> None:
    with pytest.raises(Invalid) as refused:
        checked_words(some_words(**{field: bad}), VOCABULARY)

    assert set(refused.value.fields) == {field}


def test_a_draft_may_leave_open_what_publishing_needs() -> None:
    draft = checked_words(some_words(summary="", type="", topics=(), review_due=""), VOCABULARY)

    assert draft.title


@pytest.mark.parametrize("day", ["2027-W13-3", "20270331", "31.03.2027", "2027-02-30", "2027-03-31T00"])
def test_a_day_is_written_in_one_way(day: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_words(some_words(review_due=day), VOCABULARY)

    assert "review_due" in refused.value.fields
