"""The servers of a stand-in node, each of which can go away by itself."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import grpc
from joserfc.jwk import OKPKey

from fosse.evaluation.v1 import evaluation_pb2_grpc
from fosse.events.v1 import events_pb2_grpc, minutes_pb2_grpc
from fosse.federation.v1 import federation_pb2_grpc
from fosse.membership.v1 import (
    directory_pb2_grpc,
    importing_pb2_grpc,
    joining_pb2_grpc,
    links_pb2_grpc,
    membership_pb2_grpc,
)
from fosse.notification.v1 import notification_pb2_grpc
from fosse.resource.v1 import resource_pb2_grpc
from services.common.access import Person
from services.common.errors import NotAllowed
from services.common.passes import PassVerifier, sign
from services.common.rpc import Server
from services.common.wires import Sockets
from tests.browser import world
from tests.browser.standins import federation, links, meetings, members, notification, resources
from tests.browser.standins.shelf import Shelf


class Node:
    """A server for each service."""

    def __init__(self, run_dir: Path, shelf: Shelf) -> None:
        self.run_dir = run_dir
        self.shelf = shelf
        self._key = OKPKey.generate_key("Ed25519")
        self._running: dict[str, Server] = {}

    def __enter__(self) -> Self:
        for name in _SERVICES:
            self.start(name)
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._running):
            self.stop(name)

    def start(self, name: str) -> None:
        verifier = PassVerifier(lambda: {"k1": self.public_key}, world.clock)
        adding = [self._adding(*each) for each in _SERVICES[name]]
        self._running[name] = Server(name, adding, Sockets(self.run_dir), verifier, workers=4)
        self._running[name].start()

    def stop(self, name: str) -> None:
        self._running.pop(name).stop(0)

    @property
    def whole(self) -> bool:
        """Whether every service runs."""
        return self._running.keys() == _SERVICES.keys()

    @property
    def public_key(self) -> bytes:
        return bytes(self._key.raw_value.public_key().public_bytes_raw())  # type: ignore[union-attr]  # an Ed25519 pair

    def pass_for(self, who: str) -> str:
        if who not in self.shelf.people:
            raise NotAllowed("Nobody has invited this sign-in yet.")
        return self.pass_of(self.shelf.people[who])

    def pass_of(self, person: Person) -> str:
        return sign(self._key, "k1", person, world.clock())

    def _adding(self, add: "_Add", make: "_Make") -> Callable[[grpc.Server], None]:
        return lambda server: add(make(self), server)


_Add = Callable[[Any, grpc.Server], None]
_Make = Callable[[Node], Any]
_SERVICES: dict[str, Sequence[tuple[_Add, _Make]]] = {
    "membership": [
        (membership_pb2_grpc.add_MembershipServicer_to_server, links.MembershipStandIn),
        (directory_pb2_grpc.add_DirectoryServicer_to_server, members.Directory),
        (importing_pb2_grpc.add_ImportingServicer_to_server, members.Importing),
        (joining_pb2_grpc.add_JoiningServicer_to_server, members.Joining),
        (links_pb2_grpc.add_LinksServicer_to_server, links.LinksStandIn),
    ],
    "events": [
        (events_pb2_grpc.add_MeetingsServicer_to_server, links.MeetingsStandIn),
        (minutes_pb2_grpc.add_MinutesServicer_to_server, meetings.MinutesStandIn),
    ],
    "resource": [(resource_pb2_grpc.add_ResourcesServicer_to_server, resources.Resources)],
    "evaluation": [(evaluation_pb2_grpc.add_EvaluationServicer_to_server, links.EvaluationStandIn)],
    "federation": [(federation_pb2_grpc.add_FederationServicer_to_server, federation.Federation)],
    "notification": [(notification_pb2_grpc.add_NotificationServicer_to_server, notification.Notification)],
}
