"""Puts notification together."""

import ssl
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from fosse.notification.v1 import notification_pb2_grpc as pb_grpc
from services.common.service import Floor, Service, add_to
from services.common.settings import BadSetting
from services.notification.consumer import NAME, Hearing
from services.notification.jobs import Sending
from services.notification.letters import Letters
from services.notification.post import MailFolder, Post, SmtpPost, SmtpServer
from services.notification.rpc import Notification
from services.notification.settings import Settings
from services.notification.store import METADATA
from services.notification.usecases import KEPT, SEND, SEND_MAILING, prune, waiting_mails

_TLS = frozenset({"starttls", "tls", "none"})


def build(floor: Floor, settings: Settings) -> Service:
    folder = MailFolder(floor.data_dir / "mail")
    letters = Letters(settings.sender, settings.public_url)

    def forget_files(conn: Connection, now: datetime) -> None:
        """Not part of the transaction: a file that is gone though it failed would have gone the next time."""
        folder.prune(now - KEPT)

    sending = Sending(floor.db, floor.clock, floor.channels, letters=letters, post=_post(settings, folder))
    door = Notification(floor.db, folder, floor.clock, kept_here=not settings.smtp_host)
    return Service(
        NAME,
        [add_to(pb_grpc.add_NotificationServicer_to_server, door)],
        METADATA,
        consumers=[Hearing(floor.channels, floor.clock).consumer()],
        batches={SEND: sending.send, SEND_MAILING: sending.send},
        prunes=[prune, forget_files],
        figures=waiting_mails,
    )


def _post(settings: Settings, folder: MailFolder) -> Post:
    return smtp_post(settings) if settings.smtp_host else folder


def smtp_post(settings: Settings) -> Post:
    """To the mail server that the settings name."""
    if settings.smtp_tls not in _TLS:
        raise BadSetting(f"The setting SMTP_TLS is {settings.smtp_tls!r}; it must be starttls, tls or none.")
    encrypted = settings.smtp_tls != "none"
    return SmtpPost(
        SmtpServer(
            host=settings.smtp_host,
            port=settings.smtp_port,
            user=settings.smtp_user,
            password=_secret(settings.smtp_password_file),
            trusted=ssl.create_default_context(cafile=settings.smtp_ca) if encrypted else None,
            tls_at_once=settings.smtp_tls == "tls",
            timeout_s=settings.smtp_timeout_s,
        )
    )


def _secret(file: Path | None) -> str:
    return file.read_text().strip() if file else ""
