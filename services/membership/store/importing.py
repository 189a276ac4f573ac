"""Imports with what was found in them, and members and organisations written by the hundred."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from services.membership.domain import Member, Organisation
from services.membership.domain.importing import Counts, Finding, Import, ImportState
from services.membership.store import members as members_store
from services.membership.store.tables import (
    community_roles,
    import_findings,
    imports,
    member_localities,
    member_topics,
    members,
    organisation_localities,
    organisations,
)

_READ = tuple(column for column in imports.c if column.name != "file")
_OPEN = (ImportState.CHECKING, ImportState.APPLYING)
_OVER = frozenset({ImportState.APPLIED, ImportState.UNUSABLE, ImportState.FAILED})


def add(conn: Connection, new: Import, content: bytes | None) -> None:
    conn.execute(insert(imports).values(id=new.id, began_at=new.began_at, file=content, **_values(new)))


def one(conn: Connection, import_id: str) -> Import | None:
    return _import(conn.execute(select(*_READ).where(imports.c.id == import_id)).one_or_none())


def one_locked(conn: Connection, import_id: str) -> Import | None:
    return _import(conn.execute(select(*_READ).where(imports.c.id == import_id).with_for_update()).one_or_none())


def next_to_do(conn: Connection, now: datetime) -> Import | None:
    """The oldest that is to be checked or applied, and does not rest after a fault."""
    i = imports.c
    waiting = select(*_READ).where(i.state.in_(_OPEN), or_(i.not_before.is_(None), i.not_before <= now))
    return _import(conn.execute(waiting.order_by(i.began_at, i.id).limit(1)).one_or_none())


def content(conn: Connection, import_id: str) -> bytes | None:
    found: bytes | None = conn.scalar(select(imports.c.file).where(imports.c.id == import_id))
    return found


def save(conn: Connection, changed: Import) -> None:
    """Where it has come to its end, the file goes."""
    values = _values(changed)
    if changed.state in _OVER:
        values["file"] = None
    conn.execute(update(imports).where(imports.c.id == changed.id).values(values))


def forget(conn: Connection, import_id: str) -> None:
    conn.execute(delete(import_findings).where(import_findings.c.import_id == import_id))
    conn.execute(delete(imports).where(imports.c.id == import_id))


def add_findings(conn: Connection, import_id: str, found: Sequence[Finding]) -> None:
    last = conn.scalar(select(func.max(import_findings.c.number)).where(import_findings.c.import_id == import_id)) or 0
    rows = [
        {"import_id": import_id, "number": number, **asdict(each)} for number, each in enumerate(found, start=last + 1)
    ]
    if rows:
        conn.execute(insert(import_findings), rows)


def clear_findings(conn: Connection, import_id: str) -> None:
    conn.execute(delete(import_findings).where(import_findings.c.import_id == import_id))


def findings(conn: Connection, import_id: str, *, bad: bool, after: int = 0, limit: int) -> list[tuple[int, Finding]]:
    """With their numbers, which grow with the line."""
    f = import_findings.c
    rows = conn.execute(
        select(f.number, f.line, f.column, f.reason, f.bad)
        .where(f.import_id == import_id, f.bad == bad, f.number > after)
        .order_by(f.number)
        .limit(limit)
    )
    return [(row.number, Finding(*row[1:])) for row in rows]


def bad_lines(conn: Connection, import_id: str) -> set[int]:
    f = import_findings.c
    return set(conn.scalars(select(f.line).where(f.import_id == import_id, f.bad.is_(True))))


def members_like(
    conn: Connection, community_id: str, emails: Collection[str], ids: Collection[str], *, lock: bool = False
) -> list[Member]:
    """Members with one of the ids, and those of the community with one of the addresses."""
    lowered = sorted({each.lower() for each in emails})
    # Two questions, because an OR over both would walk through all members.
    addressed = list(conn.scalars(select(members.c.id).where(func.lower(members.c.email).in_(lowered))))
    inside = select(community_roles.c.member_id).where(
        community_roles.c.community_id == community_id, community_roles.c.member_id.in_(addressed)
    )
    wanted = members.c.id.in_(sorted({*ids, *conn.scalars(inside)}))
    if lock:
        conn.execute(select(members.c.id).where(wanted).order_by(members.c.id).with_for_update())
    return members_store.read(conn, select(members).where(wanted))


def organisations_like(
    conn: Connection, names: Collection[str], ods: Collection[str], cqc: Collection[str]
) -> list[Organisation]:
    lowered = sorted({each.lower() for each in names})
    o = organisations.c
    ways = (func.lower(o.name).in_(lowered), o.ods_code.in_(sorted(ods)), o.cqc_location_id.in_(sorted(cqc)))
    found = {each for way in ways for each in conn.scalars(select(o.id).where(way))}
    rows = conn.execute(select(organisations).where(o.id.in_(sorted(found))).order_by(o.id)).all()
    return with_localities(conn, rows)


def with_localities(conn: Connection, rows: Sequence[Any]) -> list[Organisation]:
    links = organisation_localities.c
    areas: dict[str, list[str]] = {row.id: [] for row in rows}
    found = select(links.organisation_id, links.locality_id).where(links.organisation_id.in_(list(areas)))
    for organisation_id, locality_id in conn.execute(found.order_by(links.locality_id)):
        areas[organisation_id].append(locality_id)
    return [
        Organisation(
            row.id, row.name, row.type, row.ods_code or "", row.cqc_location_id or "", tuple(areas[row.id]),
            row.valid_from, row.valid_to, row.succeeded_by or "",
        )
        for row in rows
    ]  # fmt: skip


def add_organisations(conn: Connection, new: Iterable[Organisation]) -> None:
    made = list(new)
    if made:
        conn.execute(insert(organisations), [_organisation(each) for each in made])
    links = [{"organisation_id": each.id, "locality_id": area} for each in made for area in each.locality_ids]
    if links:
        conn.execute(insert(organisation_localities), links)


def put_members(conn: Connection, changes: Sequence[tuple[Member | None, Member]], now: datetime) -> None:
    """Members before and after; none of them has left, and none is changed twice."""
    new = [after for before, after in changes if before is None]
    changed = [after for before, after in changes if before is not None]
    if new:
        conn.execute(insert(members), [{"id": each.id, **_member(each, now)} for each in new])
    if changed:
        rows = [{"which": each.id, **_member(each, now)} for each in changed]
        conn.execute(update(members).where(members.c.id == bindparam("which")), rows)
        for table in (member_localities, member_topics, community_roles):
            conn.execute(delete(table).where(table.c.member_id.in_([each.id for each in changed])))
    members_store.add_links(conn, [*new, *changed])


def _member(each: Member, now: datetime) -> dict[str, Any]:
    return {
        "name": each.name,
        "email": each.email,
        "job_title": each.job_title,
        "role_group": each.role_group,
        "organisation_id": each.organisation_id or None,
        "operator": each.operator,
        "name_travels": each.name_travels,
        "listed": each.listed,
        "email_shown": each.email_shown,
        "joined_on": each.joined_on,
        "topics_chosen": each.topics_chosen,
        "version": each.version,
        "changed_at": now,
    }


def _organisation(each: Organisation) -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        "type": each.type,
        "ods_code": each.ods_code or None,
        "cqc_location_id": each.cqc_location_id or None,
        "valid_from": each.valid_from,
        "valid_to": each.valid_to,
    }


def _values(each: Import) -> dict[str, Any]:
    return {
        "community_id": each.community_id,
        "asked_by": each.asked_by,
        "state": int(each.state),
        "rows": each.rows,
        "done": each.done,
        "problem": each.problem,
        "read_as": each.read_as,
        "faults": each.faults,
        "not_before": each.not_before,
        **asdict(each.counts),
    }


def _import(row: Any) -> Import | None:
    if row is None:
        return None
    counts = Counts(
        row.new_members, row.changed_members, row.unchanged_members, row.new_organisations, row.bad_rows,
        row.changed_organisations,
    )  # fmt: skip
    return Import(
        row.id, row.community_id, row.asked_by, row.began_at, ImportState(row.state), row.rows, row.done, counts,
        row.problem, row.read_as, row.faults, row.not_before,
    )  # fmt: skip
