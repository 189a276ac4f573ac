"""Which rpcs have an address in the JSON API, read from their `google.api.http` annotations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor import MethodDescriptor

from fosse.evaluation.v1 import evaluation_pb2
from fosse.events.v1 import events_pb2, minutes_pb2
from fosse.federation.v1 import federation_pb2
from fosse.membership.v1 import directory_pb2, importing_pb2, joining_pb2, links_pb2, membership_pb2
from fosse.notification.v1 import notification_pb2
from fosse.resource.v1 import resource_pb2

# Which stub of `gateway.clients` calls which service.
SERVICES: Final = {
    "membership": membership_pb2.DESCRIPTOR.services_by_name["Membership"],
    "directory": directory_pb2.DESCRIPTOR.services_by_name["Directory"],
    "importing": importing_pb2.DESCRIPTOR.services_by_name["Importing"],
    "joining": joining_pb2.DESCRIPTOR.services_by_name["Joining"],
    "links": links_pb2.DESCRIPTOR.services_by_name["Links"],
    "meetings": events_pb2.DESCRIPTOR.services_by_name["Meetings"],
    "minutes": minutes_pb2.DESCRIPTOR.services_by_name["Minutes"],
    "evaluation": evaluation_pb2.DESCRIPTOR.services_by_name["Evaluation"],
    "resources": resource_pb2.DESCRIPTOR.services_by_name["Resources"],
    "federation": federation_pb2.DESCRIPTOR.services_by_name["Federation"],
    "notification": notification_pb2.DESCRIPTOR.services_by_name["Notification"],
}
# Fields that name what is created, filled from the header Idempotency-Key.
CREATED: Final = ("id", "part_id")
_VARIABLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Endpoint:
    """One rpc as an address."""

    stub: str
    rpc: MethodDescriptor
    verb: str
    path: str

    @property
    def variables(self) -> list[str]:
        return _VARIABLE.findall(self.path)

    def rule(self, converter: str) -> str:
        """As werkzeug writes it."""
        return _VARIABLE.sub(rf"<{converter}:\1>", self.path)

    @property
    def takes_body(self) -> bool:
        return self.verb not in {"GET", "DELETE"}

    @property
    def name(self) -> str:
        return f"api.{self.rpc.containing_service.name}.{self.rpc.name}"


def endpoints() -> Iterator[Endpoint]:
    """Every rpc with an http annotation."""
    for stub, service in SERVICES.items():
        for rpc in service.methods:
            options = rpc.GetOptions()
            if options.HasExtension(annotations_pb2.http):
                yield Endpoint(stub, rpc, *_address(options.Extensions[annotations_pb2.http]))


def _address(rule: HttpRule) -> tuple[str, str]:
    verb = str(rule.WhichOneof("pattern"))
    return verb.upper(), str(getattr(rule, verb))
