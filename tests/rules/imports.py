"""Who may import what (DESIGN.md §3, rules 5, 6 and 8, and §6): each rule takes a tree and returns what breaks it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.rules.tree import Module, modules

# A domain is pure: these neither read nor write anything outside, nor look at a clock or dice.
PURE = frozenset(
    {
        *("__future__", "abc", "base64", "bisect", "collections", "contextlib", "copy", "dataclasses", "datetime"),
        *("decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "html", "itertools"),
        *("json", "math", "operator", "re", "statistics", "string", "struct", "textwrap", "types", "typing"),
        *("unicodedata", "urllib.parse", "zoneinfo", "dateutil"),
        # Texts in memory, not files.
        *("codecs", "csv", "io.StringIO"),
    }
)
PURE_FLOOR = (
    *("services.common.errors", "services.common.access", "services.common.ids.checked", "services.common.text"),
    *("services.common.disclosure", "services.common.vocabulary"),
)
IMPURE_NAMES = frozenset(
    {
        *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "utc_now"),
        *("os.urandom", "new_id", "token_hex", "open", "input", "print"),
    }
)
# What federation decides about is the signed form itself, whose bytes are the proto's (docs/FEDERATION.md).
SIGNED_FORMS = {
    "services.federation.domain": ("fosse.federation.v1.entry_pb2", "fosse.common.v1", "google.protobuf", "nacl")
}


def _is(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def impure_domains(root: Path) -> list[str]:
    """Domains that import anything but pure libraries, refusals and themselves, or look at clock, dice or disk."""
    return [fault for module in modules(root) if module.in_domain for fault in _impure(module)]


def _impure(module: Module) -> Iterator[str]:
    own = ".".join(module.name.split(".")[:3])
    for node, name in module.imports():
        if not _is(name, own, *PURE_FLOOR, *PURE, *SIGNED_FORMS.get(own, ())):
            yield module.at(node, f"a domain imports {name}")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in IMPURE_NAMES:
            yield module.at(node, f"a domain calls {called}")


def kafka_outside_its_adapter(root: Path) -> list[str]:
    return _imported_outside(root, "kafka", "services.common.kafka")


def flask_outside_web_and_provider(root: Path) -> list[str]:
    return _imported_outside(root, "flask", "gateway", "services.node.provider")


def sql_outside_the_gateways_stores(root: Path) -> list[str]:
    stores = ("gateway.sessions", "gateway.counters", "gateway.migrations", "services")
    found = _imported_outside(root, "sqlalchemy", *stores)
    return found + _imported_outside(root, "alembic", "gateway.migrations", "services")


def imports_of_protos_by_folder(root: Path) -> list[str]:
    """Generated code is imported as `fosse.…`; `protos.…` would load it a second time."""
    return _imported_outside(root, "protos")


def imports_of_tests(root: Path) -> list[str]:
    return _imported_outside(root, "tests")


def environment_outside_settings(root: Path) -> list[str]:
    names = {"os.environ", "os.environb", "os.getenv", "os.putenv"}
    return [
        module.at(node, f"{ast.unparse(node)} outside services/common/settings.py")
        for module in modules(root)
        if module.name != "services.common.settings"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in names
    ] + _imported_outside(root, "os.environ", "services.common.settings")


BEHIND_RPCS = re.compile(r"services\.(?!common\b|node\b)\w+\.(rpc|shareable|usecases|store|messages|domain)\b")


def calls_of_others_behind_rpcs(root: Path) -> list[str]:
    """An rpc handler never calls another service (DESIGN.md §6): only the gateway, consumers, loops and jobs do."""
    return [
        module.at(node, f"imports {name}, where an rpc is answered")
        for module in modules(root)
        if BEHIND_RPCS.match(module.name)
        for node, name in module.imports()
        if _is(name, "services.common.channels") or name.endswith("Stub")
    ]


def _imported_outside(root: Path, package: str, *allowed: str) -> list[str]:
    return [
        module.at(node, f"imports {name}")
        for module in modules(root)
        if not module.within(*allowed)
        for node, name in module.imports()
        if _is(name, package)
    ]
