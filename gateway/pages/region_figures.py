"""The region by month, at the hub; a county says where to look."""

from flask import Blueprint, render_template, request

from fosse.common.v1.access_pb2 import (
    ROLE_CONVENOR,
    ROLE_EVALUATOR,
    ROLE_MEMBER,
    ROLE_OPERATOR,
    ROLE_REGIONAL_LEAD,
)
from fosse.evaluation.v1 import evaluation_pb2 as pb
from gateway import guards
from gateway.clients import clients
from gateway.lookups import lookups
from gateway.pages.figures import MONTHS

blueprint = Blueprint("region_figures", __name__, url_prefix="/region")


@blueprint.get("/figures")
@guards.roles(ROLE_MEMBER, ROLE_CONVENOR, ROLE_EVALUATOR, ROLE_REGIONAL_LEAD, ROLE_OPERATOR)
def index() -> str:
    asked = pb.GetRegionRequest(until=request.args.get("until", ""), months=MONTHS)
    found, nodes = clients().evaluation.GetRegion(asked), lookups().nodes()
    hub = next((card.name for card in nodes.cards if card.hub), "")
    return render_template("region_figures.html", found=found, nodes=nodes, hub=hub)
