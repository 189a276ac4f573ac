"""Domain objects as rpc messages show them, and the words of requests."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fosse.common.v1 import audience_pb2
from fosse.resource.v1 import facts_pb2
from fosse.resource.v1 import resource_pb2 as pb
from services.common.instants import stamp
from services.resource.domain.adoption import Adoption
from services.resource.domain.card import Card
from services.resource.domain.parts import Part
from services.resource.domain.resource import Edition, Resource, State
from services.resource.domain.vocabulary import Terms, Vocabulary
from services.resource.domain.words import Words


@dataclass(frozen=True)
class Shown:
    """A resource as one person sees it."""

    resource: Resource
    may_change: bool
    may_publish_widely: bool
    # Hashes of the files whose bytes are on this node.
    here: Collection[str]


def resource(shown: Shown) -> pb.Resource:
    of = shown.resource
    readable = of.state is not State.WITHDRAWN or shown.may_change
    draft = of.draft if shown.may_change else None
    return pb.Resource(
        id=of.id,
        version=of.version,
        community_id=of.community_id,
        origin_node_id=of.origin_node_id,
        state=facts_pb2.ResourceState.ValueType(of.state),
        words=_words(of.words),
        audience=audience_pb2.Audience.ValueType(of.audience),
        node_ids=of.node_ids,
        authors=of.authors,
        organisation=of.organisation,
        community=of.community,
        editions=[_edition(edition, shown.here) for edition in of.published] if readable else (),
        draft=_edition(draft, shown.here) if draft else None,
        changed_at=stamp(of.changed_at),
        withdrawn_because=of.withdrawn_because,
        downloads=of.downloads,
        used_by=of.used_by,
        may_change=shown.may_change,
        may_publish_widely=shown.may_publish_widely,
    )


def part(of: Part, here: Collection[str]) -> pb.Part:
    shown = pb.Part(id=of.id, title=of.title, licence=of.licence, may_be_adapted=of.may_be_adapted, link=of.link)
    if of.file:
        shown.file_name = of.file.name
        shown.media_type = of.file.media_type
        shown.size = of.file.size
        shown.sha256 = of.file.sha256
    shown.here = not of.file or of.file.sha256 in here
    return shown


def adoption(of: Adoption, member_id: str) -> pb.Adoption:
    return pb.Adoption(
        id=of.id,
        resource_id=of.resource_id,
        stage=of.stage,
        node_id=of.node_id,
        locality=of.locality,
        organisation=of.organisation,
        since=stamp(of.since),
        version=of.version,
        mine=bool(member_id) and of.member_id == member_id,
    )


def hit(card: Card) -> pb.Hit:
    return pb.Hit(
        id=card.id,
        title=card.title,
        summary=card.summary,
        type=card.type,
        topics=card.topics,
        evidence_level=card.evidence_level,
        origin_node_id=card.origin_node_id,
        organisation=card.organisation,
        version=card.version,
        edition=card.edition,
        review_due=card.review_due,
        used_by=card.used_by,
        audience=audience_pb2.Audience.ValueType(card.audience),
        changed_at=stamp(card.shown_at),
    )


def vocabulary(of: Vocabulary) -> pb.GetVocabularyResponse:
    return pb.GetVocabularyResponse(
        types=_terms(of.types),
        topics=_terms(of.topics),
        licences=[
            pb.Licence(
                code=licence.code,
                name=licence.name,
                plain=licence.plain,
                may_copy=licence.may_copy,
                may_be_adapted=licence.may_be_adapted,
                commercial=licence.commercial,
            )
            for licence in of.licences.values()
        ],
        evidence_levels=_terms(of.evidence_levels),
        adoption_stages=_terms(of.adoption_stages),
        readers=_terms(of.readers),
    )


def words_of(words: pb.Words) -> Words:
    return Words(
        title=words.title,
        summary=words.summary,
        type=words.type,
        topics=tuple(words.topics),
        readers=tuple(words.readers),
        evidence_level=words.evidence_level,
        review_due=words.review_due,
        adapted_from=words.adapted_from,
    )


def _words(words: Words) -> pb.Words:
    return pb.Words(
        title=words.title,
        summary=words.summary,
        type=words.type,
        topics=words.topics,
        readers=words.readers,
        evidence_level=words.evidence_level,
        review_due=words.review_due,
        adapted_from=words.adapted_from,
    )


def _edition(of: Edition, here: Collection[str]) -> pb.Edition:
    return pb.Edition(
        number=of.number,
        published_at=stamp(of.published_at),
        note=of.note,
        parts=[part(each, here) for each in of.parts],
    )


def _terms(terms: Terms | Mapping[str, str]) -> list[pb.Term]:
    return [pb.Term(code=code, name=name) for code, name in terms.items()]
