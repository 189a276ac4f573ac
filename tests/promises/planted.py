"""Bugs planted in the product while a test looks whether it would notice them: the promise is only worth its checks."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

Bug = tuple[ModuleType | type, str, object]


@contextmanager
def planted(*bugs: Bug) -> Iterator[None]:
    """Each (module, name, what stands there instead), until the block ends."""
    before = [(where, name, getattr(where, name)) for where, name, _ in bugs]
    try:
        for where, name, broken in bugs:
            setattr(where, name, broken)
        yield
    finally:
        for where, name, sound in before:
            setattr(where, name, sound)
