"""An embedded node in a process of its own, from its start to its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.node.demo.region import RunningNode, free_ports
from services.node.demo.world import County

NOTTS = County("notts", "Nottinghamshire", "Care homes (demo)", "#demo", ())


@contextmanager
def a_running_node(folder: Path, county: County = NOTTS) -> Iterator[RunningNode]:
    """It must end well when it is told."""
    node = RunningNode(county, folder, free_ports())
    node.start()
    try:
        node.wait_until_ready()
        yield node
    finally:
        node.ask_to_stop()
        ended = node.wait_until_stopped()
    assert ended == 0, node.last_words()
