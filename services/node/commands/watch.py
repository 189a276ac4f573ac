"""Looks a node over every few minutes, and mails its operator when something needs a person."""

from pathlib import Path

import click

from services.common import logs, signals
from services.common.clock import utc_now
from services.common.errors import Invalid
from services.common.settings import load
from services.node import settings
from services.node.commands.options import data_option
from services.node.doctor.examining import examined

# Of the time from look to look, after which the second one must agree.
_SURE = 0.2


@click.command()
@data_option
@click.option("--to", envvar="FOSSE_OPERATOR_MAIL", default="", help="Whom to mail.")
@click.option("--every", default=300.0, show_default=True, help="Seconds from look to look.")
def watch(data: Path, to: str, every: float) -> None:
    """Look this node over again and again; mail the operator what needs a person, and when all is well again.

    Mail goes straight to the server that members' mail goes to (FOSSE_NOTIFICATION_SMTP_HOST and what goes with it), so
    that it comes although other parts of the node are away. Runs until SIGTERM.
    """
    from services.node.doctor.watching import Letterhead, Watch
    from services.notification.service import smtp_post
    from services.notification.settings import Settings as MailSettings

    mail = load(MailSettings, "fosse_notification")
    _refuse(to, mail.smtp_host)
    logs.start("watch")
    until = signals.told_to_end()
    head = Letterhead(settings.load({"data": data}).name, mail.sender, to)
    watching = Watch(lambda: examined(data)[1], smtp_post(mail), head, data / "watch.json", utc_now)
    # Not at once: it may have been started together with the node.
    while not until.wait(every):
        watching.step(until.wait, every * _SURE)


def _refuse(to: str, smtp_host: str) -> None:
    if "@" not in to:
        raise Invalid("Set FOSSE_OPERATOR_MAIL to the address of whoever should be mailed. Nothing is watched yet.")
    if not smtp_host:
        raise Invalid("Set FOSSE_SMTP_HOST to a mail server: without one nobody can be mailed. Nothing is watched yet.")
