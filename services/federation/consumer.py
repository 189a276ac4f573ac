"""What federation hears: an item whose audience reaches beyond this node was published, changed or withdrawn."""

from datetime import datetime

from sqlalchemy import Connection

from fosse.common.v1 import facts_pb2
from services.common.bus import Consumer, Message
from services.common.clock import Clock
from services.common.topics import TOPICS, kind
from services.federation.store import to_sign
from services.federation.store.to_sign import ToSign

SHARED = kind(facts_pb2.ItemShared)


def consumer(clock: Clock) -> Consumer:
    """Puts the item in line; the signing loop asks the service that said it."""

    def item_shared(conn: Connection, message: Message) -> None:
        _notice(conn, message, clock())

    topics = tuple(topic.name for topic in TOPICS.values() if facts_pb2.ItemShared in topic.says)
    return Consumer("federation", topics, {SHARED: item_shared})


def _notice(conn: Connection, message: Message, now: datetime) -> None:
    fact = message.as_(facts_pb2.ItemShared)
    to_sign.notice(conn, ToSign(fact.item_id, TOPICS[message.topic].service, fact.version), now)
