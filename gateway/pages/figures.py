"""What the community's months add up to: a year of each figure, and what each of them counts."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, render_template, request

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_EVALUATOR, ROLE_MEMBER, ROLE_REGIONAL_LEAD
from fosse.evaluation.v1 import evaluation_pb2 as pb
from gateway import guards
from gateway.clients import clients
from gateway.pages import communities

blueprint = Blueprint("figures", __name__, url_prefix="/figures")
MONTHS = 12
readers = guards.roles(ROLE_MEMBER, ROLE_CONVENOR, ROLE_EVALUATOR, ROLE_REGIONAL_LEAD)


@dataclass(frozen=True)
class Choice:
    """Whose figures are shown, of those that this person may see."""

    community_id: str
    names: dict[str, str]

    @property
    def name(self) -> str:
        return self.names.get(self.community_id, "Your community")


@blueprint.get("")
@readers
def index() -> str:
    chosen = _chosen()
    asked = pb.ListIndicatorsRequest(community_id=chosen.community_id, until=_until(), months=MONTHS)
    found = clients().evaluation.ListIndicators(asked)
    # Months that somebody asks for by name are shown whatever they hold.
    empty = not asked.until and not _anything(found.series)
    return render_template("figures.html", found=found, chosen=chosen, empty=empty)


@blueprint.get("/<code>")
@readers
def one(code: str) -> str:
    chosen = _chosen()
    asked = pb.GetIndicatorRequest(community_id=chosen.community_id, indicator=code, until=_until(), months=MONTHS)
    return render_template("figure.html", found=clients().evaluation.GetIndicator(asked), chosen=chosen)


def _anything(series: Iterable[pb.Series]) -> bool:
    """An organisation alone is nothing yet: that of the first person stands there at once."""
    return any(each.number for one in series if one.indicator.code != "organisations" for each in one.figures)


def _until() -> str:
    return request.args.get("until", "")


def _chosen() -> Choice:
    """One community, unless the address names another of theirs."""
    names = dict(communities.mine())
    return Choice(request.args.get("community", next(iter(names), "")), names)
