"""Two hundred pieces of text that run a script wherever a page takes them for markup, and a node full of them."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

RUN = "window.ran=1"
_ELEMENTS = (
    "<script>{run}</script>",
    "<ScRiPt >{run}</sCrIpT>",
    "<img src=x onerror={run}>",
    "<img/src/onerror={run}>",
    "<svg onload={run}>",
    "<svg><script>{run}</script></svg>",
    "<svg><animate onbegin={run} attributeName=x dur=1s>",
    "<body onload={run}>",
    "<details open ontoggle={run}>x</details>",
    "<video><source onerror={run}></video>",
    "<audio src=x onerror={run}>",
    "<input autofocus onfocus={run}>",
    "<select autofocus onfocus={run}></select>",
    "<textarea autofocus onfocus={run}></textarea>",
    "<marquee onstart={run}>x</marquee>",
    "<iframe srcdoc='<script>parent.{run}</script>'></iframe>",
    "<iframe src=javascript:parent.{run}></iframe>",
    "<object data=javascript:{run}></object>",
    "<a href=javascript:{run} autofocus>x</a>",
    "<form action=javascript:{run}><button>x</button></form>",
)
_BREAKS = ("", '"', "'", '">', "'>", "</title>", "</textarea>", "</script>", "-->", "]]>")
PAYLOADS = tuple(before + element.format(run=RUN) for before, element in product(_BREAKS, _ELEMENTS))
# A page has few fields, so each field carries many.
PACK = " ".join(PAYLOADS)
# These name things, or are numbers and codes; a service makes or checks them.
_NOT_WORDS = ("id", "_id", "_ids", "token", "sha256", "code", "slug", "version", "review_due")


def poison(message: Any) -> None:
    """Puts all payloads into every field of the message that carries words."""
    for field in _words(message):
        value = getattr(message, field.name)
        if field.is_repeated:
            value[:] = [PACK for _ in value]
        elif value:
            setattr(message, field.name, PACK)
    for _, value in message.ListFields():
        for one in [value] if isinstance(value, Message) else value if not isinstance(value, str | bytes | int) else []:
            if isinstance(one, Message):
                poison(one)


def _words(message: Any) -> Iterator[Any]:
    for field in message.DESCRIPTOR.fields:
        if field.type == FieldDescriptor.TYPE_STRING and not field.name.endswith(_NOT_WORDS):
            yield field
