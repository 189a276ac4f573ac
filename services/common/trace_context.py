"""Where in a trace this thread is, in the form of W3C Trace Context; empty where nobody traces."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.common.tracing import Tracer

HEADER = "traceparent"
_HERE: ContextVar[str] = ContextVar("traceparent", default="")


def tracer_of(process: str, collector: str) -> "Tracer | None":
    """None unless a setting says where spans go."""
    if not collector:
        return None
    # Only where it is asked for, so that others do not carry the library in memory.
    from services.common.tracing import Tracer

    return Tracer(process, collector)


def here() -> str:
    return _HERE.get()


@contextmanager
def within(traceparent: str) -> Iterator[None]:
    """What is done meanwhile belongs to this trace."""
    before = _HERE.set(traceparent)
    try:
        yield
    finally:
        _HERE.reset(before)
