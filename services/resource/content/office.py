"""Office documents are zip archives: what is in one decides, and no more is inflated than the cap allows."""

import zipfile
import zlib
from typing import BinaryIO

from services.common.errors import Invalid

MOST_ENTRIES = 4000
MOST_INFLATED = 200 * 1024 * 1024
_CHUNK = 64 * 1024
_ENCRYPTED = 0x1
_TYPES = "[Content_Types].xml"
_MAIN_PARTS = {
    b"wordprocessingml.document.main+xml": "docx",
    b"presentationml.presentation.main+xml": "pptx",
    b"spreadsheetml.sheet.main+xml": "xlsx",
}
_MACROS = ("vbaproject.bin", "vbadata.xml", "macrosheets/", "activex/")
_ODF_MACROS = ("basic/", "scripts/")
_KEPT = 256 * 1024


def extension_of(file: BinaryIO) -> str:
    """docx, pptx, xlsx or odt; raises `Invalid` for any other archive."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _require_harmless(entries)
            _require_bounded(archive, entries)
            return _kind(archive, entries)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError) as error:
        raise _refused("This file is damaged and cannot be opened. Save it anew and send it again.") from error


def _require_harmless(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise _refused("This file has too many parts inside. Save it as PDF and send that.")
    names = [entry.filename.lower().replace("\\", "/") for entry in entries]
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise _refused("This file is locked with a password. Save it without one and send it again.")
    # An archive that begins later than the file is hidden behind something else.
    if min((entry.header_offset for entry in entries), default=1) != 0:
        raise _refused("This file is not put together like a document. Save it anew and send it again.")
    if len(set(names)) != len(names) or any(name.startswith("/") or ".." in name.split("/") for name in names):
        raise _refused("This file is not put together like a document. Save it anew and send it again.")
    if any(mark in name for name in names for mark in _MACROS) or any(name.startswith(_ODF_MACROS) for name in names):
        raise _refused("This document contains macros. Save it without them (docx, pptx, xlsx) and send that.")


def _require_bounded(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Counts the bytes that come out, whatever the archive says of itself."""
    left = MOST_INFLATED
    for entry in entries:
        with archive.open(entry) as stream:
            while chunk := stream.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise _refused("This file grows far too large when it is opened, so it was not kept.")


def _kind(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> str:
    names = {entry.filename for entry in entries}
    if entries and entries[0].filename == "mimetype":
        if _head(archive, "mimetype") == b"application/vnd.oasis.opendocument.text" and "content.xml" in names:
            return "odt"
    elif _TYPES in names:
        types = _head(archive, _TYPES)
        if b"macroEnabled" in types:
            raise _refused("This document contains macros. Save it without them (docx, pptx, xlsx) and send that.")
        for mark, extension in _MAIN_PARTS.items():
            if mark in types:
                return extension
    raise _refused("Archives are not let in, because nobody can see what is in them. Send the files one by one.")


def _head(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as stream:
        return stream.read(_KEPT).strip()


def _refused(sentence: str) -> Invalid:
    return Invalid(sentence, {"file": "not a file that can be kept here"})
