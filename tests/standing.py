"""A Kafka or PostgreSQL of a test's own that may go away in every way, and comes back at the same address."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer

from tests import machine
from tests.broker import Broker
from tests.ports import a_free_port


@contextmanager
def a_broker() -> Iterator[Broker]:
    machine.need_containers(machine.KAFKA_IMAGE)
    with Broker().with_bind_ports(29092, a_free_port()) as running:
        yield running


@contextmanager
def a_postgres() -> Iterator[PostgresContainer]:
    machine.need_containers(machine.POSTGRES_IMAGE)
    server = PostgresContainer(machine.POSTGRES_IMAGE, driver=None, docker_client_kw=machine.PATIENT)
    with server.with_bind_ports(5432, a_free_port()) as running:
        yield running


@contextmanager
def stopped(container: DockerContainer) -> Iterator[None]:
    container.get_wrapped_container().stop(timeout=10)
    yield
    container.get_wrapped_container().start()


@contextmanager
def killed(container: DockerContainer) -> Iterator[None]:
    container.get_wrapped_container().kill()
    yield
    container.get_wrapped_container().start()


@contextmanager
def paused(container: DockerContainer) -> Iterator[None]:
    """It keeps its connections and answers nothing."""
    container.get_wrapped_container().pause()
    yield
    container.get_wrapped_container().unpause()


@contextmanager
def cut_off(container: DockerContainer) -> Iterator[None]:
    """It runs, and no packet reaches it: what was under way is never answered."""
    wrapped: Any = container.get_wrapped_container()
    networks = [wrapped.client.networks.get(name) for name in wrapped.attrs["NetworkSettings"]["Networks"]]
    for network in networks:
        network.disconnect(wrapped)
    yield
    for network in networks:
        network.connect(wrapped)


Away = Callable[[DockerContainer], AbstractContextManager[None]]
WAYS: Mapping[str, Away] = {"stopped": stopped, "killed": killed, "paused": paused, "cut off": cut_off}
