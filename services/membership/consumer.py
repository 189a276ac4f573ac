"""What membership hears of itself, where the node has a provider of its own: accounts follow their members.

The provider is told how things stand now, not what the fact said, so that facts may come twice or late. It is told
before the bus's transaction; while it is away, the bus waits and asks again.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from fosse.membership.v1.facts_pb2 import MemberBound, MemberChanged
from services.common.bus import Consumer, Message
from services.common.database import Database
from services.common.topics import MEMBERSHIP, kind
from services.membership.domain.accounts import Account
from services.membership.usecases import accounts

NAME = "membership"


def consumer(db: Database, issuer: str, put: Callable[[Account], None]) -> Consumer:
    def tell(messages: Sequence[Message]) -> None:
        for account in accounts.accounts_of(db, issuer, {message.key for message in messages}):
            put(account)

    return Consumer(NAME, (MEMBERSHIP.name,), {kind(MemberBound): _told, kind(MemberChanged): _told}, tell)


def _told(conn: Connection, message: Message, prepared: None) -> None:
    """Noted as seen; nothing else is kept."""
