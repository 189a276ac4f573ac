"""How much memory processes hold, as the kernel counts it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Growth:
    mib: int = 0


@contextmanager
def growth(pid: int) -> Iterator[Growth]:
    """By how much the process and its children grew at most between the block's begin and its end."""
    found = Growth()
    everybody = [pid, *_children(pid)]
    before = {each: _resident(each, "VmRSS") for each in everybody}
    for each in everybody:
        # Lets the highest mark begin anew (proc_pid_clear_refs(5)).
        Path(f"/proc/{each}/clear_refs").write_text("5")
    yield found
    found.mib = sum(_resident(each, "VmHWM") - before[each] for each in everybody) // 1024


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _resident(pid: int, what: str) -> int:
    """In KiB."""
    found = re.search(rf"^{what}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.M)
    assert found
    return int(found[1])
