"""Rows of the tables as domain objects, and back."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import RowMapping

from services.resource.domain.adoption import Adoption
from services.resource.domain.audience import Audience
from services.resource.domain.parts import File, Part
from services.resource.domain.resource import Edition, Resource, State
from services.resource.domain.words import Words

Row = RowMapping


def resource_row(resource: Resource) -> dict[str, Any]:
    newest = resource.published[-1] if resource.published else None
    words = resource.words
    return {
        "id": resource.id,
        "version": resource.version,
        "community_id": resource.community_id,
        "origin_node_id": resource.origin_node_id,
        "state": int(resource.state),
        "title": words.title,
        "summary": words.summary,
        "type": words.type,
        "topics": list(words.topics),
        "readers": list(words.readers),
        "evidence_level": words.evidence_level,
        "review_due": words.review_due,
        "adapted_from": words.adapted_from,
        "audience": int(resource.audience),
        "node_ids": list(resource.node_ids),
        "author_id": resource.author_id,
        "authors": resource.authors,
        "organisation": resource.organisation,
        "community": resource.community,
        "changed_at": resource.changed_at,
        "shown_at": newest.published_at if newest else None,
        "edition": newest.number if newest else 0,
        "withdrawn_because": resource.withdrawn_because,
        "travelled": resource.travelled,
    }


def edition_row(resource_id: str, edition: Edition) -> dict[str, Any]:
    return {
        "resource_id": resource_id,
        "number": edition.number,
        "published_at": edition.published_at,
        "note": edition.note,
    }


def part_rows(resource_id: str, edition: Edition) -> list[dict[str, Any]]:
    return [_part_row(resource_id, edition.number, place, part) for place, part in enumerate(edition.parts)]


def _part_row(resource_id: str, edition: int, place: int, part: Part) -> dict[str, Any]:
    file = part.file or File("", "", "", 0)
    return {
        "resource_id": resource_id,
        "edition": edition,
        "id": part.id,
        "place": place,
        "title": part.title,
        "licence": part.licence,
        "may_be_adapted": part.may_be_adapted,
        "link": part.link,
        "file_name": file.name,
        "media_type": file.media_type,
        "sha256": file.sha256,
        "size": file.size,
    }


def words_of(row: Row) -> Words:
    return Words(
        title=row["title"],
        summary=row["summary"],
        type=row["type"],
        topics=tuple(row["topics"]),
        readers=tuple(row["readers"]),
        evidence_level=row["evidence_level"],
        review_due=row["review_due"],
        adapted_from=row["adapted_from"],
    )


def resource_of(row: Row, editions: Sequence[Edition]) -> Resource:
    return Resource(
        id=row["id"],
        version=row["version"],
        community_id=row["community_id"],
        state=State(row["state"]),
        words=words_of(row),
        changed_at=row["changed_at"],
        audience=Audience(row["audience"]),
        node_ids=tuple(row["node_ids"]),
        origin_node_id=row["origin_node_id"],
        author_id=row["author_id"],
        authors=row["authors"],
        organisation=row["organisation"],
        community=row["community"],
        editions=tuple(editions),
        withdrawn_because=row["withdrawn_because"],
        travelled=row["travelled"],
        downloads=row["downloads"],
        used_by=row["used_by"],
    )


def editions_of(editions: Iterable[Row], parts: Iterable[Row]) -> dict[str, list[Edition]]:
    """By resource; the rows are ordered by number and place."""
    by_edition: dict[tuple[str, int], list[Part]] = {}
    for row in parts:
        by_edition.setdefault((row["resource_id"], row["edition"]), []).append(_part(row))
    found: dict[str, list[Edition]] = {}
    for row in editions:
        own = tuple(by_edition.get((row["resource_id"], row["number"]), ()))
        edition = Edition(row["number"], row["published_at"], row["note"], own)
        found.setdefault(row["resource_id"], []).append(edition)
    return found


def _part(row: Row) -> Part:
    file = File(row["file_name"], row["media_type"], row["sha256"], row["size"]) if row["sha256"] else None
    return Part(row["id"], row["title"], row["licence"], row["may_be_adapted"], file=file, link=row["link"])


def adoption_row(adoption: Adoption) -> dict[str, Any]:
    return {name: getattr(adoption, name) for name in Adoption.__dataclass_fields__}


def adoption_of(row: Row) -> Adoption:
    return Adoption(**{name: row[name] for name in Adoption.__dataclass_fields__})
