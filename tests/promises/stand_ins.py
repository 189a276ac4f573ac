"""Servicers that answer every rpc with an empty message: what is seen in front of them is the server's decision."""

import importlib
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from services.common.rpc import AddServicer
from tests.rules.tree import ROOT


class Anything:
    """A servicer that answers every rpc with an empty message."""

    def __init__(self, service: ServiceDescriptor) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        rpc = self._service.methods_by_name[name]
        answer = GetMessageClass(rpc.output_type)()
        if rpc.server_streaming:
            return lambda _request, _context: iter([answer])
        return lambda _request, _context: answer


def generated() -> Iterator[tuple[ModuleType, ServiceDescriptor]]:
    """Every service of the protos with its generated module."""
    for path in sorted((ROOT / "protos" / "fosse").rglob("*_pb2_grpc.py")):
        name = ".".join(path.relative_to(ROOT / "protos").with_suffix("").parts)
        messages = importlib.import_module(name.removesuffix("_grpc"))
        for service in messages.DESCRIPTOR.services_by_name.values():
            yield importlib.import_module(name), service


def stand_ins() -> list[AddServicer]:
    """For every service of the protos."""
    return [_adder(module, service) for module, service in generated()]


def door_opens(
    channel: grpc.Channel, rpc: MethodDescriptor, asked: Message, metadata: Sequence[tuple[str, str]]
) -> bool:
    """Whether a call gets through to the stand-in; it fails when the call is not refused for who the caller is."""
    path = f"/{rpc.containing_service.full_name}/{rpc.name}"
    codec = {
        "request_serializer": GetMessageClass(rpc.input_type).SerializeToString,
        "response_deserializer": GetMessageClass(rpc.output_type).FromString,
    }
    sent = iter([asked]) if rpc.client_streaming else asked
    kind = f"{'stream' if rpc.client_streaming else 'unary'}_{'stream' if rpc.server_streaming else 'unary'}"
    call = getattr(channel, kind)(path, **codec)
    try:
        answer = call(sent, timeout=5, metadata=metadata)
        _ = list(answer) if rpc.server_streaming else answer
    except grpc.RpcError as error:
        code = error.code() if isinstance(error, grpc.Call) else None
        assert code is grpc.StatusCode.PERMISSION_DENIED, f"{path} {metadata}: {code}"
        return False
    return True


def _adder(module: ModuleType, service: ServiceDescriptor) -> AddServicer:
    add = getattr(module, f"add_{service.name}Servicer_to_server")
    return lambda server: add(Anything(service), server)
