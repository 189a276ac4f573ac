"""The compose file that adds Prometheus and Jaeger: what it changes, and that the processes and those fit together."""

import json
import re
import shutil
import subprocess
import textwrap
from typing import Any

import pytest

from tests import machine
from tests.composed import OURS

FOLDER = machine.ROOT / "deploy" / "observability"
ASKED = sorted(f"{name}:9464" for name in OURS)


def config(*arguments: str, given: str = "") -> dict[str, Any]:
    """As docker compose understands it; raises with its words for what is no YAML."""
    if not shutil.which("docker"):
        machine.without("containers", "docker is not installed")
    command = ["docker", "compose", *arguments, "config", "--format", "json"]
    done = subprocess.run(
        command, cwd=machine.ROOT, input=given, env=machine.environment(FOSSE_SLUG="notts"), capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def watched() -> dict[str, Any]:
    found: dict[str, Any] = config("-f", "docker-compose.yml", "-f", "deploy/observability/compose.yml")["services"]
    return found


def test_only_prometheus_and_jaeger_are_added_and_their_pages_are_for_this_machine(watched: dict[str, Any]) -> None:
    plain = config("-f", "docker-compose.yml")["services"]

    added = {name: watched[name]["ports"] for name in set(watched) - set(plain)}
    assert {name: [(each["host_ip"], each["published"]) for each in ports] for name, ports in added.items()} == {
        "prometheus": [("127.0.0.1", "9090")],
        "jaeger": [("127.0.0.1", "16686")],
    }
    assert all(watched[name].get("ports") == plain[name].get("ports") for name in plain)


def test_each_process_listens_where_prometheus_asks_and_without_the_file_none_does(watched: dict[str, Any]) -> None:
    scraped = (FOLDER / "prometheus.yml").read_text()

    assert sorted(re.findall(r"- (\w+:9464)", scraped)) == ASKED
    for name in OURS:
        assert watched[name]["environment"][f"FOSSE_{name.upper()}_METRICS_LISTEN"] == "0.0.0.0:9464"
        assert "inside" in watched[name]["networks"]
    assert "METRICS_LISTEN" not in (machine.ROOT / "docker-compose.yml").read_text()


def test_each_process_tells_its_spans_to_jaeger_and_without_the_file_none_does(watched: dict[str, Any]) -> None:
    for name in OURS:
        assert watched[name]["environment"][f"FOSSE_{name.upper()}_TRACES"] == "http://jaeger:4318/v1/traces"
    assert "inside" in watched["jaeger"]["networks"]
    assert "TRACES" not in (machine.ROOT / "docker-compose.yml").read_text()


@pytest.mark.parametrize("name", ["prometheus.yml", "alerts.yml"])
def test_what_prometheus_reads_is_well_formed(name: str) -> None:
    read = textwrap.indent((FOLDER / name).read_text(), "  ")

    found = config("-f", "-", given=f"services: {{any: {{image: any}}}}\nx-read:\n{read}")["x-read"]

    if name == "alerts.yml":
        rules = found["groups"][0]["rules"]
        assert all(set(rule) <= {"alert", "expr", "for", "annotations"} for rule in rules) and len(rules) == 14
    else:
        assert sorted(found["scrape_configs"][0]["static_configs"][0]["targets"]) == ASKED


def test_the_guide_names_the_files_that_are_there() -> None:
    guide = (machine.ROOT / "docs" / "operators.md").read_text()
    section = guide.partition("## Is it well?")[2].partition("\n## ")[0]

    files = re.findall(r"-f (\S+)", section)

    assert files and all((machine.ROOT / each).is_file() for each in files)
