"""Reading the tables that people keep: whatever a spreadsheet writes, and what is wrong with which cell."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.common.access import Role
from services.membership.domain.importing import (
    Areas,
    Finding,
    Unusable,
    Wish,
    columns_of,
    read_row,
    read_sheet,
    twice_told,
)

NOW = datetime(2026, 8, 31, 9, 0, tzinfo=UTC)
HEADING = ["Name", "E-Mail", "Job title", "Localities"]
AREAS = Areas.of([("04E", "Mansfield and Ashfield"), ("04N", "Rushcliffe")])
CELLS = st.text(st.characters(codec="cp1252", exclude_characters="\x00\ufeff"), max_size=20)
# Where lines end with one sign alone, Python does not quote cells that hold the other.
ENDS = (("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL), ("\r", csv.QUOTE_ALL))
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")


def written(rows: Sequence[Sequence[str]], *, separator: str = ",", encoding: str = "utf-8", **how: object) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, **how).writerows([HEADING, *rows])  # type: ignore[arg-type]  # csv's own options
    return out.getvalue().encode(encoding)


def read(text: str) -> tuple[list[Wish], list[Finding]]:
    sheet = read_sheet(text.encode())
    columns = columns_of(sheet.heading.cells)
    assert columns.fault == ""
    wishes, found = [], []
    for row in sheet.rows:
        wish, faults = read_row(row, columns, AREAS, now=NOW)
        wishes += [wish] if wish else []
        found += faults
    return wishes, found


@given(
    rows=st.lists(st.lists(CELLS, min_size=4, max_size=4), min_size=1, max_size=6),
    how=st.sampled_from(list(product(",;\t", ENCODINGS, ENDS))),
)
def test_whatever_a_spreadsheet_writes_reads_back(rows: list[list[str]], how: tuple[str, str, tuple[str, int]]) -> None:
    separator, encoding, (line_end, quoting) = how
    content = written(rows, separator=separator, encoding=encoding, lineterminator=line_end, quoting=quoting)
    worded = [tuple(row) for row in rows if any(cell.strip() for cell in row)]
    assume(worded and (encoding != "cp1252" or not _is_utf8(content)))

    sheet = read_sheet(content)

    assert [row.cells for row in sheet.rows] == worded
    assert sheet.heading.cells == tuple(HEADING)


def _is_utf8(content: bytes) -> bool:
    try:
        return not content.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


def test_a_row_is_known_by_the_line_on_which_it_begins() -> None:
    wishes, found = read(
        'name,email,job title\n"Ann\nExample",ann@home.example,"Nurse,\nnights"\n\nB,b@home.example,\n'
    )

    assert [(wish.line, wish.name, wish.job_title) for wish in wishes] == [(2, "Ann Example", "Nurse, nights")]
    assert [(each.line, each.column) for each in found] == [(6, "name")]


def test_a_separator_that_excel_announces_is_believed() -> None:
    wishes, _ = read("sep=;\r\nname;email\r\nAnn Example;ann@home.example\r\n")

    assert [(wish.line, wish.name) for wish in wishes] == [(3, "Ann Example")]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_a_cell_that_looks_like_a_formula_is_refused_with_its_place(sign: str) -> None:
    wishes, found = read(f"name,email,job title\nAnn Example,ann@home.example,{sign}cmd|' /C calc'!A0\n")

    assert wishes == []
    assert found[0].column == "job title" and "like a formula" in found[0].reason


def test_a_dash_alone_means_nothing_is_known() -> None:
    wishes, _ = read("name,email,job title\nAnn Example,ann@home.example,-\n")

    assert wishes[0].job_title == ""


def test_a_cell_of_sixty_thousand_unknown_localities_is_told_once() -> None:
    cell = ";".join(f"x{number}" for number in range(15_000))

    _, found = read(f"name,email,locality\nAnn Example,ann@home.example,{cell}\n")

    assert len(found) == 1 and found[0].reason.startswith("“x0” is not a locality")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_sign_that_no_database_keeps_makes_the_file_unusable_in_every_encoding(encoding: str) -> None:
    with pytest.raises(Unusable, match="signs that no text has"):
        read_sheet("name,email,x\x00y\nAnn Example,ann@home.example,\n".encode(encoding))


def test_an_unknown_locality_names_the_nearest_known_one() -> None:
    _, found = read("name,email,locality\nAnn Example,ann@home.example,Rushcliff\n")

    assert found == [Finding(2, "locality", "“Rushcliff” is not a locality of this node. Nearest: “Rushcliffe”.")]


def test_a_reason_is_never_longer_than_it_can_be_kept() -> None:
    areas = Areas.of([(f"L{number}", f"{number} {'Wold' * 29}") for number in range(3)])
    sheet = read_sheet(b"name,email,locality\nAnn,a@b.example,Wolds")

    _, (found,) = read_row(sheet.rows[0], columns_of(sheet.heading.cells), areas, now=NOW)

    assert len(found.reason) == 400


def test_columns_go_by_many_names_in_any_order() -> None:
    wishes, found = read(
        "CQC,Employer,E-Mail Address,Area,Full Name,Role,Listed,Type,ODS code,Valid to\n"
        "1-234,Oak House,ann@home.example,04N | mansfield and ashfield,Ann Example,Convenor,no,"
        "care home with nursing,vn1,31/03/2026\n"
    )

    home = wishes[0].organisation
    assert found == [] and home is not None
    assert (home.ods_code, home.cqc_location_id, home.type, str(home.valid_to)) == (
        "VN1", "1-234", "home_nursing", "2026-03-31",
    )  # fmt: skip
    assert wishes[0].locality_ids == ("04E", "04N")
    assert wishes[0].roles == {Role.ROLE_CONVENOR} and wishes[0].listed is False


def test_no_file_makes_an_operator() -> None:
    _, found = read("name,email,role\nAnn Example,ann@home.example,operator\n")

    assert "“operator” cannot be given" in found[0].reason


def test_a_row_with_more_cells_than_the_heading_says_what_may_be_wrong() -> None:
    _, found = read("name,email\nAnn Example,ann@home.example,Nurse\n")

    assert found[0].column == "" and "3 cells and the heading 2" in found[0].reason


def test_one_person_twice_is_bad_and_two_people_with_one_mailbox_deserve_a_look() -> None:
    wishes, _ = read(
        "name,email\nAnn Example,home@home.example\nann  EXAMPLE,Home@home.example\nBen,home@home.example\n"
    )
    told: dict[tuple[str, str], int] = {}
    mailboxes: dict[str, int] = {}

    found = [twice_told(wish, told, mailboxes) for wish in wishes]

    assert [each and (each.line, each.bad) for each in found] == [None, (3, True), (4, False)]
    assert found[1] is not None and "line 2" in found[1].reason


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \r\n\r\n", "is empty"),
        (b"name,email\r\n", "no rows below"),
        (b"Ann Example,ann@home.example\n", "no line that names the columns"),
        (b",,,\n", "no line that names the columns"),
        (b"PK\x03\x04rest", "not a CSV file"),
        (b"%PDF-1.7", "PDF"),
        (b"n\x00a\x00m\x00e\x00", "signs that no text has"),
        ("name,email\nA\x00nn,a@b.example".encode("utf-16"), "signs that no text has"),
        (b'name,email\nAnn,"open\nBen,b@x.example\n', "line 2"),
        (b"name,email\n" + b"Ann Example,ann@home.example\n" * 10_001, "more than 10,000 rows"),
        (b"x" * (3 * 1024 * 1024 + 1), "larger than 3 MB"),
    ],
    ids=[
        "empty",
        "blank",
        "no-rows",
        "one-line-without-heading",
        "separators-alone",
        "xlsx",
        "pdf",
        "utf-16-without-bom",
        "utf-16-nul",
        "open-quote",
        "too-many",
        "too-large",
    ],
)
def test_a_file_that_cannot_be_used_says_what_to_do(content: bytes, says: str) -> None:
    with pytest.raises(Unusable, match=says):
        read_sheet(content)


def test_a_file_without_a_heading_is_told_which_column_it_needs() -> None:
    sheet = read_sheet(b"Ann Example,ann@home.example\nBen Example,ben@home.example\n")

    assert "none is called “name”" in columns_of(sheet.heading.cells).fault


def test_two_columns_that_mean_the_same_are_named() -> None:
    assert "“email” and “E-mail”" in columns_of(["name", "email", "E-mail"]).fault
