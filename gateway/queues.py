"""Servers that tell the application how long each request waited for a thread; once they end, all are let in."""

import logging
import select
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker
from waitress.task import ThreadedTaskDispatcher

from gateway.admission import has_waited


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """waitress's queue."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        # A line for each request that waits is more work where there is too much already.
        self.queue_logger.setLevel(logging.ERROR)
        self.ending = False
        self.set_thread_count(threads)

    def add_task(self, task: Any) -> None:
        super().add_task(_Waiting(self, task))


class _Waiting:
    def __init__(self, dispatcher: Dispatcher, task: Any) -> None:
        self._dispatcher = dispatcher
        self._task = task
        self._since = time.monotonic()

    def service(self) -> None:
        has_waited(0.0 if self._dispatcher.ending else time.monotonic() - self._since)
        self._task.service()

    def cancel(self) -> None:
        self._task.cancel()


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's worker with threads."""

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            self._let_in_who_waits()

    def _let_in_who_waits(self) -> None:
        """A listener that is closed breaks the connections of those whom it has not accepted yet."""
        for listener in self.sockets:
            while select.select([listener], [], [], 0)[0]:
                self.accept(listener)
            listener.close()
        self.sockets: list[Any] = []

    def enqueue_req(self, conn: Any) -> None:
        conn.queued_at = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        has_waited(time.monotonic() - conn.queued_at if self.alive else 0.0)
        return super().handle(conn)
