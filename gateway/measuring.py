"""Metrics of the gateway: how long pages took, by the name of their route, and how the process is."""

import time
from collections.abc import Callable

from flask import Flask, Response, g, request

from gateway import operating
from gateway.auth import Door
from services.common.database import Database
from services.common.settings import put_in_environment


def start(app: Flask, door: Door, db: Database) -> Callable[[], None]:
    """Returns what stops it. Nothing is measured unless a setting says where to listen."""
    settings = door.settings
    if not settings.metrics_listen:
        return lambda: None
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

    return metrics.serve(operating.NAME, operating.vitals(door, db), settings.metrics_listen)
