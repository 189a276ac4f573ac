"""Office documents are zip archives: what is in one decides, and no more is inflated than the cap allows."""

import os
import zipfile
import zlib
from typing import BinaryIO

from services.common.errors import Invalid

MOST_ENTRIES = 4000
# Of the list of entries at the archive's end, in bytes: Python makes an object of each before anybody can count them.
MOST_LISTED = 1024 * 1024
MOST_INFLATED = 200 * 1024 * 1024
_CHUNK = 64 * 1024
_ENCRYPTED = 0x1
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"
# The end of an archive with the longest remark that may stand behind it.
_LONGEST_END = 22 + 65535 + 20
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
    _require_short_list(file)
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _require_harmless(entries)
            _require_bounded(archive, entries)
            return _kind(archive, entries)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError) as error:
        raise _refused("This file is damaged and cannot be opened. Save it anew and send it again.") from error


def _require_short_list(file: BinaryIO) -> None:
    file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_END))
    end = file.read()
    # As zipfile looks for it: without a remark first.
    at = len(end) - 22 if end[-22:].startswith(_END) and end.endswith(b"\0\0") else end.rfind(_END)
    listed = int.from_bytes(end[at + 12 : at + 16], "little")
    # The 64-bit form is for archives larger than any that are let in, and would name another length.
    if at >= 0 and (listed > MOST_LISTED or end[max(0, at - 20) : at].startswith(_END_64)):
        raise _refused("This file has too many parts inside. Save it as PDF and send that.")


def _require_harmless(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise _refused("This file has too many parts inside. Save it as PDF and send that.")
    names = [entry.filename.lower().replace("\\", "/") for entry in entries]
    # Documents know these two ways; the others inflate without bound in one go.
    if any(entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for entry in entries):
        raise _refused("This file is not put together like a document. Save it anew and send it again.")
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
