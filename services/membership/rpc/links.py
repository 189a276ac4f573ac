"""The door of signed links and of acting for a member."""

from typing import Any

from fosse.membership.v1 import links_pb2 as pb
from fosse.membership.v1 import links_pb2_grpc as pb_grpc
from services.common import access, ids
from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import Invalid
from services.common.instants import instant, stamp
from services.membership.domain.links import Link, Purpose
from services.membership.keys import LinkCodes, PassKeyRing
from services.membership.usecases import links

PURPOSE = {
    Purpose.BOOK: pb.LINK_PURPOSE_BOOK,
    Purpose.CANCEL: pb.LINK_PURPOSE_CANCEL,
    Purpose.DECLINE: pb.LINK_PURPOSE_DECLINE,
    Purpose.PULSE: pb.LINK_PURPOSE_PULSE,
}
_PURPOSES = {number: purpose for purpose, number in PURPOSE.items()}


class Links(pb_grpc.LinksServicer):
    def __init__(self, db: Database, clock: Clock, *, ring: PassKeyRing, codes: LinkCodes) -> None:
        self._db = db
        self._clock = clock
        self._ring = ring
        self._codes = codes

    def MakeLinks(self, request: pb.MakeLinksRequest, context: Any) -> pb.MakeLinksResponse:
        wanted = [_wanted(each) for each in request.links]
        made = links.make_links(self._db, self._codes, wanted, now=self._clock())
        return pb.MakeLinksResponse(links=[pb.MadeLink(id=link_id, code=code) for link_id, code in made])

    def DescribeLink(self, request: pb.DescribeLinkRequest, context: Any) -> pb.DescribeLinkResponse:
        opened = links.describe_link(self._db, request.code, now=self._clock())
        link = opened.link
        return pb.DescribeLinkResponse(
            purpose=PURPOSE[link.purpose],
            object_id=link.object_id,
            made_for=opened.made_for,
            expires_at=stamp(link.expires_at),
            member_id=link.member_id,
            first_used_at=stamp(link.first_used_at),
            community_ids=sorted(opened.communities),
        )

    def TradeLink(self, request: pb.TradeLinkRequest, context: Any) -> pb.TradeLinkResponse:
        opened, token = links.trade_link(self._db, self._ring, request.code, now=self._clock())
        link = opened.link
        return pb.TradeLinkResponse(
            **{"pass": token},
            purpose=PURPOSE[link.purpose],
            object_id=link.object_id,
            made_for=opened.made_for,
            community_ids=sorted(opened.communities),
        )

    def RevokeLinks(self, request: pb.RevokeLinksRequest, context: Any) -> pb.RevokeLinksResponse:
        asker = access.asker(context)
        ended = links.revoke_links(self._db, request.member_id, asker=asker, now=self._clock())
        return pb.RevokeLinksResponse(revoked=ended)

    def ActFor(self, request: pb.ActForRequest, context: Any) -> pb.ActForResponse:
        convenor = access.person(context)
        token = links.act_for(self._db, self._ring, request.member_id, convenor=convenor, now=self._clock())
        return pb.ActForResponse(**{"pass": token})


def _wanted(wish: pb.LinkWish) -> Link:
    purpose = _PURPOSES.get(wish.purpose)
    if purpose is None:
        raise Invalid("A link is for one thing. None was made.", {"purpose": "choose one that is known"})
    return Link(
        id=ids.checked(wish.id),
        member_id=wish.member_id,
        purpose=purpose,
        object_id=ids.checked(wish.object_id, "object_id"),
        expires_at=instant(wish.expires_at),
    )
