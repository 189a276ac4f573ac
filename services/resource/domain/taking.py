"""Which entries of other nodes change what is held here: the higher version wins, what was taken back stays so."""

from dataclasses import dataclass

from services.common.errors import NotAllowed


@dataclass(frozen=True)
class Held:
    """What is known here of an item: the newest version taken, or the tombstone where it stood."""

    node_id: str
    version: int
    gone: bool = False


def puts(held: Held | None, node_id: str, version: int) -> bool:
    """Does a put of this version change anything?"""
    if held is None:
        return True
    _require_owner(held, node_id)
    return version > held.version


def withdraws(held: Held | None, node_id: str, version: int) -> bool:
    """Does a withdrawal of this version and those before it change anything?"""
    if held is None:
        return True
    _require_owner(held, node_id)
    return version > held.version or (version == held.version and not held.gone)


def _require_owner(held: Held, node_id: str) -> None:
    if held.node_id != node_id:
        raise NotAllowed("It belongs to another node.")
