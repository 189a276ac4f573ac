"""One batch of an import's rows: read, decided against what the node holds, and written in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from services.common import audit, facts
from services.common.errors import Refusal
from services.membership import domain
from services.membership.domain import Asker, Member, Organisation, importing
from services.membership.domain.importing import Areas, Columns, Counts, Finding, Homes, Import, Row, Sheet, Wish
from services.membership.domain.importing.organisations import Meant
from services.membership.domain.importing.people import Decided
from services.membership.messages import members as messages
from services.membership.store import importing as store
from services.membership.store import places, sign_ins

_TWICE = "Another row of this file is about the same person, who changed their name since."


@dataclass
class Work:
    """One import with its file read."""

    found: Import
    sheet: Sheet
    columns: Columns
    areas: Areas
    homes: Homes
    asker: Asker


def read(
    work: Work, rows: Sequence[Row], told: dict[tuple[str, str], int], mailboxes: dict[str, int]
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


def decide(conn: Connection, work: Work, wishes: Sequence[Wish], *, lock: bool) -> tuple[list[Decided], list[Finding]]:
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
        meant = work.homes.of(wish.organisation) if wish.organisation else Meant(None)
        if meant.fault:
            faults.append(Finding(wish.line, work.columns.called.get("organisation", ""), meant.fault))
            continue
        if meant.notice:
            faults.append(Finding(wish.line, work.columns.called.get(meant.field, ""), meant.notice, bad=False))
        one = importing.decide(
            work.asker,
            wish,
            by_key.get(wish.key) or by_id.get(ids[wish.line]),
            member_id=ids[wish.line],
            organisation_id=meant.home.id if meant.home else "",
            community_id=community_id,
        )
        if one.after is not None and one.after.id in taken:
            faults.append(Finding(wish.line, "", _TWICE))
            continue
        faults += [_placed(one.finding, work.columns)] if one.finding else []
        decided += [one] if one.after else []
        taken |= {one.after.id} if one.after else set()
    return decided, faults


def _placed(finding: Finding, columns: Columns) -> Finding:
    """With the column as it is called in the file."""
    return replace(finding, column=columns.called.get(finding.column, finding.column))


def _know_homes(conn: Connection, homes: Homes, wishes: Sequence[Wish]) -> None:
    wanted = [wish.organisation for wish in wishes if wish.organisation]
    found = store.organisations_like(
        conn,
        {each.name for each in wanted},
        {each.ods_code for each in wanted if each.ods_code},
        {each.cqc_location_id for each in wanted if each.cqc_location_id},
    )
    homes.know(found)


def write(
    conn: Connection, work: Work, decided: Sequence[Decided], filled: Sequence[Organisation], now: datetime
) -> None:
    """`filled`: of `filled_homes`."""
    changes = _changes(decided)
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


def filled_homes(conn: Connection, work: Work) -> list[Organisation]:
    """Known organisations that gain something; those that another community shares stay as they are."""
    return [each for each in work.homes.filled.values() if _may_fill(conn, work.asker, each)]


def _may_fill(conn: Connection, asker: Asker, wanted: Organisation) -> bool:
    try:
        line = places.successors(conn, wanted.succeeded_by)
        domain.put_organisation(asker, wanted, places.communities_of_organisation(conn, wanted.id), successors=line)
    except Refusal:
        return False
    return True


def counted(counts: Counts, decided: Sequence[Decided], bad: set[int]) -> Counts:
    """Without organisations, which are counted by `counted_homes`."""
    new = sum(each.before is None for each in decided)
    same = sum(each.before == each.after for each in decided)
    return replace(
        counts,
        new_members=counts.new_members + new,
        changed_members=counts.changed_members + len(decided) - new - same,
        unchanged_members=counts.unchanged_members + same,
        bad_rows=counts.bad_rows + len(bad),
    )


def counted_homes(counts: Counts, homes: Homes, filled: Sequence[Organisation]) -> Counts:
    """Each organisation once, however many batches bring something of it."""
    return replace(
        counts,
        new_organisations=counts.new_organisations + len(homes.new),
        changed_organisations=counts.changed_organisations + sum(each.id not in homes.settled for each in filled),
    )
