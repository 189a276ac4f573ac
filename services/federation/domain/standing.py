"""How this node stands with its region: alone, asked, enrolled, declined, or out of date."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from services.common.errors import Conflict, Invalid

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_DOOR = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")


class Enrolment(StrEnum):
    ALONE = "alone"
    ASKED = "asked"
    ENROLLED = "enrolled"
    DECLINED = "declined"
    EXPIRED = "expired"
    # Told to leave: what it shared is being withdrawn, or what waits is on its way, and then the hub is told.
    WITHDRAWING = "withdrawing"
    LEAVING = "leaving"
    LEFT = "left"


@dataclass(frozen=True)
class Standing:
    """`code` and `collect_secret` are kept only until they were used."""

    node_id: str
    state: Enrolment = Enrolment.ALONE
    hub_address: str = ""
    code: str = ""
    enrolment_id: str = ""
    collect_secret: str = ""
    words: str = ""
    certificate: bytes = b""
    authority: bytes = b""
    door_address: str = ""
    last_contact: datetime | None = None
    # Why the hub does not answer, or does not want us; empty when all is well.
    problem: str = ""

    @property
    def exchanges(self) -> bool:
        """Whether it speaks with the hub's door."""
        return self.state in (Enrolment.ENROLLED, Enrolment.WITHDRAWING, Enrolment.LEAVING)

    def may_ask(self, ran_out: bool) -> None:
        """Raises `Conflict` where asking a hub again would lose what is there. `ran_out`: the certificate did."""
        if self.state is Enrolment.ENROLLED and not ran_out:
            raise Conflict("This node is enrolled already. Nothing was changed.")
        if self.exchanges and not ran_out:
            raise Conflict("This node is leaving its region. Ask again once it has left.")

    def may_leave(self) -> None:
        """Raises `Conflict` unless there is a region to leave."""
        if not self.exchanges:
            raise Conflict("This node is in no region, so there is nothing to leave. Nothing was changed.")


def checked_hub_address(address: str) -> str:
    """The address without a path; raises `Invalid` unless it is https, or plain http to this very machine."""
    try:
        parts = urlsplit(address.strip())
        # Looking at the port is what finds a wrong one.
        _ = parts.port
    except ValueError:
        raise _not_usable("Write the hub's web address, such as https://hub.example.") from None
    loopback = parts.hostname in _LOOPBACK
    if not parts.hostname or parts.scheme not in ("https", "http") or parts.username:
        raise _not_usable("Write the hub's web address, such as https://hub.example.")
    if parts.scheme == "http" and not loopback:
        raise _not_usable("The hub's address must begin with https://, so that nobody on the way can read the code.")
    return f"{parts.scheme}://{parts.netloc}"


def check_door_address(address: str) -> None:
    """Host and port, and no other kind of place that software which dials may understand."""
    if not _DOOR.fullmatch(address):
        raise Invalid("The hub gave no address to dial that can be used. Ask the hub's operator.")


def _not_usable(sentence: str) -> Invalid:
    return Invalid(f"{sentence} Nothing was sent.", {"hub_address": sentence})
