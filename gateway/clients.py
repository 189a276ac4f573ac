"""Stubs of the other services: each call carries the pass of whoever sent the request and ends with the page's time.

`clients().resources.GetResource(request)` is all that a page writes.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Final

from flask import current_app, g

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
from gateway.callers import caller
from gateway.settings import Settings
from services.common.channels import Channels, with_pass

_KEY: Final = "fosse_clients"
# A call made when the page's time is nearly over still gets a chance; then the page says that it could not wait.
_LEAST_S = 0.1


@dataclass(frozen=True)
class Clients:
    membership: membership_pb2_grpc.MembershipStub
    directory: directory_pb2_grpc.DirectoryStub
    importing: importing_pb2_grpc.ImportingStub
    joining: joining_pb2_grpc.JoiningStub
    links: links_pb2_grpc.LinksStub
    meetings: events_pb2_grpc.MeetingsStub
    minutes: minutes_pb2_grpc.MinutesStub
    evaluation: evaluation_pb2_grpc.EvaluationStub
    resources: resource_pb2_grpc.ResourcesStub
    federation: federation_pb2_grpc.FederationStub
    notification: notification_pb2_grpc.NotificationStub

    def with_pass(self, token: str) -> "Clients":
        """The same stubs, whose calls carry this pass instead of the one of whoever sent the request."""
        speaking = {each.name: _WithPass(getattr(self, each.name), token) for each in fields(self)}
        return Clients(**speaking)  # type: ignore[arg-type]  # it answers to the names of the stub's rpcs


def connect(channels: Channels, settings: Settings) -> Clients:
    """No connection is made yet: that happens at the first call, after a server has forked its workers."""

    def stub(make: Callable[[Any], Any], service: str) -> Any:
        def for_caller(channel: Any) -> Any:
            return make(_ForCaller(channel, settings))

        for_caller.__qualname__ = f"{make.__name__}.for_caller"
        return channels.stub(for_caller, service, settings.page_deadline_s)

    return Clients(
        membership=stub(membership_pb2_grpc.MembershipStub, "membership"),
        directory=stub(directory_pb2_grpc.DirectoryStub, "membership"),
        importing=stub(importing_pb2_grpc.ImportingStub, "membership"),
        joining=stub(joining_pb2_grpc.JoiningStub, "membership"),
        links=stub(links_pb2_grpc.LinksStub, "membership"),
        meetings=stub(events_pb2_grpc.MeetingsStub, "events"),
        minutes=stub(minutes_pb2_grpc.MinutesStub, "events"),
        evaluation=stub(evaluation_pb2_grpc.EvaluationStub, "evaluation"),
        resources=stub(resource_pb2_grpc.ResourcesStub, "resource"),
        federation=stub(federation_pb2_grpc.FederationStub, "federation"),
        notification=stub(notification_pb2_grpc.NotificationStub, "notification"),
    )


def clients() -> Clients:
    """Of the application that serves this request."""
    found: Clients = current_app.extensions[_KEY]
    return found


def install(extensions: dict[str, Any], made: Clients) -> None:
    extensions[_KEY] = made


class _WithPass:
    """A stub whose unary calls carry one pass."""

    def __init__(self, stub: Any, token: str) -> None:
        self._stub = stub
        self._token = token

    def __getattr__(self, rpc: str) -> Callable[[Any], Any]:
        return partial(getattr(self._stub, rpc), pass_=self._token)


class _ForCaller:
    """A channel as generated stubs see it, speaking for the person behind the current request."""

    def __init__(self, channel: Any, settings: Settings) -> None:
        self._channel = channel
        self._page_s = settings.page_deadline_s
        self._file_s = settings.file_deadline_s

    def unary_unary(self, method: str, **codec: Any) -> Callable[..., Any]:
        call = self._channel.unary_unary(method, **codec)

        def ask(request: Any, pass_: str | None = None) -> Any:
            given = caller().pass_ if pass_ is None else pass_
            return call(request, timeout=self._left(), metadata=with_pass(given))

        return ask

    def stream_unary(self, method: str, **codec: Any) -> Callable[..., Any]:
        call = self._channel.stream_unary(method, **codec)
        return lambda requests: call(requests, timeout=self._file_s, metadata=with_pass(caller().pass_))

    def unary_stream(self, method: str, **codec: Any) -> Callable[..., Iterator[Any]]:
        call = self._channel.unary_stream(method, **codec)
        return lambda request: call(request, timeout=self._file_s, metadata=with_pass(caller().pass_))

    def _left(self) -> float:
        """What is left of the page's two seconds, which all its calls share."""
        now = time.monotonic()
        if "page_until" not in g:
            g.page_until = now + self._page_s
        return float(max(g.page_until - now, _LEAST_S))
