"""Settings of federation."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Read from FOSSE_FEDERATION_…"""

    database: str = "sqlite:///federation.db"
    run_dir: Path = Path("run")
    data_dir: Path = Path(".")
    kafka: str = ""
    # Is this node the one that others enrol with?
    hub: bool = False
    # How the node is called in the registry: a label such as `notts`, and what people read.
    slug: str = "node"
    name: str = "My county"
    # At the hub: where its door for other nodes listens.
    door_listen: str = "127.0.0.1:8420"
    # At the hub: host:port that counties dial; empty: what it listens on.
    door_address: str = ""
