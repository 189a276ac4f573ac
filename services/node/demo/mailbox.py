"""The mails that a node on this machine wrote, as their readers have them: to whom, about what, with which links."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

_LINK = re.compile(r"https?://\S+/l/\S+")


@dataclass(frozen=True)
class Letter:
    to: str
    subject: str
    text: str

    @property
    def links(self) -> list[str]:
        """Those that do something without signing in, in order."""
        return _LINK.findall(self.text)


class Mailbox:
    """Of everybody at one node; each file is read once."""

    def __init__(self, node: Path) -> None:
        self._folder = node / "mail"
        self._read: dict[Path, Letter] = {}

    def letters(self, to: str = "", about: str = "") -> list[Letter]:
        """To this address (or to anybody), with these words in their subject."""
        for file in self._folder.glob("*.eml"):
            if file not in self._read:
                self._read[file] = _letter(file.read_bytes())
        return [each for each in self._read.values() if to in ("", each.to) and about in each.subject]


def _letter(content: bytes) -> Letter:
    mail = message_from_bytes(content, EmailMessage, policy=policy.default)
    text = mail.get_body(("plain",))
    address = mail["To"].addresses[0].addr_spec
    return Letter(address, str(mail["Subject"]), text.get_content() if text else "")
