"""The first page: what is new, the next meeting, what one has begun, what needs one, and how the region is."""

from dataclasses import dataclass

from flask import Blueprint, render_template

from fosse.federation.v1 import federation_pb2
from fosse.resource.v1 import facts_pb2, resource_pb2
from gateway import guards
from gateway.callers import caller
from gateway.clients import clients
from gateway.lookups import lookups
from gateway.pages import communities, meetings
from gateway.pages.federation import sharing
from gateway.pages.joining import requests_of
from gateway.pages.side import unless_away

blueprint = Blueprint("home", __name__)
NEWEST = 6
DRAFTS = 5


@dataclass(frozen=True)
class Needs:
    """What waits for this person."""

    drafts: list[resource_pb2.Resource] | None
    """None while the shelf does not answer."""
    newcomers: int
    alarms: list[str]
    # People who ask to join the community that this person convenes.
    joining: int = 0


@blueprint.get("/")
@guards.anyone
def home() -> str:
    newest = unless_away(_newest)
    if caller().person is None:
        return render_template("welcome.html", newest=newest, **_words())
    region = lookups().region()
    held = sharing(region) if region else []
    return render_template(
        "home.html",
        newest=newest,
        region=region,
        held=held,
        needs=_needs(unless_away(_drafts), region, _waiting()),
        soon=unless_away(meetings.to_come),
        **_words(),
    )


def _words() -> dict[str, object]:
    return {"words": lookups().vocabulary(), "nodes": lookups().nodes()}


def _newest() -> list[resource_pb2.Hit]:
    request = resource_pb2.SearchResourcesRequest(page_size=NEWEST)
    return list(clients().resources.SearchResources(request).hits)


def _drafts() -> list[resource_pb2.Resource]:
    found = clients().resources.ListDrafts(resource_pb2.ListDraftsRequest(page_size=DRAFTS))
    return [one for one in found.resources if one.state != facts_pb2.RESOURCE_STATE_WITHDRAWN]


def _waiting() -> int:
    if not communities.of_convenor():
        return 0
    community_id = communities.convened()
    return lookups().waiting(community_id, lambda: len(requests_of(community_id).requests))


def _needs(
    drafts: list[resource_pb2.Resource] | None, region: federation_pb2.GetFederationStatusResponse | None, joining: int
) -> Needs:
    if region is None:
        return Needs(drafts, 0, [], joining)
    return Needs(drafts, len(region.newcomers), list(region.alarms), joining)
