"""The bytes of a file -> a heading and rows, whatever encoding and separator they were saved with."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from services.common.errors import Invalid
from services.membership.domain.importing.columns import known_in

MOST_BYTES = 3 * 1024 * 1024
MOST_ROWS = 10_000
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_SAVE = "In the spreadsheet choose “Save as”, then “CSV UTF-8”, and send that file."
_OTHER_KINDS = {
    b"PK\x03\x04": f"This is a spreadsheet or zip file, not a CSV file. {_SAVE}",
    b"\xd0\xcf\x11\xe0": f"This is an old Excel or Word file, not a CSV file. {_SAVE}",
    b"%PDF": f"This is a PDF, not a CSV file. {_SAVE}",
}


class Unusable(Invalid):
    """The file as a whole cannot be used; the sentence says what to do."""


@dataclass(frozen=True)
class Row:
    """Cells, and the line of the file on which they begin; the first line is 1."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    heading: Row
    rows: tuple[Row, ...]
    # Encoding and separator, as a sentence.
    read_as: str


def read_sheet(content: bytes) -> Sheet:
    """Raises `Unusable`. Lines without a word in them are left out."""
    if len(content) > MOST_BYTES:
        raise Unusable("The file is larger than 3 MB. Nothing was changed; split it into several files.")
    for mark, sentence in _OTHER_KINDS.items():
        if content.startswith(mark):
            raise Unusable(sentence)
    text, encoding = _decoded(content)
    if "\x00" in text:
        # PostgreSQL keeps none, so what is told of such a cell could not be written down.
        raise Unusable(f"The file holds signs that no text has. {_SAVE}")
    if not text.strip():
        raise Unusable("The file is empty. Nothing was changed; look whether the right one was chosen.")
    skipped, told = _told_separator(text)
    body = text.split("\n", 1)[1] if skipped else text
    separator = told or _separator(body)
    rows = _rows(body, separator, skipped)
    if len(rows) < 2:
        raise Unusable(_too_short(rows))
    if len(rows) - 1 > MOST_ROWS:
        raise Unusable("The file has more than 10,000 rows. Nothing was changed; split it into several files.")
    return Sheet(rows[0], tuple(rows[1:]), f"Read as {encoding}, with {_SEPARATORS[separator]} between the cells.")


def _too_short(rows: list[Row]) -> str:
    if rows and known_in(rows[0].cells):
        return "The file has a heading but no rows below it. Nothing was changed."
    return (
        "The file has no line that names the columns. Nothing was changed. Put one above the rows, with at least "
        "“name” and “email” in it, and send the file again."
    )


def _decoded(content: bytes) -> tuple[str, str]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded_as(content, "utf-16"), "UTF-16"
    try:
        return content.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        return _decoded_as(content, "cp1252"), "Windows-1252"


def _decoded_as(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unusable(f"The letters of this file cannot be read. {_SAVE}") from error


def _told_separator(text: str) -> tuple[int, str]:
    """Excel may write `sep=;` as a line before the heading."""
    first = text.split("\n", 1)[0].strip().strip('"')
    if first.lower().startswith("sep=") and first[4:5] in _SEPARATORS and "\n" in text:
        return 1, first[4]
    return 0, ""


def _separator(text: str) -> str:
    """The one with which the heading names most columns that are known, then most columns at all."""

    def found(separator: str) -> tuple[int, int]:
        try:
            heading = next(_cells(text, separator), Row(1, ()))
        except Unusable:
            return 0, 0
        return known_in(heading.cells), len(heading.cells)

    return max(_SEPARATORS, key=found)


def _rows(text: str, separator: str, skipped: int) -> list[Row]:
    rows: list[Row] = []
    for row in _cells(text, separator):
        if any(cell.strip() for cell in row.cells):
            rows.append(Row(row.line + skipped, row.cells))
        if len(rows) > MOST_ROWS + 1:
            break
    return rows


def _cells(text: str, separator: str) -> Iterator[Row]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    try:
        for cells in reader:
            yield Row(begins, tuple(cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise Unusable(
            f"The row that begins on line {begins} cannot be read: a quotation mark is opened and not closed, or "
            "stands in the middle of a cell. Nothing was changed; mend that line and send the file again."
        ) from error
