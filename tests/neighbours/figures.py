"""Real evaluation services of neighbours: facts go in as the bus brings them, figures travel by federation."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from google.protobuf.message import Message as Proto

from services.common.channels import Channels
from services.common.clock import utc_now
from services.common.local_bus import LocalBus
from services.common.service import Floor, Running
from services.common.wires import Sockets
from services.evaluation.domain.disclosure import Figure
from services.evaluation.service import build
from services.evaluation.settings import Settings
from services.evaluation.usecases import region
from services.evaluation.usecases.reading import Asked
from tests.neighbours.region import Neighbour
from tests.unit.evaluation.months import NOW, Hearing


@contextmanager
def figures_of(*neighbours: Neighbour) -> Iterator[None]:
    """Evaluation at work at each of them; what it would hear a test tells it by `hear`."""
    if not neighbours:
        yield
        return
    first, *others = neighbours
    channels = Channels(Sockets(first.run_dir), "evaluation")
    floor = Floor("evaluation", first.evaluation_db, utc_now, channels, first.folder)
    service = replace(build(floor, Settings(tell_every_s=0.2)), consumers=())
    running = Running(service, floor, LocalBus(utc_now), workers=4)
    running.start()
    try:
        with figures_of(*others):
            yield
    finally:
        running.stop()
        channels.close()


def hear(neighbour: Neighbour, *facts: Proto) -> None:
    Hearing(neighbour.evaluation_db, utc_now()).hear(*facts)


def shown_at(hub: Neighbour, code: str) -> tuple[Figure, dict[str, Figure]]:
    """The last month of the region's page: the region and each county."""
    found = region.get_region(hub.evaluation_db, Asked(f"{NOW:%Y-%m}", 1), utc_now())
    (one,) = [each for each in found.series if each.indicator.code == code]
    return one.region[-1], {node: row[-1] for node, row in one.counties.items()}
