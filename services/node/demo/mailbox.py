"""The mails that a node on this machine wrote, as their readers have them: to whom, about what, with which links."""

import re
from collections.abc import Callable, Mapping
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

    def __init__(self, mails: Callable[[], Mapping[str, bytes]]) -> None:
        """`mails`: all of them, as they were sent, by a name that stays."""
        self._mails = mails
        self._read: dict[str, Letter] = {}

    def letters(self, to: str = "", about: str = "") -> list[Letter]:
        """To this address (or to anybody), with these words in their subject."""
        for name, content in self._mails().items():
            if name not in self._read:
                self._read[name] = _letter(content)
        return [each for each in self._read.values() if to in ("", each.to) and about in each.subject]


def mails_in(folder: Path) -> dict[str, bytes]:
    """Those that an embedded node wrote into its folder."""
    return {each.name: each.read_bytes() for each in (folder / "mail").glob("*.eml")}


def _letter(content: bytes) -> Letter:
    mail = message_from_bytes(content, EmailMessage, policy=policy.default)
    text = mail.get_body(("plain",))
    address = mail["To"].addresses[0].addr_spec
    return Letter(address, str(mail["Subject"]), text.get_content() if text else "")
