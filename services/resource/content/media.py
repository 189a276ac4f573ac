"""PDF, PNG and MP4: each is walked from end to end, so that nothing else hides in it or behind it."""

import os
from typing import BinaryIO

from services.common.errors import Invalid

PNG = b"\x89PNG\r\n\x1a\n"
_TAIL = 2048
_CHUNK = 1024 * 1024
_PDF_RUNS = (b"/JavaScript", b"/Launch")
_VIDEO_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash", b"MSNV")


def require_plain_pdf(file: BinaryIO) -> None:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _TAIL))
    if b"%%EOF" not in file.read():
        raise _damaged("PDF")
    if _holds(file, _PDF_RUNS):
        raise Invalid(
            "This PDF contains a script, so it was not kept. Print it to a new PDF and send that.",
            {"file": "contains a script"},
        )


def require_whole_png(file: BinaryIO) -> None:
    end = file.seek(0, os.SEEK_END)
    at = len(PNG)
    while at < end:
        file.seek(at)
        length, kind = int.from_bytes(file.read(4)), file.read(4)
        at += length + 12
        if kind == b"IEND" and at == end:
            return
    raise _damaged("PNG picture")


def require_whole_mp4(file: BinaryIO) -> None:
    end = file.seek(0, os.SEEK_END)
    file.seek(8)
    if file.read(4) not in _VIDEO_BRANDS:
        raise Invalid("This video cannot be played everywhere. Save it as MP4 and send that.", {"file": "not MP4"})
    at = 0
    while at < end:
        file.seek(at)
        length = int.from_bytes(file.read(4))
        file.seek(at + 8)
        length = {0: end - at, 1: int.from_bytes(file.read(8))}.get(length, length)
        if length < 8:
            break
        at += length
    if at != end:
        raise _damaged("video")


def _holds(file: BinaryIO, words: tuple[bytes, ...]) -> bool:
    file.seek(0)
    before = b""
    while chunk := file.read(_CHUNK):
        together = before + chunk
        if any(word in together for word in words):
            return True
        before = together[-max(map(len, words)) :]
    return False


def _damaged(what: str) -> Invalid:
    return Invalid(
        f"This {what} is damaged, or something is hidden behind it. Nothing was saved; save it anew and send it again.",
        {"file": "damaged"},
    )
