"""Puts resource together: its doors, and what it does in the background."""

from fosse.common.v1 import shareable_pb2_grpc
from fosse.resource.v1 import resource_pb2_grpc
from services.common.files import Folder
from services.common.loops import Loop
from services.common.service import Floor, Service, add_to
from services.resource import vocabulary
from services.resource.rpc import Resources
from services.resource.search.follower import Follower
from services.resource.search.index import ShelfIndex
from services.resource.settings import Settings
from services.resource.shareable import Shareable
from services.resource.store.files import RELEASED
from services.resource.store.tables import METADATA
from services.resource.usecases.keeping import Downloads, release_strays, sweep_files
from services.resource.usecases.shelf import Shelf

NAME = "resource"
MB = 1_000_000


def build(floor: Floor, settings: Settings) -> Service:
    words = vocabulary.load()
    largest, largest_taken = settings.largest_file_mb * MB, settings.largest_taken_file_mb * MB
    shelf = Shelf(floor.db, Folder(floor.data_dir / "files"), words, largest, largest_taken)
    index = ShelfIndex(floor.data_dir / "index", words)
    downloads = Downloads(floor.db)
    follower = Follower(floor.db, index)
    following = Loop("resource-index", follower.step)
    sweeper = Loop("resource-files", lambda: sweep_files(shelf))
    strays = Loop("resource-strays", lambda: release_strays(shelf, floor.clock))
    counter = Loop("resource-downloads", downloads.write_down)
    floor.db.when("facts", following.wake)
    floor.db.when(RELEASED, sweeper.wake)
    people = Resources(shelf, index, downloads, follower, floor.clock)
    return Service(
        name=NAME,
        servicers=(
            add_to(resource_pb2_grpc.add_ResourcesServicer_to_server, people),
            add_to(shareable_pb2_grpc.add_ShareableServicer_to_server, Shareable(shelf, floor.clock)),
        ),
        tables=METADATA,
        loops=(following, sweeper, strays, counter),
        parts=(index,),
    )
