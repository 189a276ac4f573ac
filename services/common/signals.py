"""How a process is told to end."""

import signal
import socket
import threading

_THESE = (signal.SIGTERM, signal.SIGINT)


def told_to_end() -> threading.Event:
    """An event that SIGTERM or SIGINT sets; made once in a process, in its main thread, which may wait for it."""
    told = threading.Event()
    ours, of_signals = socket.socketpair()
    of_signals.setblocking(False)
    # Python runs a handler in the main thread, when that comes by: one that began to sleep in the moment the signal
    # arrived never does. The byte is written at once, whatever the main thread does.
    signal.set_wakeup_fd(of_signals.fileno())
    for number in _THESE:
        # Without one the process would just end, and nothing be written.
        signal.signal(number, lambda *_: None)
    threading.Thread(target=_hear, args=(ours, of_signals, told), name="told-to-end", daemon=True).start()
    return told


def _hear(ours: socket.socket, _of_signals: socket.socket, told: threading.Event) -> None:
    """For as long as the process lives; both ends stay open. Each byte is the number of a signal that has a handler."""
    while True:
        if ours.recv(1)[0] in _THESE:
            told.set()
