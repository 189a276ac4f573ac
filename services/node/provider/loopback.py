"""This provider signs anybody in at a click, so it exists on this machine only: what is loopback and what is not."""

import ipaddress
from urllib.parse import urlsplit

from services.common.errors import Invalid


def is_loopback(address: str) -> bool:
    """An IP address of this machine alone; a name other than `localhost` never is."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def checked(address: str) -> str:
    """The address itself; raises `Invalid` unless only this machine can reach it."""
    if not is_loopback(address):
        raise Invalid(
            f"The built-in sign-in lets anybody in at a click, so it opens on this machine only and not on {address}. "
            "Use 127.0.0.1, or set the county's own OpenID provider."
        )
    return address


def names_this_machine(host_header: str) -> bool:
    """Does a Host header name loopback? Another name here means a page elsewhere rebound its DNS to us."""
    return is_loopback(urlsplit(f"//{host_header}").hostname or "")
