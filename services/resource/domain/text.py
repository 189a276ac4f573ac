"""File names without their paths, and links to pages elsewhere."""

import re

from services.common.errors import Invalid
from services.common.text import clean_line, is_link

LONGEST_NAME = 120
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_ALIKE = {"jpeg": "jpg", "text": "txt", "m4v": "mp4"}


def clean_file_name(name: str, extension: str) -> str:
    """The last part of the name, fit for any disk, with the extension that its content has."""
    last = re.split(r"[/\\]", name)[-1]
    stem = _without_extension(re.sub(r'[<>:"|?*\t\n]', " ", clean_line(last)).strip(" ."), extension)
    stem = clean_line(stem).strip(" .")[: LONGEST_NAME - len(extension) - 1].rstrip(" .") or "file"
    if _RESERVED.match(stem):
        stem = f"file {stem}"[: LONGEST_NAME - len(extension) - 1]
    return f"{stem}.{extension}"


def checked_link(link: str) -> str:
    """A link to a page elsewhere, over http or https, without a password in it."""
    address = link.strip()
    if not is_link(address, {"http", "https"}):
        raise Invalid(
            "This link cannot be used. Copy the whole address, which begins with https://, from your browser.",
            {"link": "not an address of a web page"},
        )
    return address


def _without_extension(name: str, extension: str) -> str:
    while found := _EXTENSION.search(name):
        given = found.group()[1:].lower()
        # "minutes v1.2" ends in no extension; "leaflet.pdf.exe" ends in two.
        if given.isdigit():
            break
        name = name[: found.start()].rstrip(" .")
        if _ALIKE.get(given, given) == extension:
            break
    return name
