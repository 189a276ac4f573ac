"""Words and things of a small county that pages can be looked at with: resources, neighbours, mail."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from fosse.common.v1 import audience_pb2
from fosse.federation.v1 import entry_pb2
from fosse.federation.v1 import federation_pb2 as federation
from fosse.membership.v1 import membership_pb2 as membership
from fosse.notification.v1 import notification_pb2 as notification
from fosse.resource.v1 import facts_pb2
from fosse.resource.v1 import resource_pb2 as resource

NOW = datetime(2026, 8, 31, 9, 0, tzinfo=UTC)
VOCABULARY = Path(__file__).parents[2] / "services" / "resource" / "vocabulary.json"
WORDS_OF_KEY = "amber otter bridge lantern meadow quiet harbour thistle"


def clock() -> datetime:
    return NOW


def id_of(what: object) -> str:
    return sha256(str(what).encode()).hexdigest()[:32]


def at(when: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(when)
    return stamp


def days(count: int) -> Timestamp:
    """So many days before now."""
    return at(NOW - timedelta(days=count))


COMMUNITY = membership.Community(
    id=id_of("care homes"), name="Nottinghamshire Care Home Community of Practice", members=60
)
LOCALITIES = [
    membership.Locality(id=code, name=name) for code, name in [("04E", "Mansfield and Ashfield"), ("04N", "Rushcliffe")]
]
_SUMMARY = (
    "A one-hour session, a rota and a set of prompt cards for running seven offered-drink rounds between breakfast and "
    "bedtime. Covers who drinks too little and why, how to offer rather than ask, and how to record intake without "
    "drowning in charts. Tried in eleven homes before release."
)
ACTIVE = entry_pb2.NODE_STATUS_ACTIVE
NODES = [
    federation.NodeCard(node_id=id_of("hub"), slug="hub", name="East Midlands", hub=True, status=ACTIVE),
    federation.NodeCard(node_id=id_of("notts"), slug="notts", name="Nottinghamshire", self=True, status=ACTIVE),
    federation.NodeCard(node_id=id_of("derbys"), slug="derbys", name="Derbyshire", status=ACTIVE),
    federation.NodeCard(node_id=id_of("leics"), slug="leics", name="Leicestershire", status=ACTIVE),
]


def vocabulary() -> resource.GetVocabularyResponse:
    given: dict[str, Any] = json.loads(VOCABULARY.read_text("utf-8"))

    def terms(name: str) -> list[resource.Term]:
        return [resource.Term(code=code, name=words) for code, words in given[name].items()]

    licences = [
        resource.Licence(
            code=code, name=one["name"], plain=one["plain"], may_copy=one["copy"], may_be_adapted=one["adapt"]
        )
        for code, one in given["licences"].items()
    ]
    return resource.GetVocabularyResponse(
        types=terms("types"),
        topics=terms("topics"),
        licences=licences,
        evidence_levels=terms("evidence_levels"),
        adoption_stages=terms("adoption_stages"),
        readers=terms("readers"),
    )


def a_file(title: str = "Handbook", *, here: bool = True, licence: str = "CC-BY-4.0") -> resource.Part:
    return resource.Part(
        id=id_of(title),
        title=title,
        licence=licence,
        may_be_adapted=True,
        file_name="seven-drinks.pdf",
        media_type="application/pdf",
        size=248_000,
        sha256="ab" * 32,
        here=here,
    )


def a_link(title: str = "Film: offering a drink, not asking") -> resource.Part:
    return resource.Part(
        id=id_of(title), title=title, licence="LINK-ONLY", link="https://films.example/drinks", here=True
    )


def an_edition(number: int, parts: list[resource.Part], *, age: int, note: str = "") -> resource.Edition:
    return resource.Edition(number=number, published_at=days(age), parts=parts, note=note)


def a_resource(name: str = "drinks", **changed: Any) -> resource.Resource:
    """A published training pack of Nottinghamshire, seen by a convenor; `changed` replaces fields."""
    made = resource.Resource(
        id=id_of(name),
        version=4,
        community_id=COMMUNITY.id,
        community=COMMUNITY.name,
        state=facts_pb2.RESOURCE_STATE_PUBLISHED,
        audience=audience_pb2.AUDIENCE_REGION,
        authors="Priya Raman",
        organisation="Trentside Community Health",
        changed_at=days(12),
        downloads=56,
        used_by=4,
        may_change=True,
        may_publish_widely=True,
        words=resource.Words(
            title="Seven drinks rounds a day: training pack for care home teams",
            summary=_SUMMARY,
            type="training_package",
            topics=["hydration", "uti"],
            readers=["senior_carers", "catering"],
            evidence_level=2,
            review_due="2027-09-28",
        ),
        editions=[
            an_edition(1, [a_file("First handbook")], age=400),
            an_edition(2, [a_file(), a_file("Slides"), a_link()], age=12, note="Prompt cards for night staff are new."),
        ],
    )
    for field, value in changed.items():
        made.ClearField(field)  # type: ignore[arg-type]  # wants literals
        target = getattr(made, field)
        if hasattr(target, "CopyFrom"):
            target.CopyFrom(value)
        elif hasattr(target, "extend"):
            target.extend(value)
        else:
            setattr(made, field, value)
    return made


def some_resources() -> list[resource.Resource]:
    """Enough for a shelf: of three counties, one past its review."""
    return [
        _one_of("drinks", a_resource().words.title, "training_package", "", 2, 4),
        _one_of("uti", "Suspected urine infection: form without a dipstick", "assessment_form", "derbys", 5, 23),
        _one_of("falls", "After a fall: what to look for in the first hour", "checklist", "leics", 3, 1),
        _one_of("mouth", "Mouth care twice a day, told in pictures", "poster", "", 1, 0),
        _one_of("hospital", "Red bag for hospital: contents and handover sheet", "process", "derbys", 4, 11),
    ]


def _one_of(name: str, title: str, kind: str, origin: str, level: int, used_by: int) -> resource.Resource:
    organisations = {"": "Trentside Community Health", "derbys": "Peak Care Partnership", "leics": "Soar Valley Homes"}
    made = a_resource(name, origin_node_id=id_of(origin) if origin else "", used_by=used_by)
    made.organisation = organisations[origin]
    made.words.title, made.words.type, made.words.evidence_level = title, kind, level
    made.words.review_due = "2026-03-01" if name == "uti" else "2027-09-28"
    return made


def a_hit(item: resource.Resource) -> resource.Hit:
    return resource.Hit(
        id=item.id,
        title=item.words.title,
        summary=item.words.summary,
        type=item.words.type,
        topics=item.words.topics,
        evidence_level=item.words.evidence_level,
        origin_node_id=item.origin_node_id,
        organisation=item.organisation,
        version=item.version,
        edition=len(item.editions),
        review_due=item.words.review_due,
        used_by=item.used_by,
        audience=item.audience,
        changed_at=item.changed_at,
    )


def a_draft(name: str = "a draft", *, parts: list[resource.Part] | None = None) -> resource.Resource:
    """Not published yet."""
    words = resource.Words(
        title="Sore skin under the breast: a prompt card", summary="One side of A5 for the wall of the linen room."
    )
    return a_resource(
        name,
        state=facts_pb2.RESOURCE_STATE_DRAFT,
        editions=[],
        words=words,
        downloads=0,
        used_by=0,
        version=1,
        draft=resource.Edition(number=1, parts=parts or []),
        audience=audience_pb2.AUDIENCE_COMMUNITY,
    )


def an_adoption(what: str, **changed: Any) -> resource.Adoption:
    given: dict[str, Any] = {"stage": "adopted", "locality": "Rushcliffe", "since": days(40), "version": 1, **changed}
    return resource.Adoption(id=id_of(f"adoption {what}"), resource_id=id_of(what), **given)


def a_status(**changed: Any) -> federation.GetFederationStatusResponse:
    """Nottinghamshire, joined and well."""
    given: dict[str, Any] = {
        "node_id": id_of("notts"),
        "slug": "notts",
        "name": "Nottinghamshire",
        "enrolment": federation.ENROLMENT_STATE_ENROLLED,
        "hub_address": "https://hub.example",
        "fingerprint_words": WORDS_OF_KEY,
        "last_contact": at(NOW - timedelta(seconds=40)),
        "signing": True,
        "certificate_expires": days(-320),
        "registry_expires": days(-80),
        "registry_version": 7,
        "held": [held("derbys", "Derbyshire", 31, 31), held("leics", "Leicestershire", 17, 18, files_missing=1)],
        **changed,
    }
    return federation.GetFederationStatusResponse(**given)


def held(slug: str, name: str, have: int, live: int, **more: Any) -> federation.Held:
    given: dict[str, Any] = {
        "status": entry_pb2.NODE_STATUS_ACTIVE,
        "last_heard": at(NOW - timedelta(minutes=4)),
        **more,
    }
    return federation.Held(node_id=id_of(slug), slug=slug, name=name, items_held=have, items_live=live, **given)


def a_provenance(item: resource.Resource, *, valid: bool = True) -> federation.GetProvenanceResponse:
    return federation.GetProvenanceResponse(
        item_id=item.id,
        origin=NODES[2],
        stream="region",
        item_version=item.version,
        signed_at=days(5),
        key_id="k-3f9a1c",
        signature_valid=valid,
        entry_hash="ab" * 32,
        origin_last_heard=at(NOW - timedelta(minutes=4)),
    )


def a_mail(name: str = "mail", **changed: Any) -> notification.GetMailResponse:
    given: dict[str, Any] = {
        "kind": "resource_adopted",
        "state": notification.DELIVERY_STATE_SENT,
        "attempts": 1,
        "queued_at": days(2),
        "sent_at": days(2),
        "subject": "Derbyshire uses “Seven drinks rounds a day”",
        **changed,
    }
    return notification.GetMailResponse(
        delivery=notification.Delivery(id=id_of(name), **given),
        to="priya@trentside.example",
        text="Dear Priya,\n\nA home in Derbyshire (Amber Valley) says it uses your training pack.\n\nFosse",
        html="<html><body><p>Dear Priya,</p><p>A home in Derbyshire says it uses your training pack.</p></body></html>",
    )
