"""Servers that tell the application how long each request waited for a thread; once they end, all are let in."""

import logging
import select
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker
from waitress.task import ThreadedTaskDispatcher

from gateway.admission import has_waited

_SILENT_S = 0.2


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
            # As many as its queue holds, or fewer where no more files may be open.
            with suppress(OSError):
                for _ in range(self.cfg.backlog):
                    if not select.select([listener], [], [], 0)[0]:
                        break
                    self.accept(listener)
            listener.close()
        self.sockets: list[Any] = []

    def run(self) -> None:
        super().run()
        # The time to end is over: who still waits for a thread is not answered by a process that nobody watches.
        self.tpool.shutdown(wait=False, cancel_futures=True)

    def enqueue_req(self, conn: Any) -> None:
        conn.queued_at = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        # Those behind somebody who says nothing have little time.
        if not self.alive and not conn.wait_for_data(_SILENT_S):
            return False
        has_waited(time.monotonic() - conn.queued_at if self.alive else 0.0)
        return super().handle(conn)
