"""Members with their roles and localities."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, func, insert, literal, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from services.common.database import unique_violation
from services.common.errors import Conflict
from services.membership.domain import Member
from services.membership.store.tables import community_roles, member_localities, member_topics, members, sign_ins

SORTED_BY = (func.lower(members.c.name), members.c.id)
# Behind which row a page begins, by what it is sorted by.
Place = tuple[str, str]
Sorted = tuple[ColumnElement[str], ColumnElement[str]]


def member(conn: Connection, member_id: str) -> Member | None:
    found = members_of(conn, [member_id])
    return found[0] if found else None


def member_locked(conn: Connection, member_id: str) -> Member | None:
    """As `member`; nobody else changes it until this transaction ends."""
    conn.execute(select(members.c.id).where(members.c.id == member_id).with_for_update())
    return member(conn, member_id)


def members_of(conn: Connection, ids: Sequence[str]) -> list[Member]:
    """Those of the ids that are members, by name."""
    return read(conn, select(members).where(members.c.id.in_(ids)))


def place(conn: Connection, sorted_by: Sorted, *seen: ColumnElement[bool]) -> Place | None:
    """Of the one row that meets the conditions: its id, and that whoever asks may see it, else the page would tell."""
    row = conn.execute(select(*sorted_by).where(*seen)).one_or_none()
    return (row[0], row[1]) if row else None


def behind(sorted_by: Sorted, last: Place) -> ColumnElement[bool]:
    return tuple_(*sorted_by) > tuple_(*(literal(each) for each in last))


def place_in_community(conn: Connection, community_id: str, member_id: str) -> Place | None:
    return place(conn, SORTED_BY, members.c.id == member_id, _inside(community_id))


def page_of_community(conn: Connection, community_id: str, last: Place | None, limit: int) -> list[Member]:
    """Members by name, from behind a place, which an id tells: a name would not be fit for a page's address."""
    query = select(members).where(_inside(community_id)).limit(limit)
    return read(conn, query.where(behind(SORTED_BY, last)) if last else query)


def _inside(community_id: str) -> ColumnElement[bool]:
    return members.c.id.in_(select(community_roles.c.member_id).where(community_roles.c.community_id == community_id))


def put_member(conn: Connection, wanted: Member, now: datetime) -> None:
    """Raises `Conflict` when somebody else added the same id at the same moment."""
    values = {
        "name": wanted.name,
        "email": wanted.email,
        "job_title": wanted.job_title,
        "role_group": wanted.role_group,
        "organisation_id": wanted.organisation_id or None,
        "operator": wanted.operator,
        "name_travels": wanted.name_travels,
        "listed": wanted.listed,
        "email_shown": wanted.email_shown,
        "joined_on": wanted.joined_on,
        "topics_chosen": wanted.topics_chosen,
        "left_at": func.coalesce(members.c.left_at, now) if wanted.left else None,
        "version": wanted.version,
        "changed_at": now,
    }
    if wanted.version > 1:
        conn.execute(update(members).where(members.c.id == wanted.id).values(values))
    else:
        _insert(conn, {**values, "id": wanted.id, "left_at": now if wanted.left else None})
    _put_links(conn, wanted)


def _insert(conn: Connection, values: dict[str, object]) -> None:
    try:
        conn.execute(insert(members).values(values))
    except IntegrityError as error:
        if unique_violation(error):
            raise Conflict("This member was added a moment ago. Nothing was doubled.") from error
        raise


def _put_links(conn: Connection, wanted: Member) -> None:
    for table in (member_localities, member_topics, community_roles):
        conn.execute(delete(table).where(table.c.member_id == wanted.id))
    add_links(conn, [wanted])


def add_links(conn: Connection, wanted: Sequence[Member]) -> None:
    """What members belong to and care about, where nothing of it is written yet."""
    _insert_all(conn, member_localities, ((m.id, each) for m in wanted for each in m.locality_ids))
    _insert_all(conn, member_topics, ((m.id, each) for m in wanted for each in m.topics))
    roles = ((m.id, community, role) for m in wanted for community, roles in m.roles.items() for role in sorted(roles))
    _insert_all(conn, community_roles, roles)


def _insert_all(conn: Connection, table: Table, values: Iterable[tuple[object, ...]]) -> None:
    names = [column.name for column in table.c]
    rows = [dict(zip(names, each, strict=True)) for each in values]
    if rows:
        conn.execute(insert(table), rows)


def read(conn: Connection, query: Select[*tuple[object, ...]]) -> list[Member]:
    """The members that a query of their table finds, by name."""
    rows = conn.execute(query.order_by(*SORTED_BY)).all()
    ids = [row.id for row in rows]
    areas, topics, roles = _linked(conn, member_localities, ids), _linked(conn, member_topics, ids), _roles(conn, ids)
    bound = set(conn.scalars(select(sign_ins.c.member_id).where(sign_ins.c.member_id.in_(ids))))
    return [
        Member(
            id=row.id,
            name=row.name,
            email=row.email,
            job_title=row.job_title,
            role_group=row.role_group,
            organisation_id=row.organisation_id or "",
            locality_ids=tuple(sorted(areas[row.id])),
            roles={community: frozenset(each) for community, each in roles[row.id].items()},
            operator=row.operator,
            name_travels=row.name_travels,
            topics=tuple(sorted(topics[row.id])),
            topics_chosen=row.topics_chosen,
            listed=row.listed,
            email_shown=row.email_shown,
            bound=row.id in bound,
            left=row.left_at is not None,
            joined_on=row.joined_on,
            version=row.version,
        )
        for row in rows
    ]


def _linked(conn: Connection, table: Table, ids: Sequence[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for member_id, code in conn.execute(select(*table.c).where(table.c.member_id.in_(ids))):
        found[member_id].add(code)
    return found


def _roles(conn: Connection, ids: Sequence[str]) -> dict[str, dict[str, set[int]]]:
    found: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for member_id, community_id, role in conn.execute(
        select(*community_roles.c).where(community_roles.c.member_id.in_(ids))
    ):
        found[member_id][community_id].add(role)
    return found
