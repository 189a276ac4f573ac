"""An import is sent, looked at, applied and forgotten; the work on its rows is in `import_rows`."""

import logging
from datetime import datetime

from services.common import timetable
from services.common.access import Person
from services.common.database import Database, announce
from services.common.errors import Conflict, Invalid
from services.membership.domain import Asker, importing
from services.membership.domain.importing import Finding, Import, Unusable
from services.membership.domain.importing.course import KEPT
from services.membership.store import importing as store
from services.membership.store import places

log = logging.getLogger(__name__)
# What wakes the loop, and what the timetable calls the forgetting.
WAITING = "imports"
FORGET = "forget-import"
MOST_NOTICES = 100


def check_import(
    db: Database, import_id: str, *, community_id: str, content: bytes, asker: Asker, now: datetime
) -> Import:
    """Keeps the file for the loop that checks it; sent twice with one id it answers the first."""
    new = importing.begin_checking(asker, import_id, community_id, _name_of(asker), now)
    with db.write() as conn:
        known = store.one_locked(conn, import_id)
        if known is not None:
            if known.community_id != community_id:
                raise Conflict("This form was used for another community. Open the page again.")
            return known
        if places.community(conn, community_id) is None:
            raise Invalid("This community is not known here.", {"community_id": "Choose a community of this node."})
        kept: bytes | None = content
        if len(content) > importing.MOST_BYTES:
            new, kept = importing.unusable(new, _too_large(content)), None
        store.add(conn, new, kept)
        timetable.add(conn, FORGET, import_id, now + KEPT)
        announce(conn, WAITING)
        return new


def get_import(
    db: Database, import_id: str, *, asker: Asker, after: int, limit: int
) -> tuple[Import, list[tuple[int, Finding]], list[Finding]]:
    """How far it has come, bad cells beyond the number `after`, and notices."""
    with db.read() as conn:
        found = importing.may_look(asker, store.one(conn, import_id))
        bad = store.findings(conn, import_id, bad=True, after=after, limit=limit)
        notices = store.findings(conn, import_id, bad=False, limit=MOST_NOTICES)
        return found, bad, [each for _, each in notices]


def apply_import(db: Database, import_id: str, *, asker: Asker, now: datetime) -> Import:
    """From now on the loop applies its good rows, by the rights of whoever said so."""
    with db.write() as conn:
        before = store.one_locked(conn, import_id)
        applying = importing.begin_applying(asker, before, _name_of(asker))
        if applying != before:
            store.save(conn, applying)
            announce(conn, WAITING)
        return applying


def drop_import(db: Database, import_id: str, *, asker: Asker) -> None:
    """Dropped twice is dropped."""
    with db.write() as conn:
        found = store.one_locked(conn, import_id)
        if found is not None:
            importing.may_drop(asker, found)
            store.forget(conn, import_id)


def forget_old(db: Database, import_id: str) -> None:
    """A week after the file came, applied or not."""
    with db.write() as conn:
        store.forget(conn, import_id)


def give_up(db: Database, import_id: str, problem: str) -> None:
    with db.write() as conn:
        found = store.one_locked(conn, import_id)
        if found is not None:
            store.save(conn, importing.unusable(found, problem))


def note_fault(db: Database, import_id: str, now: datetime) -> None:
    """It rests and is tried again, or has failed; others go on meanwhile."""
    with db.write() as conn:
        found = store.one_locked(conn, import_id)
        if found is None:
            return
        after = importing.after_fault(found, now)
        store.save(conn, after)
    log.warning("import met a fault", extra={"import": import_id, "faults": after.faults, "state": int(after.state)})


def _name_of(asker: Asker) -> str:
    return asker.member_id if isinstance(asker, Person) else asker


def _too_large(content: bytes) -> str:
    try:
        importing.read_sheet(content)
    except Unusable as problem:
        return problem.sentence
    return ""
