"""Metrics of the gateway: how long pages took, by the name of their route, and how the process is."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, g, request

from gateway import admission, operating
from gateway.auth import Door
from services.common.database import Database
from services.common.settings import put_in_environment


@dataclass(frozen=True)
class Measured:
    """`refused`: what is told of each request that was not let in, before any route was looked for."""

    refused: Callable[[float], None]
    stop: Callable[[], None]


def start(app: Flask, door: Door, db: Database) -> Measured:
    """Nothing is measured unless a setting says where to listen."""
    settings = door.settings
    if not settings.metrics_listen:
        return Measured(admission.nobody, lambda: None)
    shared = settings.run_dir / "metrics" if settings.server == "gunicorn" else None
    if shared:
        shared.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The library looks at this once, when it is imported: each worker keeps its counters in files there.
        put_in_environment("PROMETHEUS_MULTIPROC_DIR", str(shared))
    from services.common.metrics import Metrics

    metrics = Metrics(shared)

    @app.before_request
    def begin() -> None:
        g.asked_at = time.monotonic()

    @app.after_request
    def end(response: Response) -> Response:
        # A route's name: its address may hold ids, and codes of links.
        metrics.page(request.endpoint or "none", response.status_code, time.monotonic() - g.asked_at)
        return response

    stop = metrics.serve(operating.NAME, operating.vitals(door, db), settings.metrics_listen)
    return Measured(lambda waited_s: metrics.page("refused", 429, waited_s), stop)
