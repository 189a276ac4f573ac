"""What stands behind a gateway in its tests: small services that answer, refuse or hang as they are told."""

from collections.abc import Callable, Iterator
from typing import Any

from fosse.federation.v1 import federation_pb2, federation_pb2_grpc
from fosse.notification.v1 import notification_pb2, notification_pb2_grpc
from fosse.resource.v1 import resource_pb2, resource_pb2_grpc
from services.common.errors import Conflict, Invalid, NotFound, Refusal


class Shelf(resource_pb2_grpc.ResourcesServicer):
    """Holds resources by id, remembers what it was asked and with which deadline, and refuses as it is told."""

    def __init__(self) -> None:
        self.resources: dict[str, resource_pb2.Resource] = {}
        self.files: dict[str, tuple[resource_pb2.Part, bytes]] = {}
        self.asked: list[Any] = []
        self.deadlines: list[float | None] = []
        self.refuses: Refusal | None = None
        self.fails = False
        self.waits_for: Callable[[], object] = lambda: None

    def _hear(self, request: Any, context: Any) -> None:
        self.asked.append(request)
        self.deadlines.append(context.time_remaining())
        self.waits_for()
        if self.refuses:
            raise self.refuses
        if self.fails:
            raise RuntimeError("a fault of ours")

    def GetVocabulary(self, request: Any, context: Any) -> resource_pb2.GetVocabularyResponse:
        self._hear(request, context)
        return resource_pb2.GetVocabularyResponse(types=[resource_pb2.Term(code="leaflet", name="Leaflet")])

    def CreateResource(self, request: Any, context: Any) -> resource_pb2.CreateResourceResponse:
        self._hear(request, context)
        made = resource_pb2.Resource(
            id=request.id, version=1, community_id=request.community_id, words=request.words, may_change=True
        )
        kept = self.resources.setdefault(request.id, made)
        return resource_pb2.CreateResourceResponse(resource=kept)

    def UpdateResource(self, request: Any, context: Any) -> resource_pb2.UpdateResourceResponse:
        self._hear(request, context)
        kept = self.resources[request.id]
        if request.expected_version != kept.version:
            raise Conflict("Somebody changed this while you were writing. Both texts are kept.")
        kept.words.CopyFrom(request.words)
        kept.version += 1
        return resource_pb2.UpdateResourceResponse(resource=kept)

    def GetResource(self, request: Any, context: Any) -> resource_pb2.GetResourceResponse:
        self._hear(request, context)
        if request.id not in self.resources:
            raise NotFound("There is no such resource, or none that you may see.")
        return resource_pb2.GetResourceResponse(resource=self.resources[request.id])

    def SearchResources(self, request: Any, context: Any) -> resource_pb2.SearchResourcesResponse:
        self._hear(request, context)
        hits = [resource_pb2.Hit(id=each.id, title=each.words.title) for each in self.resources.values()]
        return resource_pb2.SearchResourcesResponse(hits=hits, total=len(hits))

    def ListDrafts(self, request: Any, context: Any) -> resource_pb2.ListDraftsResponse:
        self._hear(request, context)
        return resource_pb2.ListDraftsResponse(resources=self.resources.values())

    def AddFilePart(self, requests: Iterator[Any], context: Any) -> resource_pb2.AddFilePartResponse:
        words = next(requests).words
        content = b"".join(each.chunk for each in requests)
        self._hear(words, context)
        if not content:
            raise Invalid("This file is empty. Nothing was kept.", {"file": "empty"})
        part = resource_pb2.Part(
            id=words.part_id,
            title=words.title,
            file_name=words.file_name,
            media_type="application/pdf",
            size=len(content),
        )
        self.files[words.part_id] = (part, content)
        kept = self.resources[words.resource_id]
        kept.version += 1
        return resource_pb2.AddFilePartResponse(resource=kept)

    def DownloadPart(self, request: Any, context: Any) -> Iterator[resource_pb2.DownloadPartResponse]:
        self._hear(request, context)
        part, content = self.files[request.part_id]
        yield resource_pb2.DownloadPartResponse(part=part)
        for start in range(0, len(content), 1000):
            yield resource_pb2.DownloadPartResponse(chunk=content[start : start + 1000])


class Region(federation_pb2_grpc.FederationServicer):
    """A node alone, which takes enrolments."""

    def ListNodes(self, request: Any, context: Any) -> federation_pb2.ListNodesResponse:
        return federation_pb2.ListNodesResponse(
            nodes=[federation_pb2.NodeCard(node_id="a" * 64, name="Notts", self=True)]
        )

    def GetFederationStatus(self, request: Any, context: Any) -> federation_pb2.GetFederationStatusResponse:
        return federation_pb2.GetFederationStatusResponse(slug="notts", name="Notts")

    def ReceiveEnrolment(self, request: Any, context: Any) -> federation_pb2.ReceiveEnrolmentResponse:
        if request.code != "right":
            raise NotFound("There is no such code.")
        return federation_pb2.ReceiveEnrolmentResponse(enrolment_id="e" * 32, fingerprint_words="oak elm ash")


class Post(notification_pb2_grpc.NotificationServicer):
    def ListDeliveries(self, request: Any, context: Any) -> notification_pb2.ListDeliveriesResponse:
        return notification_pb2.ListDeliveriesResponse()
