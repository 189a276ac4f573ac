"""The hub's web door, as a county reaches it while it is not enrolled: two calls, JSON, no redirect is followed."""

import http.client
import json
from typing import TypeVar
from urllib.parse import urlsplit

from google.protobuf import json_format
from google.protobuf.message import Message

from services.common.errors import NotAllowed
from services.common.rpc_errors import Away
from services.federation.sync.proxy import Proxy, raise_in_the_way, web_connection

_TIMEOUT_S = 8.0
_LARGEST = 4 * 1024 * 1024
M = TypeVar("M", bound=Message)


class Refused(NotAllowed):
    """The hub read the request and said no, in its own words."""


def post(hub_address: str, path: str, request: Message, answer: type[M], *, proxy: Proxy | None) -> M:
    """Raises `Away` when the hub cannot be reached, `Refused` with its sentence when it says no."""
    parts = urlsplit(hub_address)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    connection = web_connection(proxy, parts.scheme, host, port, _TIMEOUT_S)
    try:
        body = json_format.MessageToJson(request)
        connection.request("POST", path, body, {"Content-Type": "application/json", "Accept": "application/json"})
        response = connection.getresponse()
        return _read(response.status, response.read(_LARGEST), answer)
    except (OSError, http.client.HTTPException) as reason:
        raise_in_the_way(proxy, host, port, _TIMEOUT_S)
        raise Away(f"The hub at {hub_address} does not answer. We keep trying; nothing is lost.") from reason
    finally:
        connection.close()


def _read(status: int, body: bytes, answer: type[M]) -> M:
    if status == 200:
        try:
            return json_format.Parse(body, answer(), ignore_unknown_fields=True)
        except json_format.ParseError as reason:
            raise Away("What answers at the hub's address is not a Fosse hub. Check the address.") from reason
    if 400 <= status < 500 and status != 429:
        raise Refused(_sentence(body))
    if status == 429:
        raise Away(_sentence(body))
    raise Away(f"The hub has a fault of its own (HTTP {status}). We keep trying; nothing is lost.")


def _sentence(body: bytes) -> str:
    """`detail` of problem+json."""
    try:
        detail = json.loads(body).get("detail", "")
    except (ValueError, AttributeError):
        detail = ""
    return str(detail)[:500] or "The hub refused the request. Check the hub's address and the code."
