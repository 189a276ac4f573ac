"""What is let in is decided by what is in a file, never by its name."""

import io
import tracemalloc
import zipfile

import pytest

from services.common.errors import Invalid
from services.resource.content import identify, office
from tests.unit.resource.shelves import JPEG, MP4, PDF, PNG, a_docx, a_zip

OOXML = b"application/vnd.openxmlformats-officedocument."


def typed(main: bytes) -> bytes:
    return a_zip({"[Content_Types].xml": b'<Override ContentType="' + OOXML + main + b'"/>', "x.xml": b"<x/>"})


def an_odt(**more: bytes) -> bytes:
    mimetype = b"application/vnd.oasis.opendocument.text"
    return a_zip({"mimetype": mimetype, "content.xml": b"<office/>", **more}, compression=zipfile.ZIP_STORED)


def locked(archive: bytes) -> bytes:
    """The same archive, its first entry marked as encrypted in both its headers."""
    made = bytearray(archive)
    made[6] |= 1
    made[made.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


@pytest.mark.parametrize(
    ("content", "name", "extension"),
    [
        (PDF, "a.exe", "pdf"),
        (PNG, "a.pdf", "png"),
        (JPEG, "a", "jpg"),
        (MP4, "a.mov", "mp4"),
        (a_docx(), "a.zip", "docx"),
        (typed(b"presentationml.presentation.main+xml"), "a", "pptx"),
        (typed(b"spreadsheetml.sheet.main+xml"), "a", "xlsx"),
        (an_odt(), "a", "odt"),
        ("Trinken: wie viel für wen?\n".encode(), "a.html", "txt"),
        (b"\xef\xbb\xbfhome,beds\r\nSherwood,40\r\n", "homes.CSV", "csv"),
        (b"a < b, and b > a\n", "a", "txt"),
    ],
)
def test_a_file_is_what_it_contains(content: bytes, name: str, extension: str) -> None:
    assert identify(io.BytesIO(content), name).extension == extension


DOCX_PARTS = {"[Content_Types].xml": b"wordprocessingml.document.main+xml", "word/document.xml": b"<w:document/>"}
HOSTILE = {
    "empty": b"",
    "a Windows program": b"MZ\x90\0" + b"\0" * 60,
    "a Linux program": b"\x7fELF" + b"\0" * 60,
    "a script": b"#!/bin/sh\necho hello\n",
    "a web page": b"<!DOCTYPE html><p>Hello",
    "a web page after a blank": b"  \n <p>Hello</p>",
    "a web page in the middle": b"Hello " * 50_000 + b"<ScRiPt>alert(1)</script>",
    "a web page across two pieces": b"a" * (64 * 1024 - 3) + b"<script src=x>",
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "a drawing with a preamble": b'<?xml version="1.0"?><svg/>',
    "UTF-16 text": "<script>".encode("utf-16"),
    "Latin-1 text": "Überblick".encode("latin-1"),
    "text with a bell": b"hello \x07 there",
    "rich text": rb"{\rtf1 hello}",
    "an old Word document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500,
    "an archive": a_zip({"readme.txt": b"hello"}),
    "a Java archive": a_zip({"META-INF/MANIFEST.MF": b"x", "A.class": b"\xca\xfe\xba\xbe"}),
    "a document with macros": a_docx(**{"word/vbaProject.bin": b"x"}),
    "a macro document by its type": a_zip({"[Content_Types].xml": b"macroEnabled.main+xml"}),
    "a document with ActiveX": a_docx(**{"word/activeX/activeX1.bin": b"x"}),
    "an OpenDocument with macros": an_odt(**{"Basic/Standard/Module1.xml": b"x"}),
    "a locked document": locked(a_docx()),
    "a document with a path in it": a_docx(**{"../../evil": b"x"}),
    "a document squeezed in a way that inflates all at once": a_zip(DOCX_PARTS, compression=zipfile.ZIP_BZIP2),
    "a document squeezed in a way of its own": a_zip(DOCX_PARTS, compression=zipfile.ZIP_LZMA),
    "half a document": a_docx()[:-40],
    "a document behind something else": PDF + a_docx(),
    "a picture with an archive behind it": PNG + a_zip({"a": b"b"}),
    "a photograph with an archive behind it": JPEG + a_zip({"a": b"b"}),
    "half a picture": PNG[:-12],
    "a picture and more": PNG + b"<script>",
    "half a PDF": PDF[:20],
    "a PDF with a script": PDF.replace(b"/Catalog", b"/Catalog /OpenAction <</S /JavaScript>>"),
    "a PDF with blanks before it": b"\n\n" + PDF,
    "half a video": MP4[:-4],
    "a video of an unknown kind": b"\0\0\0\x18ftypqt  \0\0\0\0" + b"\0" * 8,
    "a gif": b"GIF89a" + b"\0" * 30,
    "noise": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_is_not_let_in_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        identify(io.BytesIO(content), "leaflet.pdf")

    assert refused.value.sentence.endswith(".") and refused.value.fields


def test_a_document_that_grows_without_end_is_stopped_at_the_cap() -> None:
    bomb = a_docx(**{"word/media/image1.png": b"\0" * (office.MOST_INFLATED + 1)})
    assert len(bomb) < 250_000

    with pytest.raises(Invalid, match="grows far too large"):
        identify(io.BytesIO(bomb), "a.docx")


@pytest.mark.parametrize("remark", [b"", b"a remark"])
def test_a_document_with_an_endless_list_of_parts_is_refused_before_the_list_is_read(remark: bytes) -> None:
    listed = a_docx()
    at = listed.rindex(b"PK\x05\x06")
    more = listed[listed.index(b"PK\x01\x02") : at] * 12_000
    end = bytearray(listed[at:] + remark)
    end[12:16] = (len(more) + at - listed.index(b"PK\x01\x02")).to_bytes(4, "little")
    end[20:22] = len(remark).to_bytes(2, "little")
    tracemalloc.start()

    with pytest.raises(Invalid, match="too many parts"):
        identify(io.BytesIO(listed[:at] + more + bytes(end)), "a.docx")

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000
