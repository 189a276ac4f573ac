"""What README and docs tell people to type is there: each command, and each option of it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from services.node.cli import fosse
from tests.machine import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# In a block or between backticks: what follows `fosse` up to the end of the command.
CODE = re.compile(r"^    (\S.*)$|`([^`\n]+)`", re.M)
TYPED = re.compile(r"(?:^|[\s/(])fosse((?: +[^\s|&;<>#`)]+)+)")


def typed(page: Path) -> Iterator[Sequence[str]]:
    text = page.read_text().replace("\\\n", "")
    for block, span in CODE.findall(text):
        for words in TYPED.findall(block or span):
            yield words.split()


def fault(words: Sequence[str]) -> str:
    """Empty where the command and its options are there."""
    command: click.Command = fosse
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.commands.get(rest[0])
        if found is None:
            return f"fosse {' '.join(words)}: no command {rest[0]}"
        command, rest = found, rest[1:]
    known = {"--help", "--version", *(name for each in command.params for name in (*each.opts, *each.secondary_opts))}
    unknown = [each for each in rest if re.fullmatch(r"--[a-z][a-z-]*", each) and each not in known]
    return f"fosse {' '.join(words)}: no option {unknown}" if unknown else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_that_a_page_names_can_be_typed(page: Path) -> None:
    assert [found for words in typed(page) if (found := fault(words))] == []


def test_a_command_or_an_option_that_is_not_there_is_noticed() -> None:
    assert fault(["doctor", "--loud"]) and fault(["bless"]) and fault(["audit", "burn"])
    assert sum(len(list(typed(page))) for page in PAGES) > 25
