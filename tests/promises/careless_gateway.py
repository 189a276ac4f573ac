"""A gateway with gunicorn's own way to end: who has connected and was not accepted yet is turned away."""

from gateway.__main__ import main
from gateway.queues import Worker
from tests.promises.planted import planted

if __name__ == "__main__":
    with planted((Worker, "_let_in_who_waits", lambda worker: None)):
        main()
