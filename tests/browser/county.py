"""The gateway on a real port before the stand-in services, and people who are signed in at it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import delete

from gateway.app import MIGRATIONS, close, create_app
from gateway.counters import COUNTERS
from gateway.lookups import Lookups
from gateway.sessions import Sessions, Tokens
from gateway.settings import Settings
from services.common import migrating
from services.common.database import Database
from services.node.web import WebServer, bound
from tests.browser import world
from tests.browser.standins import Node, Shelf
from tests.browsing import Browser

NAME = "Nottinghamshire"
FOR_EVER = 4_000_000_000.0


@dataclass
class County:
    """A node as a browser sees it."""

    address: str
    shelf: Shelf
    node: Node
    cookie: str
    sessions: Sessions
    app: Flask
    db: Database

    def sign_in(self, who: str = "priya") -> dict[str, str]:
        """The cookie of a session, for playwright's `add_cookies`."""
        number, _ = self.sessions.create(Tokens(access=who, access_until=FOR_EVER), world.clock())
        return {"name": self.cookie, "value": number, "url": self.address}

    def signed_in(self, browser: Browser) -> Browser:
        """The same, which its person has signed in with; for tests that read pages without a browser of their own."""
        cookie = self.sign_in()
        browser.http.cookies.set(cookie["name"], cookie["value"])
        return browser

    def clear(self) -> None:
        """As a new one: what its services hold, what the gateway knows of them, how often somebody tried something."""
        self.shelf.clear()
        self.app.extensions["fosse_lookups"] = Lookups(NAME)
        with self.db.write() as conn:
            conn.execute(delete(COUNTERS))


@contextmanager
def a_county(shelf: Shelf | None = None) -> Iterator[County]:
    # Not pytest's folder: the path of a socket may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="fosse") as folder, _running(Path(folder), shelf or Shelf()) as county:
        yield county


@contextmanager
def _running(folder: Path, shelf: Shelf) -> Iterator[County]:
    settings = Settings(
        slug="notts",
        name=NAME,
        run_dir=folder / "run",
        database=f"sqlite:///{folder / 'gateway.db'}",
        secret_key_file=folder / "gateway.key",
        issuer="http://127.0.0.1:9",
    )
    db = Database(settings.database)
    migrating.migrate(db, MIGRATIONS)
    with Node(settings.run_dir, shelf) as node:
        app = create_app(settings, clock=world.clock)
        taken = bound("127.0.0.1", 0)
        server = WebServer(app, taken, threads=6, largest_body=2**20)
        server.start()
        try:
            address = f"http://127.0.0.1:{taken.getsockname()[1]}"
            yield County(address, shelf, node, settings.cookie(), Sessions(db), app, db)
        finally:
            server.stop()
            close(app)
            db.dispose()
