"""Builders: people, words, parts and files with what a test does not care about filled in."""

import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.common.access import Person, Role
from services.resource.domain.parts import File, Part
from services.resource.domain.resource import Edition, Resource, State
from services.resource.domain.words import Words
from services.resource.vocabulary import load

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CARE_HOMES = "c" * 32
SOCIAL_CARE = "d" * 32
DERBYSHIRE = "b" * 64
LEICESTERSHIRE = "e" * 64
VOCABULARY = load()
PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x0dIHDR" + b"\0" * 17 + b"\0\0\0\0IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\0" * 40 + b"\xff\xd9"
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isommp41" + b"\0\0\0\x08free"


def an_id(number: int) -> str:
    return f"{number:032x}"


def a_member(number: int = 1, *, community: str = CARE_HOMES, **given: Any) -> Person:
    known = {"organisation_name": "Sherwood Lodge", "shown_as": f"Member {number}"}
    return Person(an_id(number), roles={community: frozenset({int(Role.ROLE_MEMBER)})}, **{**known, **given})


def a_convenor(number: int = 90, *, community: str = CARE_HOMES) -> Person:
    roles = {community: frozenset({int(Role.ROLE_MEMBER), int(Role.ROLE_CONVENOR)})}
    return Person(an_id(number), organisation_name="Trent Trust", shown_as=f"Convenor {number}", roles=roles)


def some_words(**given: Any) -> Words:
    known: dict[str, Any] = {
        "title": "Seven drinks rounds a day",
        "summary": "How to offer a drink seven times between breakfast and bedtime.",
        "type": "training_package",
        "topics": ("hydration",),
        "readers": ("carers",),
        "evidence_level": 2,
    }
    return Words(**{**known, **given})


def a_part(number: int = 1, *, licence: str = "CC-BY-4.0", **given: Any) -> Part:
    file = File("drinks.pdf", "application/pdf", f"{number:064x}", 1000)
    known: dict[str, Any] = {"title": "Slides", "may_be_adapted": True, "file": file}
    return Part(an_id(1000 + number), licence=licence, **{**known, **given})


def a_draft(number: int = 1, **given: Any) -> Resource:
    known: dict[str, Any] = {
        "version": 1,
        "community_id": CARE_HOMES,
        "state": State.DRAFT,
        "words": some_words(),
        "changed_at": NOW,
        "author_id": an_id(1),
        "authors": "Member 1",
        "organisation": "Sherwood Lodge",
        "editions": (Edition(1, parts=(a_part(),)),),
    }
    return Resource(id=an_id(100 + number), **{**known, **given})


def a_published(number: int = 1, **given: Any) -> Resource:
    draft = a_draft(number)
    editions = (replace(draft.editions[0], published_at=NOW),)
    return replace(draft, **{"state": State.PUBLISHED, "editions": editions, **given})


def a_zip(entries: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def a_docx(**more: bytes) -> bytes:
    main = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    types = b'<Types><Override PartName="/word/document.xml" ContentType="' + main + b'"/></Types>'
    return a_zip({"[Content_Types].xml": types, "word/document.xml": b"<w:document/>", **more})
