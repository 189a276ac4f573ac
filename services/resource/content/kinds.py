"""The kinds of file that are let in, and the sentences for those that are not."""

import zipfile
from dataclasses import dataclass
from typing import BinaryIO

from services.common.errors import Invalid
from services.resource.content import media, office, plain


@dataclass(frozen=True)
class Kind:
    media_type: str
    extension: str


_OFFICE = "application/vnd.openxmlformats-officedocument"
KINDS: dict[str, Kind] = {
    kind.extension: kind
    for kind in (
        Kind("application/pdf", "pdf"),
        Kind(f"{_OFFICE}.wordprocessingml.document", "docx"),
        Kind(f"{_OFFICE}.presentationml.presentation", "pptx"),
        Kind(f"{_OFFICE}.spreadsheetml.sheet", "xlsx"),
        Kind("application/vnd.oasis.opendocument.text", "odt"),
        Kind("image/png", "png"),
        Kind("image/jpeg", "jpg"),
        Kind("video/mp4", "mp4"),
        Kind("text/plain", "txt"),
        Kind("text/csv", "csv"),
    )
}
LET_IN = (
    "PDF, Word (docx), PowerPoint (pptx), Excel (xlsx), OpenDocument text (odt), PNG, JPEG, MP4, plain text and CSV"
)
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"dex\n")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def identify(file: BinaryIO, name: str) -> Kind:
    """The kind of a file; raises `Invalid` with a sentence for what is not let in.

    `name` only tells CSV from other plain text.
    """
    start = file.read(16)
    if not start:
        raise refused("This file is empty. Nothing was saved; check it on your computer and send it again.")
    if start.startswith(_PROGRAMS):
        raise refused(f"This file is a program, and programs are not let in. You can add {LET_IN}.")
    if start.startswith(_OLD_OFFICE):
        raise refused(
            "This is an older Office file, or one locked with a password. Save it without a password as docx, pptx or "
            "xlsx, or as PDF, and send that."
        )
    if start.startswith(b"PK\x03\x04"):
        return KINDS[office.extension_of(file)]
    return KINDS[_other(file, start, name)]


def _other(file: BinaryIO, start: bytes, name: str) -> str:
    if start.startswith(b"%PDF-"):
        media.require_plain_pdf(file)
        extension = "pdf"
    elif start.startswith(media.PNG):
        media.require_whole_png(file)
        extension = "png"
    elif start.startswith(b"\xff\xd8\xff"):
        extension = "jpg"
    elif start[4:8] == b"ftyp":
        media.require_whole_mp4(file)
        extension = "mp4"
    else:
        return plain.extension_of(file, name)
    if zipfile.is_zipfile(file):
        raise refused("This file hides an archive behind a picture or document, so it was not kept.")
    return extension


def refused(sentence: str) -> Invalid:
    return Invalid(sentence, {"file": "not a file that can be kept here"})
