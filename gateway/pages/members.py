"""The directory, one member, and the organisations they belong to."""

from dataclasses import dataclass

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER, ROLE_OPERATOR
from fosse.membership.v1 import directory_pb2, membership_pb2
from gateway import guards
from gateway.clients import clients
from gateway.lookups import lookups
from gateway.pages import communities
from services.common.vocabulary import ROLE_GROUPS

blueprint = Blueprint("members", __name__, url_prefix="/members")
PAGE = 20
MOST_OPTIONS = 100
FILTERS = ("role_group", "organisation", "locality", "topic")
_members = guards.roles(ROLE_MEMBER, ROLE_CONVENOR)
_readers = guards.roles(ROLE_MEMBER, ROLE_CONVENOR, ROLE_OPERATOR)


@dataclass(frozen=True)
class Asked:
    """What stands in the address."""

    words: str
    filters: dict[str, str]
    token: str
    community_id: str

    def address(self, **changed: str) -> str:
        given = {"q": self.words, **self.filters, "community": request.args.get("community", ""), **changed}
        return url_for("members.directory", **{name: value for name, value in given.items() if value})  # type: ignore[arg-type]  # typed for options


@blueprint.get("")
@_members
def directory() -> ResponseReturnValue:
    asked = _asked()
    found = clients().directory.ListDirectory(
        directory_pb2.ListDirectoryRequest(
            community_id=asked.community_id,
            words=asked.words,
            role_group=asked.filters.get("role_group", ""),
            organisation_id=asked.filters.get("organisation", ""),
            locality_id=asked.filters.get("locality", ""),
            topic=asked.filters.get("topic", ""),
            page_size=PAGE,
            page_token=asked.token,
        )
    )
    options = _options(asked.community_id)
    name = "directory_results.html" if "HX-Request" in request.headers else "directory.html"
    page = make_response(
        render_template(
            name,
            asked=asked,
            found=found,
            rows=found.entries,
            options=options,
            chips=_chips(asked, options),
            convening=communities.is_convenor(),
            communities=communities.mine(),
            **_names(),
        )
    )
    # The same address answers a whole page or a fragment.
    page.headers["Vary"] = "HX-Request, Cookie"
    return page


@blueprint.get("/organisations")
@_readers
def organisations() -> str:
    found = _organisations(communities.chosen(), request.args.get("page", ""))
    return render_template("organisations.html", found=found, followers=_followers(found), **_names())


@blueprint.get("/<member_id>")
@_readers
def show(member_id: str) -> str:
    return render_template("member.html", seen=read(member_id), **_names())


def read(member_id: str) -> directory_pb2.GetMemberResponse:
    return clients().directory.GetMember(directory_pb2.GetMemberRequest(member_id=member_id))


def organisation_options(community_id: str, first: str) -> list[tuple[str, str]]:
    return [("", first), *((each.id, each.name) for each in _organisations(community_id).organisations)]


def _organisations(community_id: str, token: str = "") -> directory_pb2.ListOrganisationsResponse:
    asked = directory_pb2.ListOrganisationsRequest(community_id=community_id, page_size=MOST_OPTIONS, page_token=token)
    return clients().directory.ListOrganisations(asked)


def _followers(found: directory_pb2.ListOrganisationsResponse) -> dict[str, str]:
    """Names of those that took over."""
    known = {each.id: each.name for each in found.organisations}
    missing = {each.succeeded_by for each in found.organisations if each.succeeded_by} - set(known)
    if missing:
        cards = clients().membership.Cards(membership_pb2.CardsRequest(organisation_ids=sorted(missing)))
        known |= {card.organisation_id: card.name for card in cards.organisations}
    return known


def _asked() -> Asked:
    given = {name: request.args.get(name, "").strip() for name in FILTERS}
    return Asked(
        request.args.get("q", "").strip()[:200],
        {name: value for name, value in given.items() if value},
        request.args.get("page", ""),
        communities.chosen(),
    )


def _options(community_id: str) -> dict[str, list[tuple[str, str]]]:
    return {
        "role_group": [("", "Any role"), *ROLE_GROUPS.items()],
        "organisation": organisation_options(community_id, "Any organisation"),
        "locality": [("", "Any locality"), *communities.area_names().items()],
        "topic": [("", "Any topic"), *((code, name) for code, name, _ in communities.topic_options())],
    }


def _chips(asked: Asked, options: dict[str, list[tuple[str, str]]]) -> list[tuple[str, str]]:
    return [
        (dict(options[name]).get(value, value), asked.address(**{name: ""})) for name, value in asked.filters.items()
    ]


def _names() -> dict[str, object]:
    return {"areas": communities.area_names(), "words": lookups().vocabulary()}
