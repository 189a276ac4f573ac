"""The shelf as the pages meet it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fosse.resource.v1 import resource_pb2 as resource
from fosse.resource.v1 import resource_pb2_grpc
from tests.browser import world

if TYPE_CHECKING:
    from tests.browser.standins.node import Node


class Resources(resource_pb2_grpc.ResourcesServicer):
    def __init__(self, node: "Node") -> None:
        self._shelf = node.shelf

    def GetVocabulary(self, request: Any, context: Any) -> resource.GetVocabularyResponse:
        return world.vocabulary()

    def GetResource(self, request: Any, context: Any) -> resource.GetResourceResponse:
        self._shelf.hear(request)
        return resource.GetResourceResponse(resource=self._shelf.one(request.id), adoptions=self._shelf.adoptions)

    def SearchResources(self, request: Any, context: Any) -> resource.SearchResourcesResponse:
        self._shelf.hear(request)
        found = [
            one
            for one in self._shelf.resources.values()
            if one.editions and request.query.lower() in one.words.title.lower()
        ]
        return resource.SearchResourcesResponse(
            hits=[world.a_hit(one) for one in found], total=len(found), next_page_token=self._shelf.next_page
        )

    def ListDrafts(self, request: Any, context: Any) -> resource.ListDraftsResponse:
        self._shelf.hear(request)
        return resource.ListDraftsResponse(resources=self._shelf.drafts)

    def CreateResource(self, request: Any, context: Any) -> resource.CreateResourceResponse:
        self._shelf.hear(request)
        made = world.a_draft()
        made.id = request.id
        made.words.CopyFrom(request.words)
        return resource.CreateResourceResponse(resource=self._shelf.put(made))

    def UpdateResource(self, request: Any, context: Any) -> resource.UpdateResourceResponse:
        self._shelf.hear(request)
        self._shelf.one(request.id).words.CopyFrom(request.words)
        return resource.UpdateResourceResponse(resource=self._shelf.one(request.id))

    def AddFilePart(self, requests: Iterator[Any], context: Any) -> resource.AddFilePartResponse:
        words = next(requests).words
        self._shelf.hear(words)
        size = sum(len(one.chunk) for one in requests)
        part = world.a_file(words.title or words.file_name, licence=words.licence)
        part.size = size
        self._shelf.one(words.resource_id).draft.parts.append(part)
        return resource.AddFilePartResponse(resource=self._shelf.one(words.resource_id))

    def AddLinkPart(self, request: Any, context: Any) -> resource.AddLinkPartResponse:
        self._shelf.hear(request)
        part = resource.Part(
            id=request.part_id, title=request.title, licence=request.licence, link=request.link, here=True
        )
        self._shelf.one(request.resource_id).draft.parts.append(part)
        return resource.AddLinkPartResponse(resource=self._shelf.one(request.resource_id))

    def RemovePart(self, request: Any, context: Any) -> resource.RemovePartResponse:
        self._shelf.hear(request)
        parts = self._shelf.one(request.resource_id).draft.parts
        parts.remove(next(part for part in parts if part.id == request.part_id))
        return resource.RemovePartResponse(resource=self._shelf.one(request.resource_id))

    def StartEdition(self, request: Any, context: Any) -> resource.StartEditionResponse:
        self._shelf.hear(request)
        one = self._shelf.one(request.id)
        one.draft.CopyFrom(resource.Edition(number=len(one.editions) + 1, parts=one.editions[-1].parts))
        return resource.StartEditionResponse(resource=one)

    def PublishResource(self, request: Any, context: Any) -> resource.PublishResourceResponse:
        self._shelf.hear(request)
        one = self._shelf.one(request.id)
        one.CopyFrom(world.a_resource(one.words.title, words=one.words, audience=request.audience))
        one.id = request.id
        return resource.PublishResourceResponse(resource=one)

    def WithdrawResource(self, request: Any, context: Any) -> resource.WithdrawResourceResponse:
        self._shelf.hear(request)
        one = self._shelf.one(request.id)
        one.state, one.withdrawn_because = 3, request.reason  # type: ignore[assignment]  # the number of WITHDRAWN
        return resource.WithdrawResourceResponse(resource=one)

    def AdoptResource(self, request: Any, context: Any) -> resource.AdoptResourceResponse:
        self._shelf.hear(request)
        said = world.an_adoption("mine", stage=request.stage, locality=request.locality, mine=True)
        self._shelf.adoptions.append(said)
        return resource.AdoptResourceResponse(adoption=said)
