"""Plain text: UTF-8 without control characters, and nothing that a browser would run."""

import codecs
import re
from typing import BinaryIO

from services.common.errors import Invalid

_CHUNK = 64 * 1024
_OVERLAP = 32
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]")
_MARKUP = re.compile(
    r"<(?:!doctype|html|head|body|svg|script|iframe|object|embed|style|meta|link|img|math|\?xml|\?php)\b", re.IGNORECASE
)
_OPENING = re.compile(r"\s*(?:<|%PDF)|\{\\rtf|%!PS|MIME-Version:|Content-Type:", re.IGNORECASE)
_NOT_LET_IN = (
    "This kind of file is not let in. You can add PDF, Word (docx), PowerPoint (pptx), Excel (xlsx), OpenDocument text "
    "(odt), PNG, JPEG, MP4, plain text and CSV."
)
_WEB = "This is a web page or drawing that could run in a reader's browser, so it was not kept. Send it as PDF or PNG."


def extension_of(file: BinaryIO, name: str) -> str:
    """txt, or csv where the name says so; raises `Invalid` for anything but harmless text."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    before = ""
    try:
        while chunk := file.read(_CHUNK):
            before = _checked(before, decoder.decode(chunk))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Invalid(_NOT_LET_IN, {"file": "not a file that can be kept here"}) from error
    return "csv" if name.lower().rstrip().endswith(".csv") else "txt"


def _checked(before: str, text: str) -> str:
    """Looks at the text together with the end of what came before; returns the end of it."""
    together = before + text
    if _CONTROL.search(text):
        raise Invalid(_NOT_LET_IN, {"file": "not a file that can be kept here"})
    if _MARKUP.search(together) or (not before and _OPENING.match(together)):
        raise Invalid(_WEB, {"file": "could run in a browser"})
    return together[-_OVERLAP:]
