"""A whole embedded node at work in this process: every service, the provider and the pages."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from gateway.settings import Settings as GatewaySettings
from services.common.channels import Channels
from services.common.wires import Sockets
from services.node import embedded, pages
from services.node.demo.region import free_ports
from services.node.folder import Folder
from services.node.provider.accounts import Accounts
from services.node.settings import Settings
from tests.browsing import Browser
from tests.members import ANOTHER, Members, put_community
from tests.waiting import until


@dataclass
class WholeNode(Members):
    url: str
    run_dir: Path
    gateway: GatewaySettings


@contextmanager
def a_whole_node(folder: Path, slug: str = "notts", **changed: Any) -> Iterator[WholeNode]:
    """With two communities and nobody in them; `changed` are settings of the node."""
    ports = free_ports()
    usual = Settings(data=folder / slug, slug=slug, name=slug.title(), port=ports.web, provider_port=ports.provider)
    settings = replace(usual, **changed)
    with ExitStack() as stack:
        stack.enter_context(_running(settings))
        run_dir = Path(str(Folder(settings.data).holder()["run_dir"]))
        channels = Channels(Sockets(run_dir), "operator")
        stack.callback(channels.close)
        operator = channels.stub(MembershipStub, "membership")
        put_community(operator)
        put_community(operator, ANOTHER, "Social care")
        accounts = Accounts(settings.data / "provider" / "people.json")

        def fresh() -> Browser:
            return stack.enter_context(Browser(settings.address))

        given = pages.gateway_settings(settings, Folder(settings.data), run_dir)
        yield WholeNode(operator, accounts, fresh, settings.address, run_dir, given)


@contextmanager
def _running(settings: Settings) -> Iterator[None]:
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=embedded.run, args=(settings, stop, lambda _: ready.set()), name="node")
    thread.start()
    try:
        until(lambda: ready.is_set() or not thread.is_alive(), "the node is ready")
        assert ready.is_set(), "the node did not start"
        yield
    finally:
        stop.set()
        thread.join(30)
