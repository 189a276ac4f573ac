"""How a process is told to end."""

import signal
import threading


def told_to_end() -> threading.Event:
    """An event that SIGTERM or SIGINT sets; to be made in the main thread, which may wait for it."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # The handler interrupts the main thread, perhaps while it holds the event's lock on its way into `wait`:
        # setting it right here would wait for ever. A thread of its own sets it once the lock is free.
        signal.signal(number, lambda *_: threading.Thread(target=told.set, name="told-to-end").start())
    return told
