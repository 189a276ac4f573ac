"""Signed links and what they open, as the pages meet them; as long as no link was made, the other stand-ins answer."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fosse.evaluation.v1 import evaluation_pb2 as evaluation
from fosse.events.v1 import events_pb2 as events
from fosse.events.v1 import facts_pb2 as facts
from fosse.membership.v1 import links_pb2 as links
from fosse.membership.v1 import membership_pb2
from services.common import access
from services.common.errors import Conflict, Invalid, NotFound
from tests.browser import world
from tests.browser.standins import figures, meetings, membership
from tests.browser.standins.linked import ADA, SEPTEMBER

if TYPE_CHECKING:
    from tests.browser.standins.node import Node

RPCS = {
    links.LINK_PURPOSE_BOOK: "/fosse.events.v1.Meetings/BookPlace",
    links.LINK_PURPOSE_CANCEL: "/fosse.events.v1.Meetings/CancelPlace",
    links.LINK_PURPOSE_DECLINE: "/fosse.events.v1.Meetings/DeclinePlace",
    links.LINK_PURPOSE_PULSE: "/fosse.evaluation.v1.Evaluation/AnswerPulse",
}


class LinksStandIn(membership.Links):
    def DescribeLink(self, request: Any, context: Any) -> links.DescribeLinkResponse:
        self._node.shelf.hear(request)
        purpose = self._purpose(request.code)
        used = self._node.shelf.links.used.get(request.code)
        return links.DescribeLinkResponse(
            purpose=purpose,
            object_id=SEPTEMBER,
            made_for="Ada L.",
            member_id=ADA.member_id,
            first_used_at=used,
            community_ids=[world.COMMUNITY.id],
        )

    def TradeLink(self, request: Any, context: Any) -> links.TradeLinkResponse:
        self._node.shelf.hear(request)
        purpose = self._purpose(request.code)
        made = links.TradeLinkResponse(
            purpose=purpose, object_id=SEPTEMBER, made_for="Ada L.", community_ids=[world.COMMUNITY.id]
        )
        scope = access.scope_of(RPCS[purpose], SEPTEMBER)
        setattr(made, "pass", self._node.pass_of(replace(ADA, scope=scope)))
        return made

    def ActFor(self, request: Any, context: Any) -> links.ActForResponse:
        self._node.shelf.hear(request)
        made = links.ActForResponse()
        acting = replace(ADA, member_id=request.member_id, acting_id=access.person(context).member_id)
        setattr(made, "pass", self._node.pass_of(acting))
        return made

    def _purpose(self, code: str) -> links.LinkPurpose.ValueType:
        held = self._node.shelf.links
        if code in held.ended:
            raise Conflict(held.ended[code])
        if code not in held.purposes:
            raise NotFound("This link is not known here. Nothing was changed.")
        return held.purposes[code]


class MembershipStandIn(membership.Membership):
    def Cards(self, request: Any, context: Any) -> Any:
        names = self._node.shelf.links.names
        if not names:
            return super().Cards(request, context)
        self._node.shelf.hear(request)
        known = [
            membership_pb2.MemberCard(member_id=each, shown_as=names[each][0], organisation_name=names[each][1])
            for each in request.member_ids
            if each in names
        ]
        return membership_pb2.CardsResponse(members=known)


class MeetingsStandIn(meetings.MeetingsStandIn):
    def __init__(self, node: "Node") -> None:
        super().__init__(node)
        self._of_node, self._links = node, node.shelf.links

    def DescribeMeeting(self, request: Any, context: Any) -> Any:
        if not self._links.purposes:
            return super().DescribeMeeting(request, context)
        self._of_node.shelf.hear(request)
        return events.DescribeMeetingResponse(meeting=self._links.meeting)

    def ListPlaceHolders(self, request: Any, context: Any) -> Any:
        self._of_node.shelf.hear(request)
        return events.ListPlaceHoldersResponse(holders=self._links.holders)

    def BookPlace(self, request: Any, context: Any) -> Any:
        if not self._links.purposes:
            return super().BookPlace(request, context)
        self._heard(request, context)
        waits = self._links.place.decision == facts.DECISION_WAITING
        if request.wish == events.WISH_ONLINE:
            online = events.MyPlace(decision=facts.DECISION_ONLINE, reason="You have a place online.", receipt=22)
            return events.BookPlaceResponse(place=online)
        return events.BookPlaceResponse(place=self._links.place, online_offered=waits)

    def CancelPlace(self, request: Any, context: Any) -> Any:
        if not self._links.purposes:
            return super().CancelPlace(request, context)
        self._heard(request, context)
        reason = "Your place was given back. You can book again; you would then be last in line."
        back = events.MyPlace(decision=facts.DECISION_GIVEN_BACK, reason=reason, receipt=23)
        return events.CancelPlaceResponse(place=back)

    def DeclinePlace(self, request: Any, context: Any) -> Any:
        if not self._links.purposes:
            return super().DeclinePlace(request, context)
        self._heard(request, context)
        reason = "Thank you for saying that you cannot come."
        declined = events.MyPlace(decision=facts.DECISION_DECLINED, reason=reason, receipt=24)
        return events.DeclinePlaceResponse(place=declined)

    def _heard(self, request: Any, context: Any) -> None:
        self._of_node.shelf.hear(request)
        self._links.note(request, context)


class EvaluationStandIn(figures.EvaluationStandIn):
    def __init__(self, node: "Node") -> None:
        super().__init__(node)
        self._of_node = node

    def AnswerPulse(self, request: Any, context: Any) -> Any:
        if not self._of_node.shelf.links.purposes:
            return super().AnswerPulse(request, context)
        self._of_node.shelf.hear(request)
        if not (request.worth and request.change):
            missing = {"worth": "choose one", "change": "choose one"}
            unanswered = {name: what for name, what in missing.items() if not getattr(request, name)}
            raise Invalid("Some questions are not answered yet. Nothing was kept.", unanswered)
        self._of_node.shelf.links.note(request, context)
        return evaluation.AnswerPulseResponse()
