"""A deployed node as its doctor sees it: over mutual TLS, some processes away, the gateway with several workers."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

import gateway.app
from gateway.settings import Settings
from services.common import version
from services.common.channels import Channels
from services.common.clock import utc_now
from services.common.wires import MutualTls
from services.node.calling import Node
from services.node.doctor import telling
from services.node.doctor.asking import Report, look_over
from services.node.doctor.judging import problems
from services.node.setup import secrets
from tests.databases import SqliteDatabases
from tests.openid import OpenId
from tests.ports import a_free_port

NAMES = ("events", "gateway")
PORTS = (*NAMES, "federation")


class Deployed:
    """Secrets as set-up makes them, and two workers of a gateway on one port; nobody runs `events`."""

    def __init__(self, folder: Path, url: str, provider: OpenId) -> None:
        self.folder = folder
        self.ports = {name: a_free_port() for name in PORTS}
        secrets.lay_out(folder, "notts", utc_now())
        data = folder / "data"
        data.mkdir(mode=0o700)
        self.settings = Settings(
            database=url,
            issuer=provider.issuer,
            tls_dir=folder / "gateway",
            client_secret_file=folder / "gateway" / "client-secret",
            secret_key_file=data / "session.key",
        )

    def wires(self, workload: str) -> MutualTls:
        return MutualTls(self.folder / workload, lambda name: f"127.0.0.1:{self.ports[name]}", host="127.0.0.1")

    @contextmanager
    def running(self) -> Iterator[Node]:
        with ExitStack() as stack:
            for _ in range(2):
                channels = Channels(self.wires("gateway"), "gateway")
                stack.callback(gateway.app.close, gateway.app.create_app(self.settings, channels=channels))
            operator = Channels(self.wires("operator"), "operator")
            stack.callback(operator.close)
            yield Node(operator)

    def look(self) -> Report:
        with self.running() as node:
            return look_over(node, NAMES, utc_now, deployed=True)


@pytest.fixture
def provider() -> Iterator[OpenId]:
    with OpenId() as running:
        yield running


@pytest.fixture
def county(tmp_path: Path, sqlite_databases: SqliteDatabases, provider: OpenId) -> Deployed:
    return Deployed(tmp_path, sqlite_databases.new_url(gateway.app.MIGRATIONS), provider)


def sentences(report: Report) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in problems(report, version.running()):
        found.setdefault(each.about, []).append(each.sentence)
    return found


def test_a_gateway_tells_its_operator_how_it_is_and_a_process_that_is_away_is_named(county: Deployed) -> None:
    report = county.look()

    assert list(sentences(report)) == ["events"] and "`docker compose logs --tail 50 events`" in str(sentences(report))
    told = report.of("gateway")
    assert told and told.version == version.running().version and told.disk_free_bytes > 0
    assert told.certificate_expires.ToDatetime() > (utc_now() + timedelta(days=80)).replace(tzinfo=None)
    assert dict(told.figures) == {"sign_in_up": 1.0} and told.connections_in_use >= 0


def test_no_secret_is_in_what_the_doctor_shows(county: Deployed) -> None:
    report = county.look()

    found = problems(report, version.running())
    shown = "\n".join(telling.screen(report, found, version.running()))
    shown += telling.as_json(report, found, version.running())

    words = [secrets.password_of(county.folder, "gateway"), (county.folder / "gateway" / "client-secret").read_text()]
    told = report.of("gateway")
    assert told and {Path(each.path).name for each in told.secrets} >= {"pgpass", "client-secret", "identity.pem"}
    assert [word for word in words if word in shown] == []
    assert "fingerprint" not in shown and json.loads(telling.as_json(report, found, version.running()))["well"] is False


def test_a_sample_password_an_open_file_and_a_provider_that_is_away_are_each_named(
    county: Deployed, provider: OpenId
) -> None:
    (county.folder / "gateway" / "pgpass").write_text("*:*:gateway:gateway:postgres")
    (county.folder / "gateway" / "identity.pem").chmod(0o644)
    provider.go_away()

    said = "\n".join(sentences(county.look())["gateway"])

    assert "Nobody can sign in" in said
    assert f"Others can read {county.folder / 'gateway' / 'identity.pem'}" in said
    assert "The database password in" in said
