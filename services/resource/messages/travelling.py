"""The bodies that travel between nodes. Outward members' ids stay here; inward nothing is taken on trust."""

import re
from dataclasses import replace
from datetime import date, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from fosse.common.v1 import audience_pb2
from fosse.common.v1 import shareable_pb2 as pb
from fosse.shared.v1 import resource_pb2 as shared
from services.common.errors import Invalid
from services.common.instants import instant, stamp
from services.common.text import clean_line, clean_text
from services.resource.content import KINDS
from services.resource.domain.adoption import DECLINED, LONGEST_PLACE, Adoption, Reach
from services.resource.domain.audience import Audience
from services.resource.domain.parts import File, Part
from services.resource.domain.resource import LONGEST_DISPLAY, LONGEST_NOTE, Edition, Resource, State
from services.resource.domain.text import checked_link, clean_file_name
from services.resource.domain.words import ITEM_ID, LONGEST_SUMMARY, LONGEST_TITLE, Words

RESOURCE = "fosse.shared.v1.Resource"
ADOPTION = "fosse.shared.v1.Adoption"
MOST_EDITIONS, MOST_PARTS, MOST_CODES = 200, 100, 50
_LARGEST_NUMBER = 2**31 - 1
_LARGEST_FILE = 2**40
_CODE = re.compile(r"[A-Za-z0-9._:-]{1,60}")
_SHA = re.compile(r"[0-9a-f]{64}")
_UNKNOWN = "application/octet-stream"
_MEDIA_TYPES = {kind.media_type: kind.extension for kind in KINDS.values()}
_WIDEST_OF_STREAM = {"region": Audience.REGION, "nation": Audience.NATION, "public": Audience.PUBLIC}


class NotKnownYet(Exception):
    """Something that only newer software knows: the entry waits for an upgrade."""


def resource_body(of: Resource) -> shared.Resource:
    words = of.words
    return shared.Resource(
        title=words.title,
        summary=words.summary,
        type=words.type,
        topics=words.topics,
        readers=words.readers,
        evidence_level=words.evidence_level,
        review_due=words.review_due,
        language="en-GB",
        audience=audience_pb2.Audience.ValueType(of.audience),
        authors=of.authors,
        organisation=of.organisation,
        community=of.community,
        editions=[_edition_body(edition) for edition in of.published],
        adapted_from=words.adapted_from,
    )


def adoption_body(of: Adoption, reach: Reach) -> shared.Adoption:
    return shared.Adoption(
        resource_id=of.resource_id,
        stage=of.stage,
        locality=of.locality,
        # A decline names nobody.
        organisation="" if of.stage == DECLINED else of.organisation,
        since=stamp(of.since),
        audience=audience_pb2.Audience.ValueType(reach.audience or 0),
    )


def resource_taken(entry: pb.VerifiedEntry) -> Resource:
    """Another node's resource; raises `Invalid` or `NotKnownYet` for a body that cannot be taken."""
    body = shared.Resource.FromString(entry.body)
    editions = tuple(_edition_taken(edition) for edition in body.editions)
    numbers = [edition.number for edition in editions]
    if not 0 < len(editions) <= MOST_EDITIONS or numbers != sorted(set(numbers)):
        raise Invalid("Its editions are not in order.")
    return Resource(
        id=item_id(entry.item_id),
        version=_version(entry.item_version),
        community_id=_matching(ITEM_ID, entry.community_id, "community") if entry.community_id else "",
        state=State.PUBLISHED,
        words=_words_taken(body),
        changed_at=_instant(entry.signed_at),
        audience=_audience(body.audience, entry.stream),
        origin_node_id=item_id(entry.origin_node_id),
        authors=_line(body.authors, LONGEST_DISPLAY, "authors"),
        organisation=_line(body.organisation, LONGEST_DISPLAY, "organisation"),
        community=_line(body.community, LONGEST_DISPLAY, "community"),
        editions=editions,
    )


def adoption_taken(entry: pb.VerifiedEntry) -> Adoption:
    """Another node's adoption; raises `Invalid` or `NotKnownYet` for a body that cannot be taken."""
    body = shared.Adoption.FromString(entry.body)
    _audience(body.audience, entry.stream)
    taken = Adoption(
        id=item_id(entry.item_id),
        version=_version(entry.item_version),
        resource_id=item_id(body.resource_id),
        stage=_matching(_CODE, body.stage, "stage"),
        since=_instant(body.since),
        changed_at=_instant(entry.signed_at),
        locality=_line(body.locality, LONGEST_PLACE, "locality"),
        organisation=_line(body.organisation, LONGEST_DISPLAY, "organisation"),
        node_id=item_id(entry.origin_node_id),
    )
    return replace(taken, organisation="") if taken.stage == DECLINED else taken


def item_id(value: str) -> str:
    return _matching(ITEM_ID, value, "number")


def _edition_body(of: Edition) -> shared.Edition:
    return shared.Edition(
        number=of.number,
        published_at=stamp(of.published_at),
        note=of.note,
        parts=[_part_body(part) for part in of.parts],
    )


def _part_body(of: Part) -> shared.Part:
    body = shared.Part(id=of.id, title=of.title, licence=of.licence, may_be_adapted=of.may_be_adapted)
    if of.file:
        body.file.CopyFrom(
            shared.File(name=of.file.name, media_type=of.file.media_type, sha256=of.file.sha256, size=of.file.size)
        )
    else:
        body.link = of.link
    return body


def _words_taken(body: shared.Resource) -> Words:
    if len(body.topics) > MOST_CODES or len(body.readers) > MOST_CODES:
        raise Invalid("It has too many topics or readers.")
    title, summary = _line(body.title, LONGEST_TITLE, "title"), clean_text(body.summary)
    if not title or len(summary) > LONGEST_SUMMARY or not 0 <= body.evidence_level <= MOST_CODES:
        raise Invalid("Its words are longer than they may be.")
    return Words(
        title=title,
        summary=summary,
        type=_matching(_CODE, body.type, "type"),
        topics=tuple(_matching(_CODE, code, "topic") for code in body.topics),
        readers=tuple(_matching(_CODE, code, "reader") for code in body.readers),
        evidence_level=body.evidence_level,
        review_due=_day(body.review_due),
        adapted_from=item_id(body.adapted_from) if body.adapted_from else "",
    )


def _edition_taken(body: shared.Edition) -> Edition:
    parts = tuple(_part_taken(part) for part in body.parts)
    if len(parts) > MOST_PARTS or len({part.id for part in parts}) != len(parts):
        raise Invalid("Its parts are too many, or not told apart.")
    if not 0 < body.number <= _LARGEST_NUMBER or not body.HasField("published_at"):
        raise Invalid("It has an edition that was never published.")
    return Edition(body.number, _instant(body.published_at), _text(body.note, LONGEST_NOTE, "note"), parts)


def _part_taken(body: shared.Part) -> Part:
    title = _line(body.title, LONGEST_TITLE, "title")
    part = Part(item_id(body.id), title, _matching(_CODE, body.licence, "licence"), body.may_be_adapted)
    kind = body.WhichOneof("content")
    if kind == "link":
        return replace(part, link=checked_link(body.link))
    if kind == "file":
        return replace(part, file=_file_taken(body.file))
    raise NotKnownYet("a part that is neither file nor link")


def _file_taken(body: shared.File) -> File:
    if not 0 <= body.size <= _LARGEST_FILE:
        raise Invalid("It has a file of an impossible size.")
    known = body.media_type in _MEDIA_TYPES
    # A kind that this node does not know is never named as something a browser might run.
    media_type = body.media_type if known else _UNKNOWN
    name = clean_file_name(body.name, _MEDIA_TYPES.get(media_type, "bin"))
    return File(name, media_type, _matching(_SHA, body.sha256, "file"), body.size)


def _audience(number: int, stream: str) -> Audience:
    """Never wider than the stream it came by."""
    if number > max(Audience):
        raise NotKnownYet("a wider audience")
    if number <= Audience.NODE:
        raise Invalid("Its audience does not reach another node.")
    return min(Audience(number), _WIDEST_OF_STREAM.get(stream, Audience.NAMED_NODES))


def _version(number: int) -> int:
    if number < 1:
        raise Invalid("It has no version.")
    return number


def _instant(given: Timestamp) -> datetime:
    try:
        return instant(given)
    except (ValueError, OverflowError) as error:
        raise Invalid("It has an impossible date.") from error


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError as error:
        raise Invalid("It has an impossible date.") from error


def _matching(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise Invalid(f"Its {what} is not one.")
    return value


def _line(text: str, longest: int, what: str) -> str:
    return _within(clean_line(text), longest, what)


def _text(text: str, longest: int, what: str) -> str:
    return _within(clean_text(text), longest, what)


def _within(text: str, longest: int, what: str) -> str:
    if len(text) > longest:
        raise Invalid(f"Its {what} is longer than it may be.")
    return text
