"""An expansion only adds what older software neither sees nor misses (services/common/served.py)."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.rules.tree import Module, modules

ADDS = frozenset({"create_table", "add_column", "create_index"})


def narrowing_expansions(root: Path) -> list[str]:
    """Migrations that take away, rename, forbid or change something, and do not say whom the database serves then."""
    return [fault for module in _migrations(root) if _is_expansion(module) for fault in _narrowing(module)]


def wrongly_served(root: Path) -> list[str]:
    """Migrations that say they serve a version which is none of those before them."""
    return [
        f"{module.path} serves {serves}, which is no earlier version"
        for module in _migrations(root)
        if (serves := said(module, "serves")) is not None and serves not in _before(module, root)
    ]


def said(module: Module, name: str) -> object:
    """What the module gives this name, as a plain value; None where it does not."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(each) for each in node.targets] == [name]:
            return ast.literal_eval(node.value)
    return None


def _migrations(root: Path) -> list[Module]:
    return [each for each in modules(root) if ".migrations.versions." in f".{each.name}"]


def _is_expansion(module: Module) -> bool:
    """The first of a branch makes everything, and nobody is older."""
    return said(module, "serves") is None and said(module, "down_revision") is not None


def _before(module: Module, root: Path) -> set[object]:
    downs = {said(each, "revision"): said(each, "down_revision") for each in _migrations(root)}
    found, revision = set[object](), said(module, "down_revision")
    while revision is not None and revision not in found:
        found.add(revision)
        revision = downs.get(revision)
    return found


def _narrowing(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("op."):
            what = ast.unparse(node.func).removeprefix("op.")
            if what not in ADDS:
                yield module.at(node, f"{what} in an expansion")
            elif what == "add_column" and (fault := _missed(node)):
                yield module.at(node, f"add_column {fault} in an expansion")
            elif what == "create_index" and _keyword(node, "unique") not in {None, "False"}:
                yield module.at(node, "an index that forbids, in an expansion")


def _missed(call: ast.Call) -> str:
    """Why an insert of older software, which does not name the column, would fail."""
    column = call.args[1]
    if not isinstance(column, ast.Call):
        return "that cannot be read here"
    if _keyword(column, "unique") or _keyword(column, "primary_key"):
        return "that forbids"
    if _keyword(column, "nullable") == "False" and not _keyword(column, "server_default"):
        return "without a default"
    return ""


def _keyword(call: ast.Call, name: str) -> str | None:
    return next((ast.unparse(each.value) for each in call.keywords if each.arg == name), None)
