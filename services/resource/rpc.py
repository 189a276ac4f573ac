"""The doors of resource for pages and the API: unpack, one use case, pack."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from fosse.resource.v1 import resource_pb2 as pb
from fosse.resource.v1 import resource_pb2_grpc
from services.common import access, pages
from services.common.clock import Clock
from services.common.errors import Invalid
from services.resource.domain.adoption import Saying
from services.resource.domain.audience import checked_audience
from services.resource.domain.parts import PartWords
from services.resource.domain.resource import Publishing
from services.resource.messages import shown
from services.resource.search.follower import Follower
from services.resource.search.index import ShelfIndex
from services.resource.search.query import Asked
from services.resource.usecases import adopting, drafting, publishing, reading, searching
from services.resource.usecases.drafting import Target
from services.resource.usecases.keeping import Downloads
from services.resource.usecases.shelf import Shelf

LARGEST_CHUNK = 256 * 1024


class Resources(resource_pb2_grpc.ResourcesServicer):
    """What the shelf offers to people."""

    def __init__(self, shelf: Shelf, index: ShelfIndex, downloads: Downloads, follower: Follower, clock: Clock) -> None:
        self._shelf = shelf
        self._index = index
        self._downloads = downloads
        self._follower = follower
        self._clock = clock

    def GetVocabulary(self, request: pb.GetVocabularyRequest, context: Any) -> pb.GetVocabularyResponse:
        return shown.vocabulary(self._shelf.vocabulary)

    def CreateResource(self, request: pb.CreateResourceRequest, context: Any) -> pb.CreateResourceResponse:
        made = drafting.create(
            self._shelf,
            request.id,
            community_id=request.community_id,
            words=shown.words_of(request.words),
            person=access.person(context),
            now=self._clock(),
        )
        return pb.CreateResourceResponse(resource=shown.resource(made))

    def UpdateResource(self, request: pb.UpdateResourceRequest, context: Any) -> pb.UpdateResourceResponse:
        changed = drafting.update(
            self._shelf,
            request.id,
            expected_version=request.expected_version,
            words=shown.words_of(request.words),
            person=access.person(context),
            now=self._clock(),
        )
        return pb.UpdateResourceResponse(resource=shown.resource(changed))

    def AddFilePart(self, requests: Iterator[pb.AddFilePartRequest], context: Any) -> pb.AddFilePartResponse:
        words = next(requests, pb.AddFilePartRequest()).words
        changed = drafting.add_file(
            self._shelf,
            Target(words.resource_id, words.expected_version),
            PartWords(words.part_id, words.title, words.licence, words.may_be_adapted),
            name=words.file_name,
            chunks=(_bounded(request.chunk) for request in requests),
            person=access.person(context),
            now=self._clock(),
        )
        return pb.AddFilePartResponse(resource=shown.resource(changed))

    def AddLinkPart(self, request: pb.AddLinkPartRequest, context: Any) -> pb.AddLinkPartResponse:
        changed = drafting.add_link(
            self._shelf,
            Target(request.resource_id, request.expected_version),
            PartWords(request.part_id, request.title, request.licence, request.may_be_adapted),
            link=request.link,
            person=access.person(context),
            now=self._clock(),
        )
        return pb.AddLinkPartResponse(resource=shown.resource(changed))

    def RemovePart(self, request: pb.RemovePartRequest, context: Any) -> pb.RemovePartResponse:
        changed = drafting.remove_part(
            self._shelf,
            Target(request.resource_id, request.expected_version),
            part_id=request.part_id,
            person=access.person(context),
            now=self._clock(),
        )
        return pb.RemovePartResponse(resource=shown.resource(changed))

    def StartEdition(self, request: pb.StartEditionRequest, context: Any) -> pb.StartEditionResponse:
        changed = publishing.start_edition(
            self._shelf,
            request.id,
            expected_version=request.expected_version,
            person=access.person(context),
            now=self._clock(),
        )
        return pb.StartEditionResponse(resource=shown.resource(changed))

    def PublishResource(self, request: pb.PublishResourceRequest, context: Any) -> pb.PublishResourceResponse:
        changed = publishing.publish(
            self._shelf,
            request.id,
            Publishing(checked_audience(request.audience), tuple(request.node_ids), request.note),
            expected_version=request.expected_version,
            person=access.person(context),
            now=self._clock(),
        )
        return pb.PublishResourceResponse(resource=shown.resource(changed))

    def WithdrawResource(self, request: pb.WithdrawResourceRequest, context: Any) -> pb.WithdrawResourceResponse:
        changed = publishing.withdraw(
            self._shelf,
            request.id,
            expected_version=request.expected_version,
            reason=request.reason,
            person=access.person(context),
            now=self._clock(),
        )
        return pb.WithdrawResourceResponse(resource=shown.resource(changed))

    def GetResource(self, request: pb.GetResourceRequest, context: Any) -> pb.GetResourceResponse:
        person = access.maybe_person(context)
        found, adoptions = reading.get(self._shelf, request.id, person)
        member_id = person.member_id if person else ""
        return pb.GetResourceResponse(
            resource=shown.resource(found), adoptions=[shown.adoption(each, member_id) for each in adoptions]
        )

    def SearchResources(self, request: pb.SearchResourcesRequest, context: Any) -> pb.SearchResourcesResponse:
        person = access.maybe_person(context)
        size = pages.page_size(request.page_size)
        token = pages.decode_token(request.page_token, int)
        page = searching.search(
            self._shelf, self._index, _asked(request, person), person=person, size=size, offset=token[0] if token else 0
        )
        return pb.SearchResourcesResponse(
            hits=[shown.hit(card) for card in page.cards],
            next_page_token=pages.encode_token(page.next_offset) if page.next_offset is not None else "",
            total=page.total,
        )

    def ListDrafts(self, request: pb.ListDraftsRequest, context: Any) -> pb.ListDraftsResponse:
        size = pages.page_size(request.page_size)
        found = reading.list_drafts(
            self._shelf, person=access.person(context), before=_before(request.page_token), limit=size + 1
        )
        listed = [each.resource for each in found[:size]]
        token = _token(listed[-1].changed_at, listed[-1].id) if len(found) > size else ""
        return pb.ListDraftsResponse(resources=[shown.resource(each) for each in found[:size]], next_page_token=token)

    def DownloadPart(self, request: pb.DownloadPartRequest, context: Any) -> Iterator[pb.DownloadPartResponse]:
        download = reading.download(
            self._shelf, request.resource_id, part_id=request.part_id, person=access.maybe_person(context)
        )
        self._downloads.count(request.resource_id)
        here = {download.part.file.sha256} if download.part.file else set()
        yield pb.DownloadPartResponse(part=shown.part(download.part, here))
        for chunk in download.chunks:
            yield pb.DownloadPartResponse(chunk=chunk)

    def AdoptResource(self, request: pb.AdoptResourceRequest, context: Any) -> pb.AdoptResourceResponse:
        person = access.person(context)
        adopted = adopting.adopt(
            self._shelf,
            request.resource_id,
            Saying(request.id, request.stage, request.locality, request.show_organisation),
            person=person,
            now=self._clock(),
        )
        return pb.AdoptResourceResponse(adoption=shown.adoption(adopted, person.member_id))

    def ListAdoptions(self, request: pb.ListAdoptionsRequest, context: Any) -> pb.ListAdoptionsResponse:
        person, size = access.person(context), pages.page_size(request.page_size)
        found = reading.list_adoptions(
            self._shelf, request.resource_id, person=person, before=_before(request.page_token), limit=size + 1
        )
        token = _token(found[size - 1].changed_at, found[size - 1].id) if len(found) > size else ""
        listed = [shown.adoption(each, person.member_id) for each in found[:size]]
        return pb.ListAdoptionsResponse(adoptions=listed, next_page_token=token)

    def DescribeAdoption(self, request: pb.DescribeAdoptionRequest, context: Any) -> pb.DescribeAdoptionResponse:
        described = reading.describe_adoption(self._shelf, request.adoption_id)
        return pb.DescribeAdoptionResponse(
            adoption=shown.adoption(described.adoption, ""),
            resource_title=described.title,
            author_member_ids=described.author_ids,
            adopter_member_id=described.adoption.member_id,
        )

    def RebuildIndex(self, request: pb.RebuildIndexRequest, context: Any) -> pb.RebuildIndexResponse:
        return pb.RebuildIndexResponse(resources=self._follower.rebuild())


def _asked(request: pb.SearchResourcesRequest, person: access.Person | None) -> Asked:
    return Asked(
        words=request.query,
        type=request.type,
        topic=request.topic,
        origin=request.origin,
        licence=request.licence,
        evidence_level=request.evidence_level,
        communities=frozenset(person.roles) if person else frozenset(),
        member=person is not None and bool(person.roles or person.operator),
    )


def _bounded(chunk: bytes) -> bytes:
    if len(chunk) > LARGEST_CHUNK:
        raise Invalid("The file was sent in pieces that are too large. Nothing was saved.")
    return chunk


def _before(token: str) -> tuple[datetime, str] | None:
    values = pages.decode_token(token, str, str)
    if values is None:
        return None
    try:
        return datetime.fromisoformat(values[0]).astimezone(UTC), values[1]
    except (ValueError, OverflowError) as error:
        raise Invalid("This page of the list cannot be found. Start again from the first page.") from error


def _token(changed_at: datetime, item_id: str) -> str:
    return pages.encode_token(changed_at.isoformat(), item_id)
