"""Each route says who may call it; the application does not start with a route that does not."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Flask

View = TypeVar("View", bound=Callable[..., Any])
_MARK = "fosse_guard"


@dataclass(frozen=True)
class Guard:
    anyone: bool = False
    roles: frozenset[int] = field(default_factory=frozenset)
    # False: its forms are not ours, and bring tokens of their own.
    our_forms: bool = True


class UnguardedRoute(Exception):
    """A route does not say who may call it."""


def anyone(view: View) -> View:
    return guarded(view, Guard(anyone=True))


def theirs(view: View) -> View:
    """For anyone; what is sent goes to the provider, whose pages have their own protection."""
    return guarded(view, Guard(anyone=True, our_forms=False))


def signed_in(view: View) -> View:
    """A person with a session; they need not be a member yet."""
    return guarded(view, Guard())


def roles(*wanted: int) -> Callable[[View], View]:
    """A member with one of these roles in some community; the services decide about the object itself."""
    return lambda view: guarded(view, Guard(roles=frozenset(wanted)))


def guarded(view: View, guard: Guard) -> View:
    setattr(view, _MARK, guard)
    return view


def guard_of(app: Flask, endpoint: str) -> Guard:
    guard = getattr(app.view_functions[endpoint], _MARK, None)
    if not isinstance(guard, Guard):
        raise UnguardedRoute(f"The route {endpoint!r} does not say who may call it: add @anyone, @signed_in or @roles.")
    return guard


def check_routes(app: Flask) -> dict[str, Guard]:
    """The guard of every endpoint; raises `UnguardedRoute` when one has none."""
    guarded(app.view_functions["static"], Guard(anyone=True))
    return {rule.endpoint: guard_of(app, rule.endpoint) for rule in app.url_map.iter_rules()}
