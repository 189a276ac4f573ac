"""The settings in README.md, made from the settings classes: `python -m tests.rules.settings_table` writes them."""

import ast
from dataclasses import dataclass
from pathlib import Path

from tests.rules.tree import ROOT

BEGIN, END = "<!-- settings: make with python -m tests.rules.settings_table -->", "<!-- /settings -->"


@dataclass(frozen=True)
class Setting:
    name: str
    default: str
    meaning: str


def settings(root: Path) -> list[Setting]:
    """Every field of every `Settings` class, by the name of its environment variable."""
    found = [*sorted((root / "services").glob("*/settings.py")), root / "gateway" / "settings.py"]
    return [setting for path in found if path.parent.name != "common" and path.exists() for setting in _read(path)]


def _read(path: Path) -> list[Setting]:
    text = path.read_text(encoding="utf-8")
    classes = [each for each in ast.parse(text).body if isinstance(each, ast.ClassDef) and each.name == "Settings"]
    rows = []
    for cls in classes:
        for field, after in zip(cls.body, [*cls.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign) and field.value is not None:
                name = f"FOSSE_{path.parent.name}_{ast.unparse(field.target)}".upper()
                meaning = _comment_above(text.splitlines(), field.lineno) or _text(after)
                rows.append(Setting(name, _default(field.value), meaning))
    return rows


def _comment_above(lines: list[str], lineno: int) -> str:
    found: list[str] = []
    while lineno >= 2 and (line := lines[lineno - 2].strip()).startswith("#"):
        found.insert(0, line.removeprefix("#").strip())
        lineno -= 1
    return " ".join(found)


def _text(node: ast.stmt | None) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return " ".join(text.split())
        case _:
            return ""


def _default(value: ast.expr) -> str:
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "Path" and isinstance(value.args[0], ast.Constant):
        return str(value.args[0].value)
    if isinstance(value, ast.Constant):
        return "" if value.value is None else str(value.value)
    return ast.unparse(value)


def table(root: Path) -> str:
    rows = [f"| `{each.name}` | {_code(each.default)} | {each.meaning} |" for each in settings(root)]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def with_table(readme: str, made: str) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


def missing(root: Path) -> list[str]:
    """Settings that README.md does not show as they are."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    return [row for row in table(root).splitlines() if row not in readme]


def unexplained(root: Path) -> list[str]:
    return [each.name for each in settings(root) if not each.meaning]


if __name__ == "__main__":
    page = ROOT / "README.md"
    page.write_text(with_table(page.read_text(encoding="utf-8"), table(ROOT)), encoding="utf-8")
