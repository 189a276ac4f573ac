"""Names on pages with long lists."""

from types import SimpleNamespace

from flask import Flask

from fosse.membership.v1 import membership_pb2
from gateway.pages.names import names_of


def test_everybody_on_a_list_of_three_hundred_has_a_name() -> None:
    app = Flask(__name__)
    app.extensions["fosse_clients"] = SimpleNamespace(membership=SimpleNamespace(Cards=_cards))
    members = [f"{number:032x}" for number in range(300)]

    with app.app_context():
        names = names_of(members)

    assert [names[each].name for each in members] == [f"Ada {each}" for each in members]


def _cards(asked: membership_pb2.CardsRequest) -> membership_pb2.CardsResponse:
    assert len(asked.member_ids) <= 100
    cards = [membership_pb2.MemberCard(member_id=each, shown_as=f"Ada {each}") for each in asked.member_ids]
    return membership_pb2.CardsResponse(members=cards)
