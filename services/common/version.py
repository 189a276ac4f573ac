"""What this software calls itself: its version, and in an image the commit that it was built from."""

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Version:
    version: str
    # Empty in a checkout.
    revision: str


@functools.cache
def running() -> Version:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    built = _ROOT / "revision"
    return Version(str(project["version"]), built.read_text(encoding="ascii").strip() if built.exists() else "")
