"""The product's source as rules read it; a test of a rule gives it a small tree in which the rule is broken."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("services", "gateway")
EVERYTHING = (*PRODUCT, "tests")


@dataclass(frozen=True)
class Module:
    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def in_domain(self) -> bool:
        """`services.<x>.domain`, a file or a folder."""
        parts = self.name.split(".")
        return parts[0] == "services" and len(parts) > 2 and parts[2] == "domain"

    def at(self, node: ast.AST, what: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)} {what}"

    def within(self, *names: str) -> bool:
        """Is it one of these modules, or inside one of these packages?"""
        return any(self.name == name or self.name.startswith(f"{name}.") for name in names)

    def imports(self) -> Iterator[tuple[ast.AST, str]]:
        """Each import as the full name of what is imported: `from a import b` gives a.b."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def modules(root: Path, folders: tuple[str, ...] = PRODUCT) -> list[Module]:
    found = sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
    wanted = [path for path in found if not path.name.endswith(("_pb2.py", "_pb2_grpc.py"))]
    return [Module(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")) for path in wanted]


def plant(root: Path, path: str, text: str) -> Path:
    """A tree that holds this one file; returns its root."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return root
