"""Refuses locks that hold a version with a known vulnerability (refused.toml), or anything that no hash pins.

`python deploy/check_locks.py requirements.txt …` prints a sentence for each fault and ends with 1 when there is one.
"""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

REFUSED = Path(__file__).with_name("refused.toml")


def entries(lock: str) -> Iterator[str]:
    """Each requirement on one line with its hashes, without comments."""
    lines = (line for line in lock.splitlines() if not line.lstrip().startswith("#"))
    yield from filter(None, (line.strip() for line in "\n".join(lines).replace("\\\n", " ").splitlines()))


def pin_of(entry: str) -> tuple[str, str] | None:
    """Name and exact version; None when it is not both pinned and hashed."""
    words, *hashes = entry.split(" --hash=sha256:")
    try:
        found = Requirement(words.strip())
    except InvalidRequirement:
        return None
    versions = [each.version for each in found.specifier if each.operator == "=="]
    return (canonicalize_name(found.name), versions[0]) if hashes and versions else None


def faults(lock: str, refused: list[dict[str, str]]) -> Iterator[str]:
    for entry in entries(lock):
        pin = pin_of(entry)
        if pin is None:
            yield f"{entry.split(' --hash')[0]} is not pinned to one version by hashes. Make the lock anew: make locks."
            continue
        name, version = pin
        for rule in refused:
            versions = Requirement(f"{rule['package']}{rule['versions']}")
            if canonicalize_name(versions.name) == name and versions.specifier.contains(version, prereleases=True):
                yield (
                    f"{name} {version} has a known vulnerability, {rule['advisory']}: {rule['why']}. "
                    f"Move on from {rule['versions']} in requirements.in, then make locks."
                )


def main(locks: list[str]) -> int:
    refused = tomllib.loads(REFUSED.read_text(encoding="utf-8"))["refused"]
    found = [f"{lock}: {fault}" for lock in locks for fault in faults(Path(lock).read_text(encoding="utf-8"), refused)]
    print("\n".join(found) or f"{len(locks)} locks hold no refused version.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
