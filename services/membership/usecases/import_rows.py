"""The work on the rows of an import, in the background: checked against what the node holds, then applied in batches.

Checking changes nothing: killed half way, it begins again. Applying notes with each batch, in the same transaction,
how many rows are done: killed at any point it goes on behind the last batch, and no row is applied twice. A batch
looks at members as they are now, so what somebody else changed since the check is never written over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from services.common import audit, facts
from services.common.access import Person
from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import Refusal
from services.membership import domain
from services.membership.domain import Asker, Member, importing
from services.membership.domain.importing import (
    Areas,
    Columns,
    Counts,
    Finding,
    Homes,
    Import,
    ImportState,
    Row,
    Sheet,
    Unusable,
    Wish,
)
from services.membership.domain.importing.people import Decided
from services.membership.messages import members as messages
from services.membership.store import importing as store
from services.membership.store import members, places, sign_ins
from services.membership.usecases.importing import give_up

BATCH = 250
LOOK_AGAIN_S = 5.0
_NO_RIGHT = "Whoever began this import may not change the members of this community any more. Nothing more was changed."

_TWICE = "Another row of this file is about the same person, who changed their name since."


@dataclass
class _Work:
    """One import with its file read."""

    found: Import
    sheet: Sheet
    columns: Columns
    areas: Areas
    homes: Homes
    asker: Asker


def step(db: Database, clock: Clock, ending: Callable[[], bool] = lambda: False) -> float:
    """A loop's step: brings the oldest waiting import to its next rest; returns the seconds to wait."""
    with db.only_one("imports") as mine:
        if not mine:
            return LOOK_AGAIN_S
        with db.read() as conn:
            found = store.next_to_do(conn)
        if found is None:
            return LOOK_AGAIN_S
        try:
            work = _begin(db, found)
            if found.state == ImportState.CHECKING:
                _check(db, work)
            else:
                while not ending() and _apply_batch(db, work, clock()):
                    pass
        except Unusable as problem:
            give_up(db, found.id, problem.sentence)
    return 0.0


def _begin(db: Database, found: Import) -> _Work:
    with db.read() as conn:
        content = store.content(conn, found.id) or b""
        areas = Areas.of((each.id, each.name) for each in places.all_localities(conn))
        asker = _asker(conn, found)
    sheet = importing.read_sheet(content)
    columns = importing.columns_of(sheet.heading.cells)
    if columns.fault:
        raise Unusable(columns.fault)
    return _Work(found, sheet, columns, areas, Homes(found.community_id), asker)


def _asker(conn: Connection, found: Import) -> Asker:
    """A person by the roles they have now; raises `Unusable` when those are gone."""
    member = members.member(conn, found.asked_by)
    if member is None:
        return found.asked_by
    person = Person(member.id, roles={} if member.left else member.roles, operator=member.operator and not member.left)
    try:
        importing.may_look(person, found)
    except Refusal as refused:
        raise Unusable(_NO_RIGHT) from refused
    return person


def _check(db: Database, work: _Work) -> None:
    found = [
        Finding(work.sheet.heading.line, name[:80], "This column is not known here and is left out.", bad=False)
        for name in work.columns.unknown
    ]
    told: dict[tuple[str, str], int] = {}
    mailboxes: dict[str, int] = {}
    counts, rows = Counts(), work.sheet.rows
    for start in range(0, len(rows), BATCH):
        wishes, bad = _read(work, rows[start : start + BATCH], told, mailboxes)
        with db.read() as conn:
            decided, faults = _decide(conn, work, wishes, lock=False)
        found += bad + faults
        counts = _counted(counts, decided, {each.line for each in bad + faults if each.bad}, 0)
        _note_progress(db, work, start + BATCH)
    counts = replace(counts, new_organisations=len(work.homes.new))
    checked = replace(
        work.found,
        state=ImportState.CHECKED,
        rows=len(rows),
        done=len(rows),
        counts=counts,
        read_as=work.sheet.read_as,
    )
    with db.write() as conn:
        if _still(conn, work, ImportState.CHECKING):
            store.clear_findings(conn, work.found.id)
            store.add_findings(conn, work.found.id, sorted(found, key=lambda each: each.line))
            store.save(conn, checked)


def _apply_batch(db: Database, work: _Work, now: datetime) -> bool:
    """True while there is more to apply."""
    with db.write(statement_timeout_s=10) as conn:
        current = _still(conn, work, ImportState.APPLYING)
        if current is None:
            return False
        rows = work.sheet.rows[current.done : current.done + BATCH]
        known_bad = store.bad_lines(conn, current.id)
        wishes, _ = _read(work, [row for row in rows if row.line not in known_bad], {}, {})
        decided, faults = _decide(conn, work, wishes, lock=True)
        _write(conn, work, decided, now)
        late = [each for each in faults if each.bad]
        store.add_findings(conn, current.id, late)
        counts = _counted(current.counts, decided, {each.line for each in late}, len(work.homes.new))
        work.homes.settle()
        done = current.done + len(rows)
        over = done >= len(work.sheet.rows)
        state = ImportState.APPLIED if over else ImportState.APPLYING
        store.save(conn, replace(current, state=state, done=done, counts=counts))
    return not over


def _still(conn: Connection, work: _Work, state: ImportState) -> Import | None:
    """The import, unless it was dropped meanwhile."""
    current = store.one_locked(conn, work.found.id)
    return current if current is not None and current.state == state else None


def _note_progress(db: Database, work: _Work, done: int) -> None:
    rows = len(work.sheet.rows)
    with db.write() as conn:
        if current := _still(conn, work, ImportState.CHECKING):
            store.save(conn, replace(current, rows=rows, done=min(done, rows)))


def _read(
    work: _Work, rows: Sequence[Row], told: dict[tuple[str, str], int], mailboxes: dict[str, int]
) -> tuple[list[Wish], list[Finding]]:
    wishes, found = [], []
    for row in rows:
        wish, faults = importing.read_row(row, work.columns, work.areas, now=work.found.began_at)
        found += faults
        if wish is None:
            continue
        notice = importing.twice_told(wish, told, mailboxes)
        found += [notice] if notice else []
        if notice is None or not notice.bad:
            wishes.append(wish)
    return wishes, found


def _decide(
    conn: Connection, work: _Work, wishes: Sequence[Wish], *, lock: bool
) -> tuple[list[Decided], list[Finding]]:
    community_id = work.found.community_id
    ids = {wish.line: importing.member_id_of(community_id, wish.email, wish.name) for wish in wishes}
    known = store.members_like(conn, community_id, {wish.email for wish in wishes}, set(ids.values()), lock=lock)
    by_id = {each.id: each for each in known}
    by_key = {(each.email.casefold(), importing.folded(each.name)): each for each in known if each.left} | {
        (each.email.casefold(), importing.folded(each.name)): each for each in known if not each.left
    }
    _know_homes(conn, work.homes, wishes)
    decided, faults, taken = [], [], set[str]()
    for wish in wishes:
        home, fault = work.homes.of(wish.organisation) if wish.organisation else (None, "")
        if fault:
            faults.append(Finding(wish.line, work.columns.called.get("organisation", ""), fault))
            continue
        one = importing.decide(
            work.asker,
            wish,
            by_key.get(wish.key) or by_id.get(ids[wish.line]),
            member_id=ids[wish.line],
            organisation_id=home.id if home else "",
            community_id=community_id,
        )
        if one.after is not None and one.after.id in taken:
            faults.append(Finding(wish.line, "", _TWICE))
            continue
        faults += [one.finding] if one.finding else []
        decided += [one] if one.after else []
        taken |= {one.after.id} if one.after else set()
    return decided, faults


def _know_homes(conn: Connection, homes: Homes, wishes: Sequence[Wish]) -> None:
    wanted = [wish.organisation for wish in wishes if wish.organisation]
    found = store.organisations_like(
        conn,
        {each.name for each in wanted},
        {each.ods_code for each in wanted if each.ods_code},
        {each.cqc_location_id for each in wanted if each.cqc_location_id},
    )
    homes.know(found)


def _write(conn: Connection, work: _Work, decided: Sequence[Decided], now: datetime) -> None:
    changes = _changes(decided)
    filled = [each for each in work.homes.filled.values() if _may_fill(conn, work.asker, each)]
    store.add_organisations(conn, work.homes.new.values())
    for each in filled:
        places.put_organisation(conn, each)
    store.put_members(conn, changes, now)
    for before, after in changes:
        if domain.ends_invitations(before, after):
            sign_ins.end_invitations(conn, after.id, now)
    said = [(fact, after.id) for before, after in changes for fact in messages.member_changed(before, after)]
    facts.put_all(conn, said, now)
    did = [("organisation put", each.id) for each in [*work.homes.new.values(), *filled]]
    audit.add_all(conn, work.asker, [*did, *(("member put", after.id) for _, after in changes)], now)


def _changes(decided: Sequence[Decided]) -> list[tuple[Member | None, Member]]:
    return [(each.before, each.after) for each in decided if each.after is not None and each.after != each.before]


def _may_fill(conn: Connection, asker: Asker, wanted: domain.Organisation) -> bool:
    """An organisation that another community shares is left as it is."""
    try:
        line = places.successors(conn, wanted.succeeded_by)
        domain.put_organisation(asker, wanted, places.communities_of_organisation(conn, wanted.id), successors=line)
    except Refusal:
        return False
    return True


def _counted(counts: Counts, decided: Sequence[Decided], bad: set[int], new_homes: int) -> Counts:
    new = sum(each.before is None for each in decided)
    same = sum(each.before == each.after for each in decided)
    return Counts(
        counts.new_members + new,
        counts.changed_members + len(decided) - new - same,
        counts.unchanged_members + same,
        counts.new_organisations + new_homes,
        counts.bad_rows + len(bad),
    )
