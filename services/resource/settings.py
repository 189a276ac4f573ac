"""Settings of resource."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    database: str = "sqlite:///resource.db"
    run_dir: Path = Path("run")
    """Folder of the sockets of this node's services."""
    data_dir: Path = Path(".")
    """`files/` and `index/` lie in it."""
    kafka: str = ""
    """host:port; the embedded node needs none."""
    largest_file_mb: int = 25
    """Of a file that somebody here adds."""
    largest_taken_file_mb: int = 100
    """Of a file that another node shares; theirs may allow more than ours."""
