"""A county's side of the exchange as a part of the service: five loops that share one connection to the hub."""

from services.common.loops import Loop
from services.federation.gate import SigningGate
from services.federation.joining import Joining
from services.federation.sync.downloading import Downloading
from services.federation.sync.fetching import Fetching
from services.federation.sync.leaving import Leaving
from services.federation.sync.link import Link
from services.federation.sync.lodging import Lodging
from services.federation.sync.proxy import Proxy
from services.federation.sync.publishing import Publishing
from services.federation.this_node import ThisNode


class CountySync:
    """Publishing has a loop of its own, so that a new entry never waits for a `Fetch` under way."""

    def __init__(self, node: ThisNode, gate: SigningGate, schemas: frozenset[str], proxy: Proxy | None) -> None:
        self._node = node
        self._link = Link(node, proxy)
        self.lodging = Lodging(node, self._link)
        self._joining = Loop("federation-join", Joining(node, proxy).step)
        publishing = Publishing(node, self._link, gate)
        self._publishing = Loop("federation-publish", publishing.step)
        self._fetching = Loop("federation-fetch", Fetching(node, self._link, schemas).step)
        self._leaving = Loop("federation-leave", Leaving(node, self._link, gate).step)
        self._downloading = Loop("federation-files", Downloading(node, self._link).step)
        for callback in (publishing.begin_again, self._publishing.wake, self._fetching.wake, self._downloading.wake):
            self._link.when_back(callback)

    def start(self) -> None:
        db = self._node.db
        db.when("entries", self._publishing.wake)
        db.when("files", self._downloading.wake)
        for loop in self._loops():
            db.when("standing", loop.wake)
            loop.start()

    def stop(self) -> None:
        # Cuts the waiting call short, so that no loop has to be waited for.
        self._link.close()
        for loop in self._loops():
            loop.stop()

    def _loops(self) -> tuple[Loop, ...]:
        return self._joining, self._publishing, self._fetching, self._downloading, self._leaving
