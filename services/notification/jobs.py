"""Sends what is due: the timetable is the queue, so that one runner sends and a restart loses nothing.

Up to fifty mails at once: one question for addresses, one for signed links, one connection to the mail server. How each
went is noted before the next is begun, so that a crash repeats at most one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from fosse.events.v1 import events_pb2
from fosse.events.v1.events_pb2_grpc import MeetingsStub
from fosse.membership.v1 import links_pb2, membership_pb2
from fosse.membership.v1.links_pb2_grpc import LinksStub
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from services.common.channels import Channels
from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import NotFound, TooMany
from services.common.instants import stamp
from services.common.rpc_errors import Away
from services.common.timetable import Due
from services.notification import messages, usecases
from services.notification.domain import links
from services.notification.domain.delivery import Delivery, Later, NoAddress, Outcome, Refused
from services.notification.letters import Addressed, Enclosed, Letters
from services.notification.mime import Mail
from services.notification.post import Post

# A link may live 90 days, by membership's clock: a day less by ours.
_LINKS_LIVE = timedelta(days=89)
_MEMBERS_AWAY = Later("The list of members does not answer. It will be tried again.")
_MEETINGS_AWAY = Later("The meetings of this node do not answer. It will be tried again.")
_NOTED_WITHIN = 4
Contacts = Mapping[str, membership_pb2.Contact]
# Codes by the ids that were asked for.
Codes = Mapping[str, str]


@dataclass(frozen=True)
class _Known:
    """What others said of a batch, at the moment of sending: it is kept nowhere here."""

    contacts: Contacts
    codes: Codes
    # By delivery. Those that are missing could not be asked for.
    enclosed: Mapping[str, Enclosed]


class Sending:
    def __init__(self, db: Database, clock: Clock, channels: Channels, *, letters: Letters, post: Post) -> None:
        self._db = db
        self._clock = clock
        self._channels = channels
        self._letters = letters
        self._post = post

    def send(self, due: Sequence[Due]) -> None:
        """A batch of the timetable; its keys are ids of deliveries. Those that are no longer waiting are done."""
        rows = {row.key: row for row in due}
        batch = [(rows[each.id], each) for each in usecases.waiting(self._db, list(rows))]
        if not batch:
            return
        try:
            known = self._ask([delivery for _, delivery in batch])
        except (Away, TooMany):
            self._record([(row, delivery, _MEMBERS_AWAY) for row, delivery in batch])
            return
        due_rows = {delivery.id: (row, delivery) for row, delivery in batch}
        written = {delivery.id: self._write(delivery, known) for _, delivery in batch}
        if unwritten := [(*due_rows[id_], what) for id_, what in written.items() if not isinstance(what, Mail)]:
            self._record(unwritten)
        mails = [(id_, what) for id_, what in written.items() if isinstance(what, Mail)]
        for outcomes in self._post.send(mails, self._clock()) if mails else ():
            self._record([(*due_rows[id_], outcome) for id_, outcome in outcomes.items()])

    def _write(self, delivery: Delivery, known: _Known) -> Mail | Outcome:
        """The mail, or why there is none."""
        contact = known.contacts.get(delivery.news.member_id)
        if contact is None or not contact.email:
            return NoAddress()
        if delivery.id not in known.enclosed:
            return _MEETINGS_AWAY
        codes = _codes_of(delivery, known.codes)
        try:
            to = Addressed(contact.name, contact.email, codes, known.enclosed[delivery.id])
            return self._letters.write(delivery, to, self._clock())
        except ValueError:
            return Refused("The e-mail address of this member cannot be written to.")

    def _ask(self, batch: Sequence[Delivery]) -> _Known:
        members = sorted({each.news.member_id for each in batch})
        membership = self._channels.stub(MembershipStub, "membership")
        contacts = membership.Contacts(membership_pb2.ContactsRequest(member_ids=members)).contacts
        by_member = {each.member_id: each for each in contacts}
        return _Known(by_member, self._make_links(batch), self._enclose(batch))

    def _make_links(self, batch: Sequence[Delivery]) -> Codes:
        wishes = [wish for each in batch for wish in _wishes(each, self._clock())]
        if not wishes:
            return {}
        made = self._channels.stub(LinksStub, "membership").MakeLinks(links_pb2.MakeLinksRequest(links=wishes))
        return {each.id: each.code for each in made.links}

    def _enclose(self, batch: Sequence[Delivery]) -> Mapping[str, Enclosed]:
        """Once the meetings do not answer, they are asked no more: each question would cost a time-out."""
        found, own = dict[str, Enclosed](), defaultdict[str, list[Delivery]](list)
        for each in batch:
            if each.words.get("own_calendar"):
                own[each.words["meeting_id"]].append(each)
            else:
                found[each.id] = Enclosed(each.letter.ics if each.letter else "")
        with suppress(Away, TooMany):
            for meeting_id, deliveries in own.items():
                found |= self._own(meeting_id, deliveries)
        return found

    def _own(self, meeting_id: str, deliveries: Sequence[Delivery]) -> Mapping[str, Enclosed]:
        """Of one meeting: who has a place at this moment gets the entry with the joining link."""
        members = sorted({each.news.member_id for each in deliveries})
        request = events_pb2.PrepareEnclosuresRequest(meeting_id=meeting_id, member_ids=members)
        try:
            said = self._channels.stub(MeetingsStub, "events").PrepareEnclosures(request)
        except NotFound:
            return dict.fromkeys((each.id for each in deliveries), Enclosed())
        others, seated = Enclosed(said.ics), Enclosed(said.seated_ics, said.joining_link)
        has_place = frozenset(said.seated_member_ids)
        return {each.id: seated if each.news.member_id in has_place else others for each in deliveries}

    def _record(self, tried: Sequence[tuple[Due, Delivery, Outcome]]) -> None:
        """Also while the database is held by others for long: what is not noted would be sent twice."""
        for attempts_left in reversed(range(_NOTED_WITHIN)):
            try:
                usecases.record(self._db, tried, self._clock())
            except TooMany:
                if not attempts_left:
                    raise
            else:
                return


def _wishes(delivery: Delivery, now: datetime) -> list[links_pb2.LinkWish]:
    """None that would be over already: the mail then leads to the page instead."""
    wanted = links.links_wanted(delivery.words)
    if not wanted or (end := min(links.links_end(delivery.words), now + _LINKS_LIVE)) <= now:
        return []
    return [
        links_pb2.LinkWish(
            id=links.link_id(delivery.id, purpose),
            member_id=delivery.news.member_id,
            purpose=messages.PURPOSES[purpose],
            object_id=delivery.words["meeting_id"],
            expires_at=stamp(end),
        )
        for purpose in wanted
    ]


def _codes_of(delivery: Delivery, codes: Codes) -> dict[str, str]:
    """The delivery's own codes by what each does."""
    ids = {purpose: links.link_id(delivery.id, purpose) for purpose in links.links_wanted(delivery.words)}
    return {purpose: codes[id_] for purpose, id_ in ids.items() if id_ in codes}
