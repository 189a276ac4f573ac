"""Signed links, known by the hash of their code."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.common.database import unique_violation
from services.common.errors import Conflict
from services.membership.domain.links import Link, Purpose
from services.membership.store.tables import links

_READ = (
    links.c.id,
    links.c.member_id,
    links.c.purpose,
    links.c.object_id,
    links.c.expires_at,
    links.c.revoked_at,
    links.c.first_used_at,
)


def links_of(conn: Connection, ids: Sequence[str]) -> dict[str, Link]:
    """Those of the ids that are known."""
    return {row.id: _link(row) for row in conn.execute(select(*_READ).where(links.c.id.in_(ids)))}


def hashes_of(conn: Connection, ids: Sequence[str]) -> dict[str, str]:
    """What the codes of these links were when they were made."""
    rows = conn.execute(select(links.c.id, links.c.code_hash).where(links.c.id.in_(ids)))
    return {row.id: row.code_hash for row in rows}


def link_by_code(conn: Connection, code_hash: str) -> Link | None:
    row = conn.execute(select(*_READ).where(links.c.code_hash == code_hash)).first()
    return _link(row) if row else None


def add(conn: Connection, new: Sequence[tuple[Link, str]]) -> None:
    """Each with its code's hash. Raises `Conflict` when somebody made one of them at the same moment."""
    rows = [
        {
            "id": link.id,
            "member_id": link.member_id,
            "purpose": link.purpose.value,
            "object_id": link.object_id,
            "code_hash": code_hash,
            "expires_at": link.expires_at,
        }
        for link, code_hash in new
    ]
    if not rows:
        return
    try:
        conn.execute(insert(links), rows)
    except IntegrityError as error:
        if unique_violation(error):
            raise Conflict("One of these links was made a moment ago. None was doubled; ask once more.") from error
        raise


def note_use(conn: Connection, link_id: str, now: datetime) -> bool:
    """Whether this was the first use."""
    unused = (links.c.id == link_id, links.c.first_used_at.is_(None))
    return conn.execute(update(links).where(*unused).values(first_used_at=now)).rowcount == 1


def revoke_all(conn: Connection, member_id: str, now: datetime) -> int:
    """Ends what a member has open; returns how many that were."""
    still_open = (links.c.member_id == member_id, links.c.revoked_at.is_(None), links.c.expires_at > now)
    return conn.execute(update(links).where(*still_open).values(revoked_at=now)).rowcount


def prune(conn: Connection, ended_before: datetime) -> None:
    conn.execute(delete(links).where(links.c.expires_at < ended_before))


def _link(row: Row[*tuple[Any, ...]]) -> Link:
    return Link(
        id=row.id,
        member_id=row.member_id,
        purpose=Purpose(row.purpose),
        object_id=row.object_id,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        first_used_at=row.first_used_at,
    )
