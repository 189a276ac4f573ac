"""Communities, localities and organisations: what members belong to, and who may change it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from services.common.errors import Invalid, NotAllowed
from services.membership.domain.authority import Asker, manages, manages_node
from services.membership.domain.words import not_a_code, refuse_faults, too_short_or_long


@dataclass(frozen=True)
class Community:
    id: str
    name: str
    hashtag: str = ""


@dataclass(frozen=True)
class Locality:
    """A named area by its code; areas may overlap."""

    id: str
    name: str


@dataclass(frozen=True)
class Organisation:
    """An employer or home. It may end and be succeeded by another; members keep the one they were in."""

    id: str
    name: str
    type: str = ""
    ods_code: str = ""
    cqc_location_id: str = ""
    locality_ids: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    succeeded_by: str = ""


def put_community(asker: Asker, wanted: Community) -> Community:
    if not manages_node(asker):
        raise NotAllowed("Only the operator of this node may add or change a community.")
    refuse_faults(
        {
            "name": too_short_or_long(wanted.name, 120, shortest=3),
            "hashtag": too_short_or_long(wanted.hashtag, 60),
        }
    )
    return wanted


def put_locality(asker: Asker, wanted: Locality, used_by: Collection[str]) -> Locality:
    """`used_by`: the communities whose members work in it already."""
    _refuse_shared(asker, used_by, "locality")
    refuse_faults({"id": not_a_code(wanted.id), "name": too_short_or_long(wanted.name, 120, shortest=2)})
    return wanted


def put_organisation(
    asker: Asker, wanted: Organisation, used_by: Collection[str], *, successors: Collection[str]
) -> Organisation:
    """`used_by`: communities whose members it employs already; `successors`: who follows, to the end of the line."""
    _refuse_shared(asker, used_by, "organisation")
    refuse_faults(
        {
            "name": too_short_or_long(wanted.name, 200, shortest=2),
            "type": too_short_or_long(wanted.type, 40),
            "ods_code": not_a_code(wanted.ods_code) if wanted.ods_code else "",
            "cqc_location_id": not_a_code(wanted.cqc_location_id) if wanted.cqc_location_id else "",
        }
    )
    _refuse_impossible_time(wanted)
    if wanted.id in successors:
        raise Invalid(
            "An organisation cannot follow itself. Choose the one that took over last.",
            {"succeeded_by": "This one ends in the organisation itself."},
        )
    return wanted


def _refuse_shared(asker: Asker, used_by: Collection[str], what: str) -> None:
    if not manages(asker, used_by):
        raise NotAllowed(
            f"Members of another community belong to this {what}, so only the operator of this node may change it."
        )


def _refuse_impossible_time(wanted: Organisation) -> None:
    if wanted.valid_from and wanted.valid_to and wanted.valid_to < wanted.valid_from:
        raise Invalid("The organisation ends before it begins.", {"valid_to": "Give a day after the first one."})
    if wanted.succeeded_by and not wanted.valid_to:
        raise Invalid(
            "An organisation that was followed by another needs the day on which it ended.",
            {"valid_to": "Give the last day."},
        )
