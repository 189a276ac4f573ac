"""Builders: entries of other nodes, as federation hands them over once it has verified them."""

from typing import Any

from fosse.common.v1 import audience_pb2
from fosse.common.v1 import shareable_pb2 as pb
from fosse.shared.v1 import resource_pb2 as shared
from tests.unit.resource.shelves import CARE_HOMES, DERBYSHIRE, NOW, an_id

SHA = "a" * 64
RESOURCE, ADOPTION = "fosse.shared.v1.Resource", "fosse.shared.v1.Adoption"


def a_body(**given: Any) -> shared.Resource:
    known: dict[str, Any] = {
        "title": "Thickened drinks made simple",
        "summary": "A one-page guide to thickening drinks safely.",
        "type": "guidance",
        "topics": ["dysphagia"],
        "evidence_level": 1,
        "audience": audience_pb2.AUDIENCE_REGION,
        "authors": "A speech therapist",
        "organisation": "Peak Community Health",
        "editions": [an_edition()],
    }
    return shared.Resource(**{**known, **given})


def an_edition(number: int = 1, **part: Any) -> shared.Edition:
    edition = shared.Edition(number=number)
    edition.published_at.FromDatetime(NOW)
    file = shared.File(name="guide.pdf", media_type="application/pdf", sha256=SHA, size=100)
    known: dict[str, Any] = {"id": an_id(7), "title": "Guide", "licence": "CC-BY-4.0", "may_be_adapted": True}
    content = {} if "link" in part else {"file": file}
    edition.parts.add(**{**known, **content, **part})
    return edition


def a_put(number: int = 1, version: int = 1, body: shared.Resource | None = None, **given: Any) -> pb.VerifiedEntry:
    content = (body or a_body()).SerializeToString()
    return an_entry(number, version, operation=pb.OPERATION_PUT, schema=RESOURCE, body=content, **given)


def an_adoption_put(number: int, of: str, version: int = 1, stage: str = "adopted", **given: Any) -> pb.VerifiedEntry:
    body = shared.Adoption(resource_id=of, stage=stage, locality="High Peak", organisation="Dale House")
    body.audience = audience_pb2.AUDIENCE_REGION
    body.since.FromDatetime(NOW)
    content = body.SerializeToString()
    return an_entry(number, version, operation=pb.OPERATION_PUT, schema=ADOPTION, body=content, **given)


def a_withdrawal(number: int = 1, version: int = 1, **given: Any) -> pb.VerifiedEntry:
    return an_entry(number, version, operation=pb.OPERATION_WITHDRAW, **given)


def an_entry(number: int, version: int, **given: Any) -> pb.VerifiedEntry:
    known: dict[str, Any] = {
        "entry_hash": f"{number}:{version}",
        "origin_node_id": DERBYSHIRE,
        "stream": "region",
        "community_id": CARE_HOMES,
        "item_id": an_id(2000 + number),
        "item_version": version,
    }
    entry = pb.VerifiedEntry(**{**known, **given})
    entry.signed_at.FromDatetime(NOW)
    return entry
