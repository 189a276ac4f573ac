"""What this node is made of: its keys, its relay folder and, at the hub, its certificate authority."""

from dataclasses import dataclass
from pathlib import Path

from services.common.clock import Clock
from services.common.database import Database
from services.federation import authority, keys
from services.federation.authority import Authority
from services.federation.domain.signing import Signer
from services.federation.keys import NodeKeys
from services.federation.relay_files import RelayFolder


@dataclass(frozen=True)
class ThisNode:
    """`authority` is None at a county."""

    db: Database
    clock: Clock
    keys: NodeKeys
    relay: RelayFolder
    slug: str
    name: str
    authority: Authority | None = None

    @property
    def id(self) -> str:
        return self.keys.node_id

    @property
    def signer(self) -> Signer:
        return self.keys.signer

    @property
    def is_hub(self) -> bool:
        return self.authority is not None


def open_node(db: Database, clock: Clock, data_dir: Path, *, slug: str, name: str, hub: bool) -> ThisNode:
    """Keys are made at the first start and read at every other."""
    folder = data_dir / "keys"
    own = keys.load_or_create(folder)
    return ThisNode(
        db,
        clock,
        own,
        RelayFolder(data_dir / "relay"),
        slug,
        name,
        authority.load_or_create(folder, clock()) if hub else None,
    )
