"""The gateway of an embedded node: its settings, its database, and the variables for gunicorn workers outside."""

from pathlib import Path
from shlex import quote

import gateway
from gateway.settings import Settings as GatewaySettings
from services.common import migrating
from services.common.database import Database
from services.common.settings import environment_of
from services.node.folder import Folder
from services.node.settings import Settings

RETURN_PATH = "/signin/return"


def gateway_settings(settings: Settings, folder: Folder, run_dir: Path) -> GatewaySettings:
    return GatewaySettings(
        slug=settings.slug,
        name=settings.name,
        public_url=settings.address,
        listen=f"{settings.host}:{settings.port}",
        server="waitress" if settings.gateway else "gunicorn",
        threads=settings.threads,
        trusted_proxies=settings.trusted_proxies,
        searches_a_minute=settings.searches_a_minute,
        run_dir=run_dir,
        database=folder.database("gateway"),
        issuer=settings.issuer_address,
        client_id=settings.client_id,
        client_secret_file=settings.client_secret_file,
        secret_key_file=folder.path / "keys" / "gateway.key",
    )


def migrate(given: GatewaySettings) -> None:
    """Raises `WrongVersion` when the database is newer than this software."""
    db = Database(given.database)
    try:
        migrating.migrate(db, Path(gateway.__file__).parent / "migrations")
    finally:
        db.dispose()


def write_environment(given: GatewaySettings, path: Path) -> None:
    """For workers beside `fosse node --no-gateway`: `set -a; . gateway.env; gunicorn 'gateway.wsgi:…'`."""
    found = environment_of(given, "fosse_gateway").items()
    path.write_text("".join(f"{name}={quote(value)}\n" for name, value in found), encoding="utf-8")
