"""An embedded node that a check plays on, with the commands of its operator."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from services.node.demo.mailbox import mails_in
from services.node.demo.page import Unexpected
from services.node.demo.person import Person, chosen
from services.node.demo.region import RunningNode, environment
from services.node.demo.world import Member
from services.node.provider.accounts import Accounts


class Played(RunningNode):
    @property
    def address_for_nodes(self) -> str:
        return self.address

    def fosse(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "services.node", *arguments, "--data", str(self.folder.path.resolve())]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise Unexpected(f"fosse {' '.join(arguments)} at {self.county.name}: {done.stdout}{done.stderr}")
        return done.stdout

    def person(self, member: Member) -> Person:
        accounts = Accounts(self.folder.path / "provider" / "people.json")
        known = next((each for each in accounts.all() if each.name == member.name), None)
        account = known or accounts.add(member.name, member.job_title, key=member.id)
        return Person(self.address, chosen(account.subject))

    def mails(self) -> Mapping[str, bytes]:
        return mails_in(self.folder.path)

    def holding(self, words: str) -> list[str]:
        return [self._named(each) for each in self._files() if words.encode() in _content(each)]

    def copies(self, sha256: str) -> list[str]:
        return [self._named(each) for each in self._files() if each.name == sha256]

    def _files(self) -> list[Path]:
        return [each for each in self.folder.path.rglob("*") if each.is_file() and not each.is_symlink()]

    def _named(self, file: Path) -> str:
        return str(file.relative_to(self.folder.path))


def _content(file: Path) -> bytes:
    """Nothing of one that was handed on meanwhile."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
