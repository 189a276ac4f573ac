"""Where mails go: to a mail server, or into a folder that a page shows.

Not promised: that a mail arrives once. If this process ends between the server's "yes" and our note of it, the mail
is sent again, with the same Message-ID.
"""

import email
import logging
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Protocol

from services.common.files import write_private
from services.notification.domain import Later, Outcome, Refused, Sent

log = logging.getLogger(__name__)
_REST = timedelta(seconds=30)
_AWAY = "The mail server does not answer. It will be tried again."


class Post(Protocol):
    def send(self, delivery_id: str, letter: EmailMessage, now: datetime) -> Outcome: ...


class MailFolder:
    """One file per mail, readable by this process's user alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, delivery_id: str, letter: EmailMessage, now: datetime) -> Outcome:
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(self._file(delivery_id), letter.as_bytes())
        except OSError as problem:
            log.warning("mail folder", extra={"problem": type(problem).__name__})
            return Later("The mail folder cannot be written to. Is the disk full?")
        return Sent()

    def read(self, delivery_id: str) -> EmailMessage | None:
        file = self._file(delivery_id)
        if not file.exists():
            return None
        return email.message_from_bytes(file.read_bytes(), EmailMessage, policy=SMTP)

    def _file(self, delivery_id: str) -> Path:
        return self._path / f"{delivery_id}.eml"


@dataclass(frozen=True)
class SmtpServer:
    """How to reach a mail server; `trusted` None: without encryption."""

    host: str
    port: int
    user: str
    password: str
    trusted: ssl.SSLContext | None
    tls_at_once: bool
    timeout_s: float


class SmtpPost:
    """Sends one mail per connection. After a server that did not answer it rests, so that one fault does not
    cost each waiting mail a time-out."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._rests_until: datetime | None = None

    def send(self, delivery_id: str, letter: EmailMessage, now: datetime) -> Outcome:
        if self._rests_until and now < self._rests_until:
            return Later(_AWAY)
        outcome = _told(lambda: self._send(letter))
        self._rests_until = now + _REST if outcome == Later(_AWAY) else None
        return outcome

    def _send(self, letter: EmailMessage) -> None:
        server = self._server
        connection = self._connected()
        try:
            if server.trusted and not server.tls_at_once:
                connection.starttls(context=server.trusted)
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(letter)
        finally:
            # How the goodbye goes says nothing of the mail: it must not turn "taken" into "try again".
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.trusted and server.tls_at_once:
            return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=server.trusted)
        return smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)


def _told(send: Callable[[], None]) -> Outcome:
    """What the server said, as an outcome; its own words may quote the address, so only its number is kept."""
    try:
        send()
    except smtplib.SMTPRecipientsRefused as refused:
        return _by_code(next(iter(refused.recipients.values()))[0])
    except smtplib.SMTPDataError as refused:
        return _by_code(refused.smtp_code)
    except smtplib.SMTPAuthenticationError:
        return Later("The mail server does not accept our name and password. Please check the settings.")
    except smtplib.SMTPSenderRefused as refused:
        return Later(f"The mail server does not accept mail from this node ({refused.smtp_code}).")
    except smtplib.SMTPNotSupportedError:
        return Later("The mail server does not offer what the settings ask of it, such as encryption.")
    except ssl.SSLError:
        return Later("The mail server's certificate is not trusted. Please check the settings.")
    except (OSError, smtplib.SMTPException) as problem:
        log.warning("mail server away", extra={"problem": type(problem).__name__})
        return Later(_AWAY)
    return Sent()


def _by_code(code: int) -> Outcome:
    if 500 <= code < 600:
        return Refused(f"The mail server refused this mail for good ({code}).")
    return Later(f"The mail server could not take this mail just now ({code}).")
