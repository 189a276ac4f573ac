"""Ports for whoever has to be told where to listen before it does."""

import socket


def a_free_port() -> int:
    """Nobody keeps it: whoever asked takes it at once."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
