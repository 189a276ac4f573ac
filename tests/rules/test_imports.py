"""The import rules hold, and each is broken once to see that it bites."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import machine
from tests.rules import imports
from tests.rules.tree import ROOT, plant

Rule = Callable[[Path], list[str]]
BROKEN: list[tuple[Rule, str, str]] = [
    (imports.impure_domains, "services/resource/domain.py", "import sqlalchemy\n"),
    (imports.impure_domains, "services/resource/domain/words.py", "from services.common.database import Database\n"),
    (imports.impure_domains, "services/resource/domain.py", "from services.resource.store import tables\n"),
    (imports.impure_domains, "services/resource/domain.py", "from datetime import datetime\nnow = datetime.now()\n"),
    (imports.impure_domains, "services/resource/domain.py", "import random\n"),
    (imports.impure_domains, "services/resource/domain.py", "from fosse.resource.v1 import resource_pb2\n"),
    (imports.kafka_outside_its_adapter, "services/resource/jobs.py", "from kafka import KafkaProducer\n"),
    (imports.flask_outside_web_and_provider, "services/membership/rpc.py", "import flask\n"),
    (imports.sql_outside_the_gateways_stores, "gateway/pages/shelf.py", "from sqlalchemy import select\n"),
    (imports.imports_of_protos_by_folder, "gateway/api.py", "from protos.fosse.resource.v1 import resource_pb2\n"),
    (imports.imports_of_tests, "services/node/demo.py", "from tests.machine import FULL\n"),
    (imports.environment_outside_settings, "gateway/app.py", "import os\nkey = os.environ['KEY']\n"),
    (imports.environment_outside_settings, "gateway/app.py", "from os import environ\n"),
    (imports.calls_of_others_behind_rpcs, "services/resource/rpc.py", "import services.common.channels\n"),
    (
        imports.calls_of_others_behind_rpcs,
        "services/resource/usecases.py",
        "from fosse.membership.v1.membership_pb2_grpc import MembershipStub\n",
    ),
]


@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in BROKEN}, key=str))
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_a_tree_that_breaks_the_rule_is_found_out(rule: Rule, path: str, text: str, tmp_path: Path) -> None:
    assert len(rule(plant(tmp_path, path, text))) == 1


CONTRACTS_BROKEN = [
    ("services-apart", "services/resource/shortcut.py", "import services.membership.settings\n"),
    ("downwards", "services/common/shortcut.py", "import services.resource.settings\n"),
    ("downwards", "services/resource/shortcut.py", "import gateway.settings\n"),
    ("downwards", "gateway/shortcut.py", "import services.node\n"),
    ("gateway", "gateway/shortcut.py", "import services.resource.settings\n"),
    ("gateway", "gateway/shortcut.py", "import services.common.kafka\n"),
    ("inside", "services/resource/domain/shortcut.py", "import services.resource.usecases\n"),
    ("inside", "services/membership/store/shortcut.py", "import services.membership.usecases\n"),
    ("inside-federation", "services/federation/store/shortcut.py", "import services.federation.usecases\n"),
    ("inside-federation", "services/federation/usecases/shortcut.py", "import services.federation.sync.link\n"),
    ("inside-node", "services/node/doctor/shortcut.py", "import services.node.commands.doctor\n"),
    ("inside-node", "services/node/backup/shortcut.py", "import services.node.setup.secrets\n"),
    ("inside-node", "services/node/provider/shortcut.py", "import services.node.cli\n"),
]


def lint_imports(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    environment = machine.environment(PYTHONPATH=f"{root}:{ROOT / 'protos'}")
    return subprocess.run(
        [program, "--no-cache", *arguments], cwd=root, env=environment, capture_output=True, text=True
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("services", "gateway"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=lambda _, names: [n for n in names if _no_code(n)])
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _no_code(name: str) -> bool:
    return name == "__pycache__" or ("." in name and not name.endswith(".py"))


def test_the_import_contracts_hold() -> None:
    done = lint_imports(ROOT)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("contract", "path", "text"), CONTRACTS_BROKEN)
def test_a_tree_that_breaks_a_contract_is_found_out(contract: str, path: str, text: str, copy: Path) -> None:
    done = lint_imports(plant(copy, path, text), "--contract", contract)

    assert done.returncode != 0, done.stdout
    assert "BROKEN" in done.stdout, done.stdout + done.stderr


IMPORT_EVERYTHING = """
import importlib, pathlib, sys, threading
acts = []
current = [""]
LOUD = ("socket.", "subprocess.", "os.fork", "os.exec", "os.mkdir", "os.remove", "sqlite3.", "_thread.start", "shutil.")
def note(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if current[0] and (writes or event.startswith(LOUD)):
        acts.append(f"{current[0]}: {event} {arguments[:1]}")
libraries = set(sys.argv[2:])
for name in libraries:
    importlib.import_module(name)
sys.addaudithook(note)
root = pathlib.Path(sys.argv[1])
for path in sorted(p for folder in ("services", "gateway") for p in (root / folder).rglob("*.py")):
    parts = path.relative_to(root).with_suffix("").parts
    if parts[-1] in ("__main__", "env") or "versions" in parts or parts[-1] == "wsgi":
        continue
    current[0] = ".".join(parts).removesuffix(".__init__")
    importlib.import_module(current[0])
    acts += [f"{current[0]}: thread {t.name}" for t in threading.enumerate() if t is not threading.main_thread()]
current[0] = ""
print("\\n".join(acts))
"""
# Third-party code may look around when it is first imported; that is not what the rule is about.
LIBRARIES = (
    "alembic.command cryptography.x509 flask google.protobuf.message grpc grpc_status.rpc_status kafka psycopg "
    "requests sqlalchemy structlog tantivy typst waitress authlib.integrations.requests_client nacl.public"
)


def effects_of_importing(root: Path) -> list[str]:
    """What importing every module of the tree does beside defining names."""
    environment = machine.environment(PYTHONPATH=f"{root}:{ROOT / 'protos'}", PYTHONWARNINGS="ignore")
    done = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT_EVERYTHING, str(root), *LIBRARIES.split()],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
    )
    return (done.stdout + done.stderr).splitlines() if done.returncode else done.stdout.split("\n")[:-1] or []


def test_importing_any_module_has_no_effect() -> None:
    assert [line for line in effects_of_importing(ROOT) if line] == []


@pytest.mark.parametrize(
    "text",
    [
        "import threading\nthreading.Thread(target=threading.Event().wait, args=(9,), daemon=True).start()\n",
        "import socket\nsocket.create_server(('127.0.0.1', 0))\n",
        "open('made-at-import', 'w').close()\n",
        "import sqlite3\nsqlite3.connect(':memory:')\n",
    ],
)
def test_a_module_that_acts_when_imported_is_found_out(text: str, tmp_path: Path) -> None:
    assert effects_of_importing(plant(tmp_path, "gateway/shortcut.py", text))
