"""The chain over audit rows, on both databases: what it notices, and what it lets be erased."""

from hashlib import sha256
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import delete, insert, text, update

from services.common import audit, audit_chain
from services.common.audit import audit as rows
from services.common.audit_chain import chain
from services.common.database import Database
from services.common.migrating import configured, migrate, versions_of
from tests.conftest import MakeDatabase
from tests.databases import PostgresDatabases, open_database
from tests.regions import NOW

ITEM, OTHER, NURSE = "1" * 32, "2" * 32, "a" * 32


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    return make_database("membership")


def note(db: Database, *actions: str, item: str = ITEM) -> None:
    with db.write() as conn:
        audit.add_all(conn, NURSE, [(action, item) for action in actions], NOW)


def verdict(db: Database) -> audit_chain.Verdict:
    with db.read() as conn:
        return audit_chain.verify(conn)


def head(db: Database) -> audit_chain.Head:
    with db.read() as conn:
        return audit_chain.head(conn)


def test_rows_of_before_the_chain_are_sealed_first_and_sealing_goes_on_where_it_was(db: Database) -> None:
    note(db, *["old"] * 501)

    pauses = [audit_chain.seal(db) for _ in range(3)]
    before = head(db)
    note(db, "new")
    with db.read() as conn:
        assert audit.unsealed(conn) == audit.Unsealed(1, NOW)
    audit_chain.seal(db)

    assert pauses == [0.0, 1.0, 1.0] and before.count == 501
    assert verdict(db) == audit_chain.Verdict(502, None)
    with db.read() as conn:
        assert audit_chain.seals_at(conn, [501]) == {501: before.seal}
        assert (audit.count(conn), audit.unsealed(conn)) == (502, audit.Unsealed(0, None))


def test_rows_of_older_software_are_sealed_after_the_upgrade(tmp_path: Path) -> None:
    versions = versions_of("membership")
    older = Database(f"sqlite:///{tmp_path / 'older.db'}")
    with older.write() as conn:
        config = configured(versions)
        config.attributes["connection"] = conn
        command.upgrade(config, "floor_0001")
        words = (
            "insert into audit (at, actor, action, item_id, tx) values ('2026-08-31 14:00:00.000000', 'x', 'y', 'z', 0)"
        )
        conn.execute(text(words))

    migrate(older, versions)
    audit_chain.seal(older)

    assert verdict(older) == audit_chain.Verdict(1, None)
    older.dispose()


def test_a_row_of_a_transaction_still_open_is_sealed_once_it_is_there(postgres_databases: PostgresDatabases) -> None:
    db = open_database(postgres_databases, "membership")
    with db.write() as slow:
        audit.add(slow, NURSE, "slow", ITEM, NOW)
        note(db, "quick")
        audit_chain.seal(db)
        assert head(db).count == 0

    audit_chain.seal(db)

    assert verdict(db) == audit_chain.Verdict(2, None)
    db.dispose()


def test_a_person_can_be_erased_from_a_row_and_the_chain_still_holds(db: Database) -> None:
    note(db, "created", "published")
    audit_chain.seal(db)

    with db.write() as conn:
        [first, _] = audit_chain.links_after(conn, 0, 2)
        assert first.row
        made = sha256(first.row.actor_proof + NURSE.encode()).digest()
        conn.execute(update(rows).where(rows.c.number == first.number).values(actor=""))
        conn.execute(update(chain).where(chain.c.place == 1).values(actor_proof=made))

    assert verdict(db) == audit_chain.Verdict(2, None, emptied=1)


def test_nobody_can_be_put_where_somebody_was_erased(db: Database) -> None:
    note(db, "created")
    audit_chain.seal(db)

    with db.write() as conn:
        [link] = audit_chain.links_after(conn, 0, 1)
        assert link.row
        made = sha256(link.row.actor_proof + NURSE.encode()).digest()
        conn.execute(update(rows).values(actor="somebody else"))
        conn.execute(update(chain).values(actor_proof=made))

    assert verdict(db).broken_at == link.number


def test_a_row_that_says_it_is_sealed_and_is_not_is_named(db: Database) -> None:
    note(db, "created", "published")
    with db.write() as conn:
        conn.execute(update(rows).where(rows.c.action == "created").values(sealed=True))

    audit_chain.seal(db)

    assert verdict(db).broken_at == 1


def test_a_sealed_row_put_in_again_otherwise_stops_nothing_and_is_named(db: Database) -> None:
    note(db, "created", "published")
    audit_chain.seal(db)

    with db.write() as conn:
        conn.execute(delete(rows).where(rows.c.number == 1))
        conn.execute(insert(rows).values(number=1, at=NOW, actor=NURSE, action="looked", item_id=ITEM, tx=0))
    note(db, "withdrew")
    audit_chain.seal(db)

    assert head(db).count == 3 and verdict(db).broken_at == 1


def test_the_history_of_an_item_is_its_rows_alone_in_order(db: Database) -> None:
    note(db, "created")
    note(db, "created", item=OTHER)
    note(db, "published")
    audit_chain.seal(db)

    with db.read() as conn:
        found = audit_chain.history_of(conn, ITEM, 0, 10)
        later = audit_chain.history_of(conn, ITEM, found[0].place, 10)

    assert [(link.place, link.row and link.row.action) for link in found] == [(1, "created"), (3, "published")]
    assert later == found[1:]
