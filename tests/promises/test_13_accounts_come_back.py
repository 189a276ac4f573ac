"""Promise 13: after a restore onto an empty stack people sign in as before: same password, same one-time code."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, Connection, Table, text

from services.common.clock import utc_now
from services.common.errors import Conflict
from services.common.ids import new_id
from services.common.migrating import versions_of
from services.node.backup import accounts, archive, places, rows, saving
from services.node.backup.places import Place
from services.node.backup.rows import lines
from tests.databases import PostgresDatabases
from tests.keycloak import Browser, Keycloak, one_time, running
from tests.promises.drill import Drill, restored
from tests.promises.planted import planted
from tests.promises.promise import promise

pytestmark = [pytest.mark.xdist_group("keycloak"), pytest.mark.timeout(900)]
PUBLIC = "https://notts.example"


@dataclass(frozen=True)
class Person:
    name: str
    account: str
    # Of their telephone; empty for whoever gives a password alone.
    secret: bytes = b""

    def is_let_in(self, keycloak: Keycloak) -> bool:
        """By the pass phrase and the code of old, as the one that they were."""
        browser = Browser(keycloak, PUBLIC)
        browser.sign_in(self.name)
        if self.secret and not browser.code:
            browser.send(otp=one_time(self.secret, steps=1))
        return bool(browser.code) and self.account in {each["id"] for each in keycloak.admin().get_users({})}


@pytest.fixture
def people(keycloak: Keycloak) -> list[Person]:
    keycloak.prepare(PUBLIC)
    convenor, member, off = (f"{name}-{new_id()[:8]}" for name in ("cath", "mia", "olga"))
    accounts_of = {convenor: keycloak.add_account(convenor, "convenor"), member: keycloak.add_account(member)}
    keycloak.admin().update_user(keycloak.add_account(off), {"enabled": False})
    first = Browser(keycloak, PUBLIC)
    first.sign_in(convenor)
    secret = first.set_up_code()
    assert first.code
    return [Person(convenor, accounts_of[convenor], secret), Person(member, accounts_of[member])]


@pytest.fixture
def key(tmp_path: Path) -> tuple[str, Path]:
    content, recipient = archive.new_key()
    (tmp_path / "key").write_bytes(content)
    return recipient, tmp_path / "key"


def a_stack(databases: PostgresDatabases, keycloak: str) -> Place:
    return Place("notts", {name: databases.new_url(versions_of(name)) for name in places.TABLES}, {}, keycloak)


@pytest.fixture
def drill(
    keycloak: Keycloak, people: list[Person], postgres_databases: PostgresDatabases, key: tuple[str, Path],
    tmp_path: Path,
) -> Drill:  # fmt: skip
    place = a_stack(postgres_databases, keycloak.database)
    saving.save(place, tmp_path / "notts.age", key[0], utc_now())
    return Drill(place, tmp_path / "notts.age", archive.identity_of(key[1]))


@pytest.fixture
def empty(postgres_databases: PostgresDatabases) -> Place:
    return a_stack(postgres_databases, postgres_databases.empty_url())


def test_people_sign_in_at_a_new_stack_as_they_did_at_the_old_one(
    drill: Drill, empty: Place, keycloak: Keycloak, people: list[Person], postgres_databases: PostgresDatabases,
    tmp_path: Path,
) -> None:  # fmt: skip
    restored(drill, empty)
    (tmp_path / "secrets").mkdir()

    with running(empty.accounts, tmp_path / "secrets") as new:
        done, again = new.prepare(PUBLIC), new.prepare(PUBLIC)
        there, before = (enabled(each) for each in (new, keycloak))
        let_in = [each.is_let_in(new) for each in people]
        roles = {each["name"] for each in new.admin().get_realm_roles_of_user(people[0].account)}
        forgetful = a_backup_without_passwords(drill, tmp_path)
        begin_anew(new, forgetful, a_stack(postgres_databases, new.database))
        caught = int(not any(each.is_let_in(new) for each in people))

    figures = f"accounts={len(there)} different={len(there.items() ^ before.items())} let_in={sum(let_in)} "
    figures += f"of={len(people)} planted[passwords left out]={caught}"
    said = f"accounts of {len(there)} people, as they were backed up" in done and again == []
    kept = said and there == before and all(let_in) and "convenor" in roles and caught == 1
    promise(13, "stack", "accounts come back", kept, figures, 0)


def enabled(keycloak: Keycloak) -> dict[str, bool]:
    return {each["id"]: each["enabled"] for each in keycloak.admin().get_users({})}


def a_backup_without_passwords(drill: Drill, folder: Path) -> Drill:
    """Planted in its making."""
    content, recipient = archive.new_key()
    (folder / "other").write_bytes(content)

    def forgetful(conn: Connection, table: Table, *only: ColumnElement[bool]) -> Iterator[tuple[bytes, int]]:
        return iter(()) if table.name == "credential" else lines(conn, table, *only)

    with planted((rows, "lines", forgetful)):
        saving.save(drill.place, folder / "other.age", recipient, utc_now())
    return Drill(drill.place, folder / "other.age", archive.identity_of(folder / "other"))


def begin_anew(keycloak: Keycloak, drill: Drill, place: Place) -> None:
    """As if it had never started, which would take it half a minute."""
    keycloak.admin("master").delete_realm("fosse")
    with planted((accounts, "any_there", lambda _: False)):
        restored(drill, place)
    keycloak.prepare(PUBLIC)


def test_a_restore_never_mixes_accounts_with_those_of_a_keycloak_that_is_in_use(
    drill: Drill, keycloak: Keycloak, postgres_databases: PostgresDatabases
) -> None:
    with pytest.raises(Conflict, match=r"not empty: it holds Keycloak's accounts\. Nothing was changed"):
        restored(drill, a_stack(postgres_databases, keycloak.database))


def test_accounts_that_wait_for_keycloak_are_not_left_out_of_the_next_backup(
    drill: Drill, empty: Place, key: tuple[str, Path], tmp_path: Path
) -> None:
    restored(drill, empty)

    with pytest.raises(Conflict, match="Start the node once"):
        saving.save(empty, tmp_path / "next.age", key[0], utc_now())
    assert not (tmp_path / "next.age").exists()


def test_accounts_of_a_keycloak_that_knew_more_wait_for_one_that_does(
    drill: Drill, keycloak: Keycloak, empty: Place
) -> None:
    restored(drill, empty)
    with accounts.opened(empty.accounts) as conn:
        conn.execute(text("create table realm as select 'r' as id, 'fosse' as name"))
        for name in accounts.TABLES:
            conn.execute(text(f"create table {name} as select * from restored.{name} where false"))
        conn.execute(text("alter table credential drop column secret_data"))

    with pytest.raises(Conflict, match=r"keeps more about them than this one \(credential.secret_data\)"):
        accounts.let_in(empty.accounts)
    with accounts.opened(empty.accounts) as conn:
        conn.execute(text("alter table credential add column secret_data text"))
    assert accounts.let_in(empty.accounts) == len(enabled(keycloak))
