"""Text as it is kept: what cannot be seen or turns the reading direction is taken out; file names lose their paths."""

import re
import unicodedata
from urllib.parse import urlsplit

from services.common.errors import Invalid

LONGEST_NAME = 120
LONGEST_LINK = 2000
# Marks that hide or reverse what follows; joiners stay, for emoji and for scripts that need them.
_UNSEEN = "\u00ad\u115f\u1160\u180e\u3164\uffa0"
_DIRECTION = "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
_HIDDEN = re.compile(f"[{_UNSEEN}{_DIRECTION}\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_ALIKE = {"jpeg": "jpg", "text": "txt", "m4v": "mp4"}


def clean_line(text: str) -> str:
    """One line of text: hidden characters out, white space in single blanks."""
    return " ".join(_visible(text).split())


def clean_text(text: str) -> str:
    """Text of several lines, without hidden characters and without blanks at its ends."""
    return _visible(text.replace("\r\n", "\n").replace("\r", "\n")).strip()


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
    if not address.isprintable() or " " in address or not 0 < len(address) <= LONGEST_LINK:
        raise _bad_link()
    try:
        parts = urlsplit(address)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise _bad_link() from error
    if parts.scheme not in {"http", "https"} or not named or parts.username is not None or _HIDDEN.search(address):
        raise _bad_link()
    return address


def _bad_link() -> Invalid:
    return Invalid(
        "This link cannot be used. Copy the whole address, which begins with https://, from your browser.",
        {"link": "not an address of a web page"},
    )


def _visible(text: str) -> str:
    return _HIDDEN.sub("", unicodedata.normalize("NFC", text))


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
