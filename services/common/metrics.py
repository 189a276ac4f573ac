"""Metrics of one process in Prometheus' form, served on an address of their own when a setting names one.

Labels hold names of rpcs, routes, consumers and states, never an id or anything of a person. Several processes of one
service share one port and a folder of counters: whichever answers, it answers for all.
"""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import DBAPIError

from services.common import version
from services.common.errors import Refusal
from services.common.settings import BadSetting
from services.common.vitals import Measuring, Vitals

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 30.0)
_SLOW_READER_S = 5


class Metrics:
    """`shared`: the folder of counters that several processes have together."""

    def __init__(self, shared: Path | None = None) -> None:
        self._registry = CollectorRegistry()
        self._shared = shared is not None
        own = None if shared else self._registry
        self._rpcs = Histogram(
            "fosse_rpc_duration_seconds", "How long rpcs took, by method and status.", ["method", "status"],
            buckets=_BUCKETS, registry=own,
        )  # fmt: skip
        self._pages = Histogram(
            "fosse_page_duration_seconds", "How long pages and API calls took, by route and status.",
            ["endpoint", "status"], buckets=_BUCKETS, registry=own,
        )  # fmt: skip
        if shared:
            MultiProcessCollector(self._registry, str(shared))  # type: ignore[no-untyped-call]  # as it comes
        else:
            ProcessCollector(registry=self._registry)

    def rpc(self, method: str, status: str, seconds: float) -> None:
        self._rpcs.labels(method, status).observe(seconds)

    def page(self, endpoint: str, status: int, seconds: float) -> None:
        self._pages.labels(endpoint, str(status)).observe(seconds)

    def serve(self, name: str, vitals: Measuring, listen: str) -> Callable[[], None]:
        """Returns what stops it. Raises `BadSetting` or `OSError` where `listen` cannot be used."""
        self._registry.register(_Vitals(name, vitals))
        host, _, port = listen.rpartition(":")
        if not port.isdecimal():
            raise BadSetting(f"The setting metrics_listen is {listen!r}; it should look like 0.0.0.0:9464.")
        server = _server(self._registry, host, int(port), self._shared)
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()

        def stop() -> None:
            server.shutdown()
            server.server_close()

        return stop


class _Vitals(Collector):
    """Looked at when somebody asks, by the same code that answers `fosse doctor`."""

    def __init__(self, name: str, vitals: Measuring) -> None:
        self._name = name
        self._vitals = vitals

    def describe(self) -> Iterator[Metric]:
        # Named here, so that registering does not look at the database.
        yield GaugeMetricFamily("fosse_database_up", "1 while the database answers.")

    def collect(self) -> Iterator[Metric]:
        running = version.running()
        told = GaugeMetricFamily("fosse_build_info", "What runs.", labels=["service", "version", "revision"])
        told.add_metric([self._name, running.version, running.revision], 1)
        yield told
        yield self._one("fosse_disk_free_bytes", "Where it keeps its files.", self._vitals.disk_free_bytes())
        try:
            now = self._vitals()
        except (DBAPIError, Refusal):
            yield self._one("fosse_database_up", "1 while the database answers.", 0)
            return
        yield self._one("fosse_database_up", "1 while the database answers.", 1)
        yield from self._counted(now)
        yield from self._lags(now)
        for name, value in now.figures.items():
            yield self._one(f"fosse_{name}", "Of this service's own trade.", value)

    def _counted(self, now: Vitals) -> Iterator[Metric]:
        unsealed = self._age_s(now.audit_unsealed.oldest)
        ages = self._age_s(now.unsent.oldest)
        yield self._one("fosse_facts_unsent", "Facts that were not carried yet.", now.unsent.unsent)
        yield self._one("fosse_oldest_unsent_fact_age_seconds", "0 when all were carried.", ages)
        yield self._one("fosse_oldest_unsealed_audit_row_age_seconds", "0 when all are sealed.", unsealed)
        yield self._one("fosse_messages_parked", "Messages that wait for a person.", now.parked)
        yield self._one("fosse_jobs_overdue", "Jobs that should have run a minute ago.", now.overdue)
        yield self._one("fosse_database_connections_in_use", "Of the pool.", now.connections_in_use)
        if now.database_ahead_s is not None:
            yield self._one("fosse_database_clock_ahead_seconds", "Of the process's clock.", now.database_ahead_s)

    def _lags(self, now: Vitals) -> Iterator[Metric]:
        labels = ["service", "consumer"]
        behind = GaugeMetricFamily("fosse_consumer_lag_messages", "Messages not handled yet.", labels=labels)
        age = GaugeMetricFamily("fosse_consumer_lag_age_seconds", "Of the oldest of them.", labels=labels)
        for lag in now.lags:
            behind.add_metric([self._name, lag.consumer], lag.messages)
            age.add_metric([self._name, lag.consumer], self._age_s(lag.oldest))
        yield from (behind, age)

    def _age_s(self, since: datetime | None) -> float:
        return max((self._vitals.clock() - since).total_seconds(), 0.0) if since else 0.0

    def _one(self, name: str, words: str, value: float) -> Metric:
        family = GaugeMetricFamily(name, words, labels=["service"])
        family.add_metric([self._name], value)
        return family


def _server(registry: CollectorRegistry, host: str, port: int, shared: bool) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SLOW_READER_S

        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(404)
                return
            body = generate_latest(registry)
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Who asks is Prometheus, every few seconds."""

    class Listening(ThreadingHTTPServer):
        allow_reuse_port = shared
        daemon_threads = True

    return Listening((host, port), Handler)
