"""What every page needs and what seldom changes (vocabulary, nodes, localities, communities), kept half a minute."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import grpc
from flask import current_app

from fosse.federation.v1 import federation_pb2
from fosse.membership.v1 import membership_pb2
from fosse.notification.v1 import notification_pb2
from fosse.resource.v1 import resource_pb2
from gateway.clients import clients
from services.common.errors import Refusal
from services.common.rpc_errors import Away

T = TypeVar("T")
KEEP_S = 30.0
# A service that is away is asked again this soon; until then pages do not wait for it.
RETRY_S = 3.0
SOON_S = 1.0
REGION_S = 5.0


@dataclass(frozen=True)
class Vocabulary:
    """Names by code."""

    types: Mapping[str, str]
    topics: Mapping[str, str]
    licences: Mapping[str, resource_pb2.Licence]
    evidence: Mapping[str, str]
    stages: Mapping[str, str]
    readers: Mapping[str, str]


@dataclass(frozen=True)
class Nodes:
    cards: tuple[federation_pb2.NodeCard, ...]
    own_name: str
    # Called when a page names a node that joined after these were asked for.
    newcomer_seen: Callable[[], None] = lambda: None

    def name(self, node_id: str) -> str:
        """An empty id is this node."""
        if not node_id:
            return self.own_name
        found = next((card.name for card in self.cards if card.node_id == node_id), "")
        if not found:
            self.newcomer_seen()
        return found or "another county"

    @property
    def own_id(self) -> str:
        return next((card.node_id for card in self.cards if card.self), "")

    @property
    def others(self) -> list[federation_pb2.NodeCard]:
        return [card for card in self.cards if not card.self]


class Kept(Generic[T]):
    """One answer, asked again after a while; when its service is away, or at fault, the last answer stands."""

    def __init__(self, ask: Callable[[], T], otherwise: T, keep_s: float = KEEP_S) -> None:
        self._ask = ask
        self._keep_s = keep_s
        self._value = otherwise
        self._until = 0.0
        # Whether nobody has to wait for what somebody else asks just now.
        self._known = False
        self._lock = threading.Lock()

    def __call__(self) -> T:
        if time.monotonic() >= self._until and self._lock.acquire(blocking=not self._known):
            try:
                if time.monotonic() >= self._until:
                    self._renew()
            finally:
                self._lock.release()
        return self._value

    def forget(self) -> None:
        self._until = 0.0
        self._known = False

    def look_soon(self) -> None:
        """Asks again within seconds, however many pages wish for it."""
        self._until = min(self._until, time.monotonic() + SOON_S)

    def _renew(self) -> None:
        keep_s = self._keep_s
        try:
            self._value = self._ask()
        except (Refusal, Away, grpc.RpcError):
            # A fault of the other service too, which it has told: no page fails by what stands beside its main thing.
            keep_s = RETRY_S
        self._until, self._known = time.monotonic() + keep_s, True


class Lookups:
    def __init__(self, own_name: str) -> None:
        self._own_name = own_name
        self.vocabulary = Kept(_vocabulary, Vocabulary({}, {}, {}, {}, {}, {}))
        self.nodes = Kept(self._nodes, Nodes((), own_name))
        self.localities: Kept[tuple[membership_pb2.Locality, ...]] = Kept(_localities, ())
        # The same for everybody who may see it; None while federation is away.
        self.region: Kept[federation_pb2.GetFederationStatusResponse | None] = Kept(_region, None, REGION_S)
        # Mails lie in the node's folder and reach nobody.
        self.mails_kept = Kept(_mails_kept, False)
        self._waiting: dict[str, Kept[int]] = {}
        self.communities: Kept[tuple[membership_pb2.Community, ...]] = Kept(_communities, ())

    def waiting(self, community_id: str, count: Callable[[], int]) -> int:
        """How many ask to join this community; for its convenors only, as `count` found it."""
        return self._waiting.setdefault(community_id, Kept(count, 0))()

    def forget_waiting(self) -> None:
        for kept in self._waiting.values():
            kept.forget()

    def _nodes(self) -> Nodes:
        found = clients().federation.ListNodes(federation_pb2.ListNodesRequest())
        return Nodes(tuple(found.nodes), self._own_name, self.nodes.look_soon)


def lookups() -> Lookups:
    """Those of the running application."""
    found: Lookups = current_app.extensions["fosse_lookups"]
    return found


def _vocabulary() -> Vocabulary:
    found = clients().resources.GetVocabulary(resource_pb2.GetVocabularyRequest())
    return Vocabulary(
        types={term.code: term.name for term in found.types},
        topics={term.code: term.name for term in found.topics},
        licences={licence.code: licence for licence in found.licences},
        evidence={term.code: term.name for term in found.evidence_levels},
        stages={term.code: term.name for term in found.adoption_stages},
        readers={term.code: term.name for term in found.readers},
    )


def _region() -> federation_pb2.GetFederationStatusResponse | None:
    try:
        return clients().federation.GetFederationStatus(federation_pb2.GetFederationStatusRequest())
    except (Refusal, Away):
        return None


def _mails_kept() -> bool:
    return clients().notification.ListDeliveries(notification_pb2.ListDeliveriesRequest(page_size=1)).kept_here


def _localities() -> tuple[membership_pb2.Locality, ...]:
    return tuple(clients().membership.ListLocalities(membership_pb2.ListLocalitiesRequest()).localities)


def _communities() -> tuple[membership_pb2.Community, ...]:
    return tuple(clients().membership.ListCommunities(membership_pb2.ListCommunitiesRequest()).communities)
