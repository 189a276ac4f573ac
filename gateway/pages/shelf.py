"""The shelf: search with filters, page by page; the same address answers a fragment to htmx."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.resource.v1 import resource_pb2
from gateway import acting, guards
from gateway.clients import clients
from gateway.lookups import Nodes, Vocabulary, lookups

blueprint = Blueprint("shelf", __name__)
PAGE = 20
FILTERS = ("type", "topic", "origin", "licence", "evidence")


@dataclass(frozen=True)
class Asked:
    """What stands in the address; unknown filters were left out."""

    words: str
    filters: dict[str, str]
    token: str
    # The member for whom a convenor looks; empty: people look for themselves.
    speaks_for: str = ""

    def everything(self) -> str:
        """The same search without filters."""
        return self.address(**dict.fromkeys(self.filters, ""))

    def address(self, **changed: str) -> str:
        given = {"q": self.words, **self.filters, "for": self.speaks_for, **changed}
        return url_for("shelf.shelf", **{name: value for name, value in given.items() if value})  # type: ignore[arg-type]  # typed for options


@blueprint.get("/shelf")
@guards.anyone
def shelf() -> ResponseReturnValue:
    asked = _asked()
    found = clients().resources.SearchResources(_request(asked))
    words, nodes = lookups().vocabulary(), lookups().nodes()
    name = "shelf_results.html" if "HX-Request" in request.headers else "shelf.html"
    page = make_response(
        render_template(
            name,
            asked=asked,
            found=found,
            rows=found.hits,
            words=words,
            nodes=nodes,
            options=_options(words, nodes),
            chips=list(_chips(asked, words, nodes)),
            spoken_for=acting.spoken_for(),
        )
    )
    # The same address answers a whole page or a fragment.
    page.headers["Vary"] = "HX-Request, Cookie"
    return page


def _asked() -> Asked:
    given = {name: request.args.get(name, "").strip() for name in FILTERS}
    words = request.args.get("q", "").strip()[:200]
    filters = {name: value for name, value in given.items() if value}
    return Asked(words, filters, request.args.get("page", ""), request.args.get("for", ""))


def _request(asked: Asked) -> resource_pb2.SearchResourcesRequest:
    level = asked.filters.get("evidence", "")
    return resource_pb2.SearchResourcesRequest(
        query=asked.words,
        type=asked.filters.get("type", ""),
        topic=asked.filters.get("topic", ""),
        origin=asked.filters.get("origin", ""),
        licence=asked.filters.get("licence", ""),
        evidence_level=int(level) if level.isdecimal() and len(level) == 1 else 0,
        page_size=PAGE,
        page_token=asked.token,
    )


def _options(words: Vocabulary, nodes: Nodes) -> dict[str, list[tuple[str, str]]]:
    """For each filter what can be chosen, `any` first."""
    levels = [(code, f"{name.partition(':')[0]} or better") for code, name in words.evidence.items() if code != "0"]
    return {
        "type": [("", "Any type"), *words.types.items()],
        "topic": [("", "Any topic"), *sorted(words.topics.items(), key=lambda term: term[1])],
        "origin": [
            ("", "Any county"),
            ("here", nodes.own_name),
            *((card.node_id, card.name) for card in nodes.others if not card.hub),
        ],
        "licence": [("", "Any licence"), *((code, licence.name) for code, licence in words.licences.items())],
        "evidence": [("", "Any evidence"), *levels],
    }


def _chips(asked: Asked, words: Vocabulary, nodes: Nodes) -> Iterator[tuple[str, str]]:
    """What is filtered by, in words, with the address that leaves it out."""
    for name, options in _options(words, nodes).items():
        chosen = asked.filters.get(name)
        if chosen:
            yield dict(options).get(chosen, chosen), asked.address(**{name: ""})
