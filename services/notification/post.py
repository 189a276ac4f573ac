"""Where mails go: to a mail server, or into a folder that a page shows.

Not promised: that a mail arrives once. If this process ends between the server's "yes" and our note of it, the mail
is sent again, with the same Message-ID.
"""

import email
import logging
import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Protocol

from services.common.files import write_all_private
from services.notification.domain.delivery import Later, Outcome, Refused, Sent
from services.notification.mime import Mail

log = logging.getLogger(__name__)
# A mail with the id of its delivery.
Addressed = tuple[str, Mail]
Outcomes = Mapping[str, Outcome]
_REST = timedelta(seconds=30)
_AWAY = Later("The mail server does not answer. It will be tried again.")


class Post(Protocol):
    def send(self, mails: Sequence[Addressed], now: datetime) -> Iterator[Outcomes]:
        """How each went, as soon as it is known and before the next is begun."""


class MailFolder:
    """One file per mail, readable by this process's user alone. A mail that is laid down again takes its own place."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, mails: Sequence[Addressed], now: datetime) -> Iterator[Outcomes]:
        """All at once: the disk is slow at being asked for each, and a repeated mail is no second one here."""
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_all_private({self._file(each): mail.content for each, mail in mails})
        except OSError as problem:
            if len(mails) > 1:
                for each in mails:
                    yield from self.send([each], now)
                return
            log.warning("mail folder", extra={"problem": type(problem).__name__})
            yield _all(mails, Later("The mail folder cannot be written to. Is the disk full?"))
        else:
            yield _all(mails, Sent())

    def read(self, delivery_id: str) -> EmailMessage | None:
        file = self._file(delivery_id)
        if not file.exists():
            return None
        return email.message_from_bytes(file.read_bytes(), EmailMessage, policy=SMTP)

    def prune(self, before: datetime) -> None:
        """Drops mails that were laid down before this."""
        for file in self._path.glob("*.eml"):
            if file.stat().st_mtime < before.timestamp():
                file.unlink()

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
    """One connection for the mails of a batch. After a server that did not answer it rests, so that one fault does not
    cost each waiting mail a time-out."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._rests_until: datetime | None = None

    def send(self, mails: Sequence[Addressed], now: datetime) -> Iterator[Outcomes]:
        if self._rests_until and now < self._rests_until:
            yield _all(mails, _AWAY)
            return
        self._rests_until = None
        talk = SmtpTalk(self._server)
        try:
            for place, (delivery_id, mail) in enumerate(mails):
                outcome = talk.send(mail)
                if talk.trouble:
                    self._rests_until = now + _REST
                    yield _all(mails[place:], talk.trouble)
                    return
                yield {delivery_id: outcome}
        finally:
            talk.hang_up()


class SmtpTalk:
    """What is said to a mail server on one connection, made for the first mail; on another where the server took some
    and then hung up, as those do that take only so many at once."""

    def __init__(self, server: SmtpServer) -> None:
        # Why it takes no more mails, once it is so.
        self.trouble: Later | None = None
        self._server = server
        self._connection: smtplib.SMTP | None = None
        self._taken = 0

    def send(self, mail: Mail) -> Outcome:
        try:
            return self._say(mail)
        except (OSError, smtplib.SMTPException) as problem:
            had_enough = self._taken > 0 and not _timed_out(problem)
            self.hang_up()
            if had_enough:
                return self.send(mail)
            self.trouble = _trouble(problem)
            return self.trouble

    def hang_up(self) -> None:
        connection, self._connection, self._taken = self._connection, None, 0
        if connection:
            # How the goodbye goes says nothing of the mails: it must not turn "taken" into "try again".
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _say(self, mail: Mail) -> Outcome:
        """What the server said of this mail; its own words may quote the address, so only its number is kept."""
        connection = self._connection or self._connected()
        try:
            connection.sendmail(mail.sender, [mail.to], mail.content)
        except smtplib.SMTPRecipientsRefused as refused:
            return _by_code(next(iter(refused.recipients.values()))[0])
        except smtplib.SMTPDataError as refused:
            return _by_code(refused.smtp_code)
        except smtplib.SMTPSenderRefused as refused:
            return Later(f"The mail server does not accept mail from this node ({refused.smtp_code}).")
        self._taken += 1
        return Sent()

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        made = self._connection = _begun(server)
        if server.trusted and not server.tls_at_once:
            made.starttls(context=server.trusted)
        if server.user:
            made.login(server.user, server.password)
        return made


def _all(mails: Sequence[Addressed], outcome: Outcome) -> Outcomes:
    return {delivery_id: outcome for delivery_id, _ in mails}


def _begun(server: SmtpServer) -> smtplib.SMTP:
    if server.trusted and server.tls_at_once:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=server.trusted)
    return smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)


def _timed_out(problem: Exception) -> bool:
    return isinstance(problem, TimeoutError) or isinstance(problem.__context__, TimeoutError)


def _trouble(problem: Exception) -> Later:
    """Why no mail of this batch can be sent."""
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return Later("The mail server does not accept our name and password. Please check the settings.")
    if isinstance(problem, smtplib.SMTPNotSupportedError):
        return Later("The mail server does not offer what the settings ask of it, such as encryption.")
    if isinstance(problem, ssl.SSLError):
        return Later("The mail server's certificate is not trusted. Please check the settings.")
    log.warning("mail server away", extra={"problem": type(problem).__name__})
    return _AWAY


def _by_code(code: int) -> Outcome:
    if 500 <= code < 600:
        return Refused(f"The mail server refused this mail for good ({code}).")
    return Later(f"The mail server could not take this mail just now ({code}).")
