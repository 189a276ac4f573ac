"""The commands of docs/operators.md, in order, and a checkout in which they are typed as they stand."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import machine

PAGE = machine.ROOT / "docs" / "operators.md"
# Of the same commands as sections before, on an image that is not on every machine.
_AGAIN = "### The next major version of PostgreSQL"
# Settings of other tests, and what a shell would take from whoever started us.
_NOT_THEIRS = ("FOSSE_", "COMPOSE_")
Done = subprocess.CompletedProcess[str]


def commands() -> Iterator[str]:
    """Every indented line of the guide, whole, without the remark at its end."""
    text = PAGE.read_text().replace("\\\n", "")
    before, _, after = text.partition(_AGAIN)
    text = before + after[after.index("\n## ") :]
    for block in re.findall(r"(?:^    \S.*\n)+", text, re.M):
        for line in block.splitlines():
            yield " ".join(re.split(r"\s{2,}# ", line)[0].split())


@dataclass(frozen=True)
class Checkout:
    """A fresh clone and its shell; `settings` stand in an operator's environment."""

    folder: Path
    settings: Mapping[str, str]

    @classmethod
    def fresh(cls, folder: Path, settings: Mapping[str, str]) -> "Checkout":
        """Of what is committed, with what this checkout has changed since."""
        published = folder.with_suffix(".git")
        _git("init", "-q", "--bare", published)
        _git("-C", published, "config", "receive.shallowUpdate", "true")
        _git("-C", machine.ROOT, "push", "-q", published, "HEAD:refs/heads/main")
        _git("clone", "-q", "-b", "main", published, folder)
        if changed := _git("-C", machine.ROOT, "diff", "HEAD"):
            _git("-C", folder, "apply", given=changed)
            _push(folder, "Take what is not committed yet")
        (folder / ".venv").symlink_to(machine.ROOT / ".venv")
        return cls(folder, settings)

    def publish(self, change: Callable[[Path], None]) -> None:
        """What the next `git pull` brings: a change of a tree."""
        tree = self.folder.with_suffix(".next")
        _git("clone", "-q", "-b", "main", self.folder.with_suffix(".git"), tree)
        change(tree)
        _push(tree, "Go on")

    def type(self, command: str, *, within_s: float = 300) -> Done:
        """As root, who needs no `sudo`."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_THEIRS)}
        path = f"{self.folder / 'bin'}:{ours['PATH']}"
        return subprocess.run(
            ["bash", "-c", f'sudo() {{ "$@"; }}; {command}'], cwd=self.folder, text=True, capture_output=True,
            env={**ours, **self.settings, "PATH": path}, timeout=within_s,
        )  # fmt: skip


def _push(tree: Path, subject: str) -> None:
    _git("-C", tree, "add", "-A")
    _git("-C", tree, "-c", "user.name=Fosse", "-c", "user.email=fosse@localhost", "commit", "-qm", subject)
    _git("-C", tree, "push", "-q")


def _git(*arguments: str | Path, given: str | None = None) -> str:
    return subprocess.run(["git", *arguments], check=True, input=given, capture_output=True, text=True).stdout
