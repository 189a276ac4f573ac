"""What a deployed gateway tells its operator: the same as each service does, over mutual TLS between containers."""

from collections.abc import Callable

from gateway.auth import Door
from gateway.sessions import METADATA
from services.common.channels import Channels
from services.common.database import Database
from services.common.facts import Unsent
from services.common.housekeeping import Housekeeping
from services.common.passes import PassVerifier
from services.common.rpc import Server
from services.common.service import Floor
from services.common.vitals import Measuring, given_to, no_figures

NAME = "gateway"
_WORKERS = 2


def start(door: Door, db: Database, channels: Channels) -> Callable[[], None]:
    """Returns what stops it. On sockets nothing is started: there the node's own process can be asked."""
    settings = door.settings
    if settings.tls_dir is None:
        return lambda: None
    data_dir = settings.secret_key_file.parent
    floor = Floor(NAME, db, door.clock, channels, data_dir, given_to(settings, settings.tls_dir, data_dir))
    keeping = Housekeeping(NAME, floor, (), METADATA, vitals(door, db))
    # Only the operator's certificate is let in, so that no pass has to be verified.
    verifier = PassVerifier(dict, door.clock)
    server = Server(NAME, [keeping.add_to], channels.wires, verifier, workers=_WORKERS, shared=True)
    server.start()
    return server.stop


def vitals(door: Door, db: Database) -> Measuring:
    """It says no facts and hears none; what it needs besides the services is the provider."""
    data_dir = door.settings.secret_key_file.parent
    return Measuring(
        db, door.clock, data_dir, lambda: Unsent(0, None), list, no_figures,
        elsewhere=lambda: {"sign_in_up": float(door.provider.answers())},
    )  # fmt: skip
