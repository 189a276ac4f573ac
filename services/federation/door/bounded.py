"""A message of another node is looked at before it is read: millions of empty parts fit into a few megabytes, and each
takes many times its size in memory.
"""

from collections.abc import Callable
from typing import Any

import grpc

# Far above what a region of a thousand nodes needs for its cursors.
MOST_PARTS = 20_000
_FIXED = {1: 8, 5: 4}
_VARINT, _LENGTH = 0, 2


class Bounded:
    """A server as generated code sees it, whose handlers read no message of too many parts."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, _handlers: object) -> None:
        """Generated code adds each method twice; the registered one is enough."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        bounded = {
            name: handler._replace(request_deserializer=_bounded(handler.request_deserializer))
            for name, handler in handlers.items()
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, bounded),))


def _bounded(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def read_bounded(data: bytes) -> Any:
        if has_more_parts(data, MOST_PARTS):
            raise ValueError("a message of too many parts")
        return read(data)

    return read_bounded


def has_more_parts(data: bytes, most: int) -> bool:
    """Whether a serialised message has more fields than this; what is no message is left to its parser."""
    at = 0
    for _ in range(most):
        if at >= len(data):
            return False
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == _LENGTH:
            length, at = _varint(data, at)
            at += length
        elif kind == _VARINT:
            _, at = _varint(data, at)
        else:
            # Groups, which nobody uses, have no length: the parser refuses what follows.
            at += _FIXED.get(kind, 0)
    return at < len(data)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, at + shift + 1
    return value, len(data)
