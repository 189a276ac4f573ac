"""The course of an import: it is checked, looked at, applied or dropped; each step once."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from services.common.errors import Conflict, NotAllowed, NotFound
from services.membership.domain.authority import Asker, manages

KEPT = timedelta(days=7)
# Between one try and the next, where a fault of our own came between; after the last it has failed.
PAUSES: Final = (timedelta(seconds=2), timedelta(seconds=10), timedelta(minutes=1))
UNKNOWN = "This import is not known here. Files are forgotten a week after they were sent; send it again."


class ImportState(IntEnum):
    """As in the proto."""

    CHECKING = 1
    CHECKED = 2
    APPLYING = 3
    APPLIED = 4
    # The file as a whole cannot be used, or nobody may apply it any more.
    UNUSABLE = 5
    # A fault of the node's own came again at every try.
    FAILED = 6


@dataclass(frozen=True)
class Counts:
    new_members: int = 0
    changed_members: int = 0
    unchanged_members: int = 0
    new_organisations: int = 0
    bad_rows: int = 0
    changed_organisations: int = 0

    @property
    def good_rows(self) -> int:
        """Rows that were applied, or would be."""
        return self.new_members + self.changed_members + self.unchanged_members


@dataclass(frozen=True)
class Import:
    id: str
    community_id: str
    # By whose rights the rows are applied.
    asked_by: str
    began_at: datetime
    state: int = ImportState.CHECKING
    rows: int = 0
    done: int = 0
    counts: Counts = field(default_factory=Counts)
    problem: str = ""
    read_as: str = ""
    # Faults of our own since it last came forward, and until when it rests because of them.
    faults: int = 0
    not_before: datetime | None = None


def begin_checking(asker: Asker, import_id: str, community_id: str, asked_by: str, now: datetime) -> Import:
    _refuse_strangers(asker, community_id)
    return Import(import_id, community_id, asked_by, now)


def may_look(asker: Asker, found: Import | None) -> Import:
    if found is None:
        raise NotFound(UNKNOWN)
    _refuse_strangers(asker, found.community_id)
    return found


def begin_applying(asker: Asker, found: Import | None, asked_by: str) -> Import:
    """Raises `Conflict` unless it was checked; asked again it goes on as it is."""
    before = may_look(asker, found)
    if before.state in {ImportState.APPLYING, ImportState.APPLIED}:
        return before
    if before.state != ImportState.CHECKED:
        raise Conflict("This file is not checked to its end, so it cannot be applied. Nothing was changed.")
    return replace(
        came_forward(before),
        state=ImportState.APPLYING,
        asked_by=asked_by,
        done=0,
        counts=Counts(bad_rows=before.counts.bad_rows),
    )


def may_drop(asker: Asker, found: Import | None) -> Import:
    before = may_look(asker, found)
    if before.state == ImportState.APPLYING:
        raise Conflict("This import is being applied just now and cannot be dropped. Look again in a moment.")
    return before


def unusable(before: Import, problem: str) -> Import:
    return replace(came_forward(before), state=ImportState.UNUSABLE, problem=problem[:500])


def came_forward(before: Import) -> Import:
    """Earlier faults count no more."""
    return replace(before, faults=0, not_before=None)


def after_fault(before: Import, now: datetime) -> Import:
    """It rests, longer each time, and is tried again; after the last try it has failed."""
    if before.faults < len(PAUSES):
        return replace(before, faults=before.faults + 1, not_before=now + PAUSES[before.faults])
    return replace(came_forward(before), state=ImportState.FAILED, problem=_what_became_of(before))


def _what_became_of(failed: Import) -> str:
    tries = f"This node met a fault of its own at {len(PAUSES) + 1} tries and gave up."
    tell = f"If that fails too, tell the operator of this node, who finds the fault in the log as import {failed.id}."
    if failed.state != ImportState.APPLYING:
        return f"{tries} The file was only being checked, and nothing was changed. Send it again. {tell}"
    applied, good = failed.counts.good_rows, failed.rows - failed.counts.bad_rows
    return (
        f"{tries} Of {good:,} good {'row' if good == 1 else 'rows'}, {applied:,} {'was' if applied == 1 else 'were'} "
        "applied and will stay; the others changed nothing. Send the whole file again, which is safe: what was applied "
        f"is not applied twice. {tell}"
    )


def _refuse_strangers(asker: Asker, community_id: str) -> None:
    if not manages(asker, [community_id]):
        raise NotAllowed("Only a convenor of this community may bring in its members. Nothing was changed.")
