"""Members and organisations from a table that somebody keeps in a spreadsheet: what it says, and what follows."""

from services.membership.domain.importing.columns import Columns, columns_of
from services.membership.domain.importing.course import (
    Counts,
    Import,
    ImportState,
    after_fault,
    begin_applying,
    begin_checking,
    came_forward,
    may_drop,
    may_look,
    unusable,
)
from services.membership.domain.importing.identity import folded, member_id_of
from services.membership.domain.importing.organisations import Homes
from services.membership.domain.importing.people import decide
from services.membership.domain.importing.reading import MOST_BYTES, MOST_ROWS, Row, Sheet, Unusable, read_sheet
from services.membership.domain.importing.rows import Areas, Finding, OrganisationWish, Wish, read_row, twice_told

__all__ = [
    "MOST_BYTES",
    "MOST_ROWS",
    "Areas",
    "Columns",
    "Counts",
    "Finding",
    "Homes",
    "Import",
    "ImportState",
    "OrganisationWish",
    "Row",
    "Sheet",
    "Unusable",
    "Wish",
    "after_fault",
    "begin_applying",
    "begin_checking",
    "came_forward",
    "columns_of",
    "decide",
    "folded",
    "may_drop",
    "may_look",
    "member_id_of",
    "read_row",
    "read_sheet",
    "twice_told",
    "unusable",
]
