"""Where in a trace this thread is, in the form of W3C Trace Context; empty where nobody traces."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "traceparent"
_HERE: ContextVar[str] = ContextVar("traceparent", default="")


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
