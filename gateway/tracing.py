"""Traces of the gateway: one begins with each request, under the name of its route."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, g, request

if TYPE_CHECKING:
    from services.common.tracing import Tracer

# Whoever asks may write anything into the method.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def start(app: Flask, tracer: "Tracer | None") -> Callable[[], None]:
    """Returns what stops it. Comes before all else that looks at requests."""
    if tracer is None:
        return lambda: None
    from services.common.tracing import fault

    @app.before_request
    def begin() -> None:
        # The pattern, never the address: that may hold ids, codes of links and what somebody searched for.
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in _METHODS else "OTHER"
        said = {"http.request.method": method, "http.route": route}
        g.trace = ExitStack()
        g.span = g.trace.enter_context(tracer.page(f"{method} {route}", said))

    @app.after_request
    def answered(response: Response) -> Response:
        g.span.set_attribute("http.response.status_code", response.status_code)
        if response.status_code >= 500:
            fault(g.span, str(response.status_code))
        return response

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        if "trace" in g:
            g.trace.close()

    return tracer.close
