"""Minutes: the draft, the editions that were published, and who tried them on themselves."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.common.database import unique_violation
from services.common.errors import Conflict
from services.events.domain.minutes import Draft, Edition, Item, MinutesWords
from services.events.store.tables import minutes_draft, minutes_edition, minutes_test


def draft(conn: Connection, meeting_id: str) -> Draft:
    row = conn.execute(select(minutes_draft).where(minutes_draft.c.meeting_id == meeting_id)).mappings().one_or_none()
    return Draft(row["version"], _words_of(row)) if row else Draft()


def save_draft(conn: Connection, meeting_id: str, changed: Draft) -> None:
    """Version 1 is new; whoever saves holds the meeting's lock."""
    values = {"version": changed.version, **_words_row(changed.words)}
    if changed.version == 1:
        conn.execute(insert(minutes_draft).values(meeting_id=meeting_id, **values))
    else:
        conn.execute(update(minutes_draft).where(minutes_draft.c.meeting_id == meeting_id).values(values))


def editions(conn: Connection, meeting_id: str) -> list[Edition]:
    """Newest first."""
    asked = select(minutes_edition).where(minutes_edition.c.meeting_id == meeting_id)
    rows = conn.execute(asked.order_by(minutes_edition.c.edition.desc())).mappings()
    return [_edition_of(row) for row in rows]


def add_edition(conn: Connection, meeting_id: str, new: Edition) -> None:
    conn.execute(
        insert(minutes_edition).values(
            meeting_id=meeting_id,
            edition=new.edition,
            published_at=new.published_at,
            mailed=new.mailed,
            mailing_id=new.mailing_id,
            draft_version=new.draft_version,
            **_words_row(new.words),
        )
    )


def test_of(conn: Connection, test_id: str) -> tuple[str, str] | None:
    """The meeting and the member of a test mail with this id."""
    row = conn.execute(select(minutes_test).where(minutes_test.c.id == test_id)).one_or_none()
    return (row.meeting_id, row.member_id) if row else None


def add_test(conn: Connection, test_id: str, meeting_id: str, member_id: str, at: datetime) -> None:
    try:
        conn.execute(insert(minutes_test).values(id=test_id, meeting_id=meeting_id, member_id=member_id, at=at))
    except IntegrityError as error:
        if unique_violation(error):
            raise Conflict("This was sent twice at once. One mail is on its way to you.") from error
        raise


def _words_of(row: RowMapping) -> MinutesWords:
    return MinutesWords(tuple(Item(**each) for each in row["items"]), tuple(row["actions"]), row["reply_to"])


def _words_row(words: MinutesWords) -> dict[str, Any]:
    items = [asdict(each) for each in words.items]
    return {"items": items, "actions": list(words.actions), "reply_to": words.reply_to}


def _edition_of(row: RowMapping) -> Edition:
    return Edition(
        row["edition"], _words_of(row), row["published_at"], row["mailed"], row["mailing_id"], row["draft_version"]
    )
