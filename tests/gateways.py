"""A gateway at work on a port of its own: a real provider, real membership, and a small shelf behind real sockets."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from flask import Flask

import gateway.app
from fosse.federation.v1 import federation_pb2_grpc
from fosse.membership.v1 import membership_pb2
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from fosse.notification.v1 import notification_pb2_grpc
from fosse.resource.v1 import resource_pb2_grpc
from gateway.settings import Settings
from services.common.channels import Channels
from services.common.passes import PassVerifier
from services.common.rpc import Server
from services.common.wires import Sockets
from services.membership.service import build
from services.membership.settings import Settings as MembershipSettings
from services.node.provider.accounts import Accounts
from services.node.provider.app import ProviderSettings
from services.node.provider.app import create_app as create_provider
from services.node.web import WebServer, bound
from tests.alone import a_floor, alone
from tests.browsing import Browser
from tests.databases import Databases
from tests.members import Members, put_community, tokens_of
from tests.shelves import Post, Region, Shelf


class Clock:
    """The real time, until a test moves it on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Web(Members):
    """The gateway and what is behind it."""

    app: Flask
    settings: Settings
    clock: Clock
    shelf: Shelf

    @property
    def url(self) -> str:
        return self.settings.public_url

    def access_token(self, browser: Browser) -> str:
        """The provider's token behind a browser's session, which the browser itself never sees."""
        return tokens_of(self.settings, browser, self.clock()).access


@contextmanager
def a_gateway(folder: Path, databases: Databases, **changed: Any) -> Iterator[Web]:
    """`changed` are settings of the gateway."""
    clock = Clock()
    shelf = Shelf()  # type: ignore[abstract]  # what it lacks answers UNIMPLEMENTED, as gRPC does
    with ExitStack() as stack:
        pages, sign_in = (stack.enter_context(bound("127.0.0.1", 0)) for _ in range(2))
        settings = _settings(folder, databases, _address(pages), _address(sign_in), changed)
        accounts = _provider(stack, folder, settings, sign_in, clock)
        operator = _membership(stack, folder, databases, settings, clock)
        _servers(stack, folder / "run", clock, shelf)
        app = gateway.app.create_app(settings, clock=clock)
        stack.callback(gateway.app.close, app)
        stack.enter_context(_serving(app, pages))

        def fresh() -> Browser:
            return stack.enter_context(Browser(settings.public_url))

        yield Web(operator, accounts, fresh, app, settings, clock, shelf)


def _settings(folder: Path, databases: Databases, url: str, issuer: str, changed: dict[str, Any]) -> Settings:
    usual = Settings(
        slug="notts",
        name="Nottinghamshire",
        public_url=url,
        run_dir=folder / "run",
        database=databases.new_url(gateway.app.MIGRATIONS),
        issuer=issuer,
        secret_key_file=folder / "gateway.key",
        upload_limit=1024 * 1024,
    )
    return replace(usual, **changed)


def _provider(stack: ExitStack, folder: Path, settings: Settings, taken: socket.socket, clock: Clock) -> Accounts:
    given = ProviderSettings(
        issuer=settings.issuer,
        node=settings.slug,
        node_name=settings.name,
        folder=folder / "provider",
        client_id=settings.client_id,
        redirect_uris=frozenset({f"{settings.public_url}/signin/return"}),
    )
    stack.enter_context(_serving(create_provider(given, clock), taken))
    return Accounts(given.people)


def _membership(
    stack: ExitStack, folder: Path, databases: Databases, settings: Settings, clock: Clock
) -> MembershipStub:
    floor = stack.enter_context(a_floor("membership", databases, clock, folder))
    stack.enter_context(alone(build(floor, MembershipSettings(issuer=settings.issuer)), floor))
    channels = Channels(Sockets(folder / "run"), "operator")
    stack.callback(channels.close)
    operator = channels.stub(MembershipStub, "membership")
    put_community(operator)
    return operator


def _servers(stack: ExitStack, run_dir: Path, clock: Clock, shelf: Shelf) -> None:
    channels = Channels(Sockets(run_dir), "resource")
    stack.callback(channels.close)
    membership = channels.stub(MembershipStub, "membership")

    def keys() -> dict[str, bytes]:
        found = membership.PassKeys(membership_pb2.PassKeysRequest()).keys
        return {key.kid: key.public_key for key in found}

    region = Region()  # type: ignore[abstract]  # as above
    post = Post()  # type: ignore[abstract]  # as above
    adders: dict[str, Callable[[grpc.Server], None]] = {
        "resource": lambda server: resource_pb2_grpc.add_ResourcesServicer_to_server(shelf, server),
        "federation": lambda server: federation_pb2_grpc.add_FederationServicer_to_server(region, server),
        "notification": lambda server: notification_pb2_grpc.add_NotificationServicer_to_server(post, server),
    }
    for name, add in adders.items():
        server = Server(name, [add], Sockets(run_dir), PassVerifier(keys, clock), workers=4)
        server.start()
        stack.callback(server.stop)


def _address(taken: socket.socket) -> str:
    return f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def _serving(app: Flask, taken: socket.socket) -> Iterator[None]:
    server = WebServer(app, taken, threads=4, largest_body=8 * 1024 * 1024)
    server.start()
    try:
        yield
    finally:
        server.stop()
