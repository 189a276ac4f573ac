"""Sends what is due: the timetable is the queue, so that one runner sends and a restart loses nothing."""

from datetime import datetime

from fosse.membership.v1 import membership_pb2
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from services.common.channels import Channels
from services.common.clock import Clock
from services.common.database import Database
from services.common.rpc_errors import Away
from services.common.timetable import Due
from services.notification import usecases
from services.notification.domain import Delivery, Later, Outcome, Refused
from services.notification.letters import Letters
from services.notification.post import Post


class Sending:
    """Looks the address up at the moment of sending: it is kept nowhere here."""

    def __init__(self, db: Database, clock: Clock, channels: Channels, *, letters: Letters, post: Post) -> None:
        self._db = db
        self._clock = clock
        self._channels = channels
        self._letters = letters
        self._post = post

    def send(self, due: Due) -> datetime | None:
        """A job of the timetable; its key is the delivery's id."""
        delivery = usecases.waiting(self._db, due.key)
        if delivery is None:
            return None
        try:
            contact = self._contact(delivery.news.member_id)
        except Away:
            return self._record(delivery, Later("The list of members does not answer. It will be tried again."))
        if contact is None:
            usecases.give_up_without_address(self._db, delivery)
            return None
        return self._record(delivery, self._attempt(delivery, contact))

    def _attempt(self, delivery: Delivery, contact: membership_pb2.Contact) -> Outcome:
        now = self._clock()
        try:
            letter = self._letters.write(delivery, name=contact.name, email=contact.email, now=now)
        except ValueError:
            return Refused("The e-mail address of this member cannot be written to.")
        return self._post.send(delivery.id, letter, now)

    def _contact(self, member_id: str) -> membership_pb2.Contact | None:
        membership = self._channels.stub(MembershipStub, "membership")
        found = membership.Contacts(membership_pb2.ContactsRequest(member_ids=[member_id])).contacts
        return found[0] if found else None

    def _record(self, delivery: Delivery, outcome: Outcome) -> datetime | None:
        return usecases.record(self._db, delivery, outcome, self._clock())
