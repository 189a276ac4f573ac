"""Habits that readers of the code rely on (STYLE.md): sizes, honest excepts, quiet logs, no traces of one machine."""

import ast
import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.rules.tree import EVERYTHING, PRODUCT, Module, modules

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
# Loops that must not die, and the two tables that turn any fault into an answer.
CATCH_ALL = (
    *("services.common.bus", "services.common.loops", "services.common.rpc", "services.common.timetable"),
    *("gateway.errors", "services.common.kafka"),
)
LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
# What a log line may say of anything: ids, kinds, states, counts, times and names of parts of the software.
NEVER_LOGGED = frozenset(
    {
        *(
            "address",
            "authors",
            "body",
            "code",
            "display_name",
            "email",
            "filename",
            "family_name",
            "given_name",
            "html",
        ),
        *("mail", "member_name", "note", "organisation", "pass", "password", "person", "query", "search", "secret"),
        *("sentence", "subject", "summary", "text", "title", "to", "token", "words"),
    }
)
RESERVED = frozenset(
    {"name", "msg", "args", "message", "asctime", "module", "filename", "created", "process", "thread"}
)
IGNORED_TYPE = re.compile(r"#\s*type:\s*ignore(?!\[[\w, -]+\]\s+#\s*\w)")
E_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|farm|root)/")


def files_too_long(root: Path) -> list[str]:
    lengths = [(module, module.text.count("\n")) for module in modules(root, EVERYTHING)]
    return [f"{module.path} has {length} lines" for module, length in lengths if length > LONGEST_FILE]


def functions_too_long(root: Path) -> list[str]:
    return [
        module.at(node, f"{node.name} has {(node.end_lineno or 0) - node.lineno + 1} lines")
        for module in modules(root, EVERYTHING)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]


def catch_alls(root: Path) -> list[str]:
    """`except Exception` or wider that does not raise again, outside the loops and tables that are there for it."""
    return [
        module.at(node, "catches everything")
        for module in modules(root)
        if not module.within(*CATCH_ALL)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and _wide(node.type) and not _raises_again(node)
    ]


def _wide(caught: ast.expr | None) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(name is None or ast.unparse(name) in {"Exception", "BaseException"} for name in names)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def unexplained_type_ignores(root: Path) -> list[str]:
    return [
        f"{module.path}:{number} a type: ignore without its code or its reason"
        for module in modules(root, EVERYTHING)
        for number, line in enumerate(module.text.splitlines(), 1)
        if IGNORED_TYPE.search(line) and "IGNORED_TYPE" not in line
    ]


def telling_logs(root: Path) -> list[str]:
    """Log calls that could say who somebody is, or that logging itself would refuse."""
    return [fault for module in modules(root) for fault in _telling(module)]


def _telling(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in LOG_METHODS and ast.unparse(node.func.value) in {"log", "logger", "logging"}:
            if len(node.args) != 1 or not isinstance(node.args[0], ast.Constant):
                yield module.at(node, "a log message is one fixed text; what varies goes into extra")
            yield from (module.at(node, f"logs {fault}") for fault in _extra_faults(node))


def _extra_faults(call: ast.Call) -> Iterator[str]:
    extra = next((keyword.value for keyword in call.keywords if keyword.arg == "extra"), None)
    if extra is None:
        return
    if not isinstance(extra, ast.Dict):
        yield "an extra that cannot be read here"
        return
    for key, value in zip(extra.keys, extra.values, strict=True):
        name = key.value if isinstance(key, ast.Constant) else "?"
        if name in NEVER_LOGGED:
            yield f"{name!r}"
        if name in RESERVED:
            yield f"{name!r}, which logging keeps for itself"
        if isinstance(value, ast.Call) and ast.unparse(value.func) in {"str", "repr"}:
            yield f"the words of {ast.unparse(value.args[0])!r}, which may quote a person"


def telling_records(records: Iterable[logging.LogRecord]) -> list[str]:
    """What the product logged at run time that names an address of a person."""
    ours = [record for record in records if record.name.startswith(PRODUCT)]
    said = [f"{vars(record)} {record.exc_info[1] if record.exc_info else ''}" for record in ours]
    return [line for line in said if E_MAIL.search(line)]


def skips(root: Path) -> list[str]:
    """Only tests/machine.py skips, and says for want of what: where FOSSE_REQUIRE names it, that is a failure."""
    names = {"pytest.skip", "pytest.importorskip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"}
    return _used(root, names, "tests.machine", "tests.rules")


def sleeps_and_mocks(root: Path) -> list[str]:
    """Tests wait for a condition (tests/waiting.py) and use the real thing."""
    names = {"time.sleep", "mock.patch", "unittest.mock", "monkeypatch.setattr"}
    return _used(root, names, "tests.waiting", "tests.bench", "tests.rules")


def _used(root: Path, names: set[str], *allowed: str) -> list[str]:
    return [
        module.at(node, f"uses {ast.unparse(node)}")
        for module in modules(root, ("tests",))
        if not module.within(*allowed)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in names
    ]


def machine_paths(root: Path, paths: list[str]) -> list[str]:
    """Traces of the machine on which something was written."""
    found = []
    for path in paths:
        file = root / path
        if file.is_file() and file.suffix not in {".binpb", ".png", ".ico", ".pdf", ".woff2"}:
            text = file.read_text(encoding="utf-8", errors="replace")
            lines = enumerate(text.splitlines(), 1)
            found += [f"{path}:{number}" for number, line in lines if MACHINE_PATH.search(line)]
    return found
