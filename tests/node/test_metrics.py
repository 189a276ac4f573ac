"""What Prometheus is told: figures and durations by name, nothing of a person, and nothing where nobody asked."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection, event

from gateway.admission import Congestion
from gateway.settings import Settings
from services.common.channels import Channels
from services.common.errors import NotAllowed
from services.common.facts import Unsent
from services.common.local_bus import LocalBus
from services.common.metrics import Metrics
from services.common.service import Running
from services.common.settings import BadSetting
from services.common.vitals import Measuring, no_figures
from services.common.wires import Sockets
from services.federation import service as federation
from services.federation.settings import Settings as FederationSettings
from services.node.doctor import judging
from services.notification import service as notification
from services.notification.settings import Settings as NotificationSettings
from tests.alone import HeldClock, a_floor
from tests.databases import SqliteDatabases
from tests.gateway_processes import environment
from tests.gateways import Web, a_gateway
from tests.machine import ROOT
from tests.ports import a_free_port
from tests.promises.planted import planted
from tests.waiting import until

OBSERVABILITY = ROOT / "deploy" / "observability"
# Only PostgreSQL has a clock of its own, and only an enrolled county has a hub; both are named in the code alone.
ELSEWHERE = {"fosse_database_clock_ahead_seconds", "fosse_federation_last_contact_age_seconds", "up"}
A_PERSON = re.compile(r"[\w.]+@[\w.]+|Example|[0-9a-f]{32}")


def shown(port: int) -> str:
    answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5)
    answer.raise_for_status()
    return answer.text


def names(text: str) -> set[str]:
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def alerts() -> dict[str, str]:
    """The expression of each."""
    text = (OBSERVABILITY / "alerts.yml").read_text()
    return dict(re.findall(r"- alert: (\w+)\n +expr: (.+)\n", text))


def value(text: str, name: str, **labels: str) -> float:
    """The sum of all samples with these labels."""
    samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
    return sum(each.value for each in samples if each.name == name and labels.items() <= each.labels.items())


@pytest.fixture
def services(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[str]:
    """What notification and a hub's federation show, after one call that was refused."""
    metrics, port, clock = {name: Metrics() for name in ("notification", "federation")}, a_free_port(), HeldClock()
    texts = []
    with (
        a_floor("notification", sqlite_databases, clock, tmp_path) as mail,
        a_floor("federation", sqlite_databases, clock, tmp_path) as region,
    ):
        bus = LocalBus(clock)
        for topic in ("membership", "events", "resource", "evaluation"):
            bus.add_source(f"fosse.{topic}", mail.db)
        hub = FederationSettings(hub=True, door_listen="127.0.0.1:0", data_dir=tmp_path)
        pieces = [
            (notification.build(mail, NotificationSettings(data_dir=tmp_path)), mail),
            (federation.build(region, hub), region),
        ]
        for service, floor in pieces:
            running = Running(service, floor, bus, observe=metrics[service.name].rpc)
            running.listen(bus)
            running.start()
            _refused_call(tmp_path / "run", service.name)
            stop = metrics[service.name].serve(service.name, running.vitals, f"127.0.0.1:{port}")
            texts.append(shown(port))
            stop()
            running.stop()
    yield "\n".join(texts)


def _refused_call(run_dir: Path, service: str) -> None:
    from fosse.common.v1.housekeeping_pb2 import VerifyAuditRequest
    from fosse.common.v1.housekeeping_pb2_grpc import HousekeepingStub

    channels = Channels(Sockets(run_dir), "gateway")
    with pytest.raises(NotAllowed):
        channels.stub(HousekeepingStub, service).VerifyAudit(VerifyAuditRequest())
    channels.close()


@pytest.fixture
def web(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Web]:
    with a_gateway(tmp_path, sqlite_databases) as made:
        yield made


@pytest.fixture
def pages(web: Web, tmp_path: Path) -> Iterator[str]:
    """What a gateway of two workers shows after twenty pages, a sign-in's address and a page that is not there."""
    port, metrics = a_free_port(), a_free_port()
    settings = replace(web.settings, listen=f"127.0.0.1:{port}", metrics_listen=f"127.0.0.1:{metrics}", workers=2)
    process = subprocess.Popen([sys.executable, "-m", "gateway"], env=environment(settings), stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(port), "the workers answer", 30)
        asked = ["/about"] * 20 + ["/nothing/ann@homes.example", "/metrics"]
        for path in asked:
            requests.get(f"http://127.0.0.1:{port}{path}", headers={"Connection": "close"}, timeout=5)
        yield shown(metrics)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in {0, -signal.SIGTERM}


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_every_metric_of_an_alert_is_one_that_the_processes_show(services: str, pages: str) -> None:
    rules = alerts()
    named = {name for expression in rules.values() for name in re.findall(r"\b(?:fosse_\w+|up\b)", expression)}

    assert len(named) == len(rules) == 14
    assert named - ELSEWHERE - names(services) - names(pages) == set()
    for name in ELSEWHERE - {"up"}:
        sources = (path.read_text() for path in (ROOT / "services").rglob("*.py") if "_pb2" not in path.name)
        assert any(name.removeprefix("fosse_") in text for text in sources), name


def test_alerts_have_the_limits_of_the_doctor() -> None:
    limits = {alert: float(expression.split()[-1]) for alert, expression in alerts().items()}

    assert limits["FosseFactsStuck"] == limits["FosseConsumerBehind"] == judging.STUCK.total_seconds()
    assert limits["FosseAuditUnsealed"] == judging.STUCK.total_seconds()
    assert limits["FosseMailStuck"] == judging.MAIL_STUCK.total_seconds()
    assert limits["FosseHubSilent"] == judging.HUB_SILENT.total_seconds()
    assert limits["FosseDiskLow"] == judging.LOW_BYTES and limits["FosseJobsOverdue"] == judging.OVERDUE
    assert limits["FosseClocksApart"] == judging.CLOCKS_APART_S


def test_rpcs_are_counted_by_method_and_status(services: str) -> None:
    method = "/fosse.common.v1.Housekeeping/VerifyAudit"

    counted = value(services, "fosse_rpc_duration_seconds_count", method=method, status="PERMISSION_DENIED")

    assert counted == 2
    assert value(services, "fosse_database_up", service="notification") == 1
    assert value(services, "fosse_build_info") == 2 and value(services, "fosse_disk_free_bytes") > 0


def test_all_workers_of_a_gateway_are_counted_together_by_route_and_never_by_address(pages: str) -> None:
    assert value(pages, "fosse_page_duration_seconds_count", endpoint="about.about", status="200") == 20
    assert value(pages, "fosse_page_duration_seconds_count", endpoint="none", status="404") == 2
    assert value(pages, "fosse_sign_in_up", service="gateway") == 1


def test_no_metric_names_a_person_or_an_item(services: str, pages: str) -> None:
    assert [line for line in (services + pages).splitlines() if A_PERSON.search(line)] == []


def test_nothing_listens_unless_a_setting_says_where() -> None:
    assert (Settings().metrics_listen, NotificationSettings().metrics_listen) == ("", "")
    assert "METRICS_LISTEN" not in (ROOT / "docker-compose.yml").read_text()
    with pytest.raises(BadSetting, match="should look like"):
        Metrics().serve("events", None, "everywhere")  # type: ignore[arg-type]  # it is refused before it is asked


def test_who_was_not_let_in_is_counted_whatever_they_asked_for(
    tmp_path: Path, sqlite_databases: SqliteDatabases
) -> None:
    port = a_free_port()
    with (
        a_gateway(tmp_path, sqlite_databases, metrics_listen=f"127.0.0.1:{port}", server="waitress") as web,
        planted((Congestion, "refuses", lambda congestion, waited_s: True)),
    ):
        refused = [web.fresh().get(path).status_code for path in ("/shelf", "/nothing/ann@homes.example", "/api/v1/me")]
        counted = shown(port)

    assert refused == [429] * 3
    assert value(counted, "fosse_page_duration_seconds_count", endpoint="refused", status="429") == 3
    assert A_PERSON.search(counted) is None


def test_the_provider_is_asked_while_no_transaction_is_open_and_no_table_that_only_grows_is_counted(
    tmp_path: Path, sqlite_databases: SqliteDatabases
) -> None:
    asked: list[str] = []

    def note(conn: Connection, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    with a_floor("membership", sqlite_databases, HeldClock(), tmp_path) as floor:

        def elsewhere() -> dict[str, float]:
            assert floor.db.connections_in_use() == 0 and asked == []
            return {"sign_in_up": 1.0}

        vitals = Measuring(
            floor.db, floor.clock, tmp_path, lambda: Unsent(0, None), list, no_figures, elsewhere=elsewhere
        )
        event.listen(floor.db.engine, "before_cursor_execute", note)
        found = vitals()

    assert found.figures == {"sign_in_up": 1.0}
    counted = [each for each in asked if re.search(r"count\(\*\).*\bFROM (audit|facts)\b", each, re.S | re.I)]
    assert all("NOT sealed" in each for each in counted) and len(counted) == 1
