"""A delivery as a mail, text and HTML in plain words: nothing in it is loaded from anywhere or tells us it was read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime, parseaddr
from pathlib import Path
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notification.domain.delivery import Delivery
from services.notification.domain.links import Purpose
from services.notification.mime import Mail, compose

_TEMPLATES = Path(__file__).parent / "templates"
# What a mail server could be told; whether anybody lives there it says itself.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True)
class Enclosed:
    """What a mail about a meeting has with it; empty: nothing."""

    ics: str = ""
    # Of a member who has a place.
    joining_link: str = ""


@dataclass(frozen=True)
class Addressed:
    """What makes one mail of a letter: known at the moment of sending only."""

    name: str
    email: str
    # Of signed links, by what each does.
    codes: Mapping[str, str] = field(default_factory=dict)
    enclosed: Enclosed = field(default_factory=Enclosed)


class Letters:
    """Writes mails of this node."""

    def __init__(self, sender: str, public_url: str) -> None:
        self._sender = sender
        self._public_url = public_url.rstrip("/")
        self._host = urlsplit(public_url).hostname or "localhost"
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def write(self, delivery: Delivery, to: Addressed, now: datetime) -> Mail:
        """Raises `ValueError` when nothing can be addressed to `to.email`."""
        if not _ADDRESS.fullmatch(to.email):
            raise ValueError("not an address that mail can be sent to")
        reply_to = delivery.letter.reply_to if delivery.letter else ""
        headers = [
            ("From", self._sender),
            ("To", to.email),
            ("Subject", delivery.news.subject),
            ("Date", format_datetime(now)),
            *([("Reply-To", reply_to)] if reply_to else []),
            # The same for each attempt, so that a mail that arrives twice is known as one.
            ("Message-ID", f"<{delivery.id}@{self._host}>"),
            ("Auto-Submitted", "auto-generated"),
        ]
        said = self._said(delivery, to)
        text, html = (self._fill(f"{delivery.news.kind}.{form}", said) for form in ("txt", "html"))
        content = compose(headers, text=text, html=html, ics=to.enclosed.ics, name=delivery.id)
        return Mail(parseaddr(self._sender)[1], to.email, content)

    def _said(self, delivery: Delivery, to: Addressed) -> dict[str, object]:
        page = self._page(delivery.words)
        links = {each: f"{self._public_url}/l/{quote(to.codes[each])}" if each in to.codes else "" for each in Purpose}
        return {
            "words": delivery.words,
            "name": to.name,
            "subject": delivery.news.subject,
            "page": page,
            "links": links,
            "calendar": bool(to.enclosed.ics),
            "joining_link": to.enclosed.joining_link,
            "home": self._public_url,
        }

    def _page(self, words: Mapping[str, object]) -> str:
        if "resource_id" in words:
            return f"{self._public_url}/resources/{quote(str(words['resource_id']))}"
        return f"{self._public_url}/meetings/{quote(str(words['meeting_id']))}"

    def _fill(self, template: str, said: Mapping[str, object]) -> str:
        return self._templates.get_template(template).render(said)
