"""A delivery as a mail, text and HTML in plain words: nothing in it is loaded from anywhere or tells us it was read."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notification.domain import Delivery

_TEMPLATES = Path(__file__).parent / "templates"


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
        )

    def write(self, delivery: Delivery, *, name: str, email: str, now: datetime) -> EmailMessage:
        """Raises `ValueError` when nothing can be addressed to `email`."""
        news = delivery.news
        letter = EmailMessage(policy=SMTP)
        letter["From"] = self._sender
        letter["To"] = email
        letter["Subject"] = news.subject
        letter["Date"] = now
        # The same for each attempt, so that a mail that arrives twice is known as one.
        letter["Message-ID"] = f"<{delivery.id}@{self._host}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(self._fill(f"{news.kind}.txt", delivery, name))
        letter.add_alternative(self._fill(f"{news.kind}.html", delivery, name), subtype="html")
        return letter

    def _fill(self, template: str, delivery: Delivery, name: str) -> str:
        words = delivery.news.words
        link = f"{self._public_url}/resources/{quote(words.get('resource_id', ''))}"
        return self._templates.get_template(template).render(
            words=words, name=name, link=link, subject=delivery.news.subject, home=self._public_url
        )
