"""A figure in the shape that travels to the hub."""

from fosse.common.v1 import shareable_pb2
from fosse.shared.v1.aggregate_pb2 import Aggregate as Body
from services.evaluation.domain.indicators import BY_CODE
from services.evaluation.domain.region import Aggregate
from services.evaluation.domain.standing import Cell

AGGREGATE = Body.DESCRIPTOR.full_name


class NotKnownYet(Exception):
    """Only newer software knows this."""


def body(of: Aggregate) -> Body:
    cell = of.cell
    return Body(
        community_id=cell.community_id,
        indicator=cell.indicator,
        month=cell.month,
        number=of.number,
        definition=BY_CODE[cell.indicator].number,
    )


def taken(entry: shareable_pb2.VerifiedEntry) -> Aggregate:
    """What an entry of another node says; raises `DecodeError` or `NotKnownYet`."""
    said = Body.FromString(entry.body)
    known = BY_CODE.get(said.indicator)
    if known is None or said.definition > known.number:
        raise NotKnownYet("a figure, or a definition of one")
    cell = Cell(said.community_id, said.indicator, said.month)
    return Aggregate(entry.item_id, entry.origin_node_id, entry.item_version, cell, said.number)


def withdrawn(entry: shareable_pb2.VerifiedEntry) -> Aggregate:
    return Aggregate(entry.item_id, entry.origin_node_id, entry.item_version, Cell("", "", ""), 0, gone=True)
