"""Promise 13: a restored node holds what was backed up, row by row and file by file, on another database too."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from services.common import audit, audit_chain, facts, migrating
from services.common.clock import utc_now
from services.common.errors import Conflict
from services.common.migrating import WrongVersion, versions_of
from services.node.backup import archive, places, restoring, saving
from services.node.backup import rows as rows_module
from services.node.backup.places import Place
from services.node.backup.rows import lines
from tests.promises.drill import (
    Drill,
    Held,
    a_demo_county,
    an_empty_place,
    differences,
    files_of,
    opened,
    restored,
    rows_of,
)
from tests.promises.planted import Bug, planted
from tests.promises.promise import promise

SEED = 13
RTO_GOAL_S = 120
pytestmark = pytest.mark.timeout(600)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "onto" in metafunc.fixturenames:
        metafunc.parametrize("onto", ["embedded", pytest.param("stack", marks=pytest.mark.xdist_group("postgres"))])


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Drill:
    folder = tmp_path_factory.mktemp("d")
    a_demo_county(folder / "notts")
    content, recipient = archive.new_key()
    (folder / "key").write_bytes(content)
    place = places.embedded(folder / "notts", "notts")
    saving.save(place, folder / "notts.age", recipient, utc_now())
    return Drill(place, folder / "notts.age", archive.identity_of(folder / "key"))


def test_a_restored_county_holds_every_row_and_every_file(
    drill: Drill, onto: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rows, files = rows_of(drill.place), files_of(drill.place)
    enough = sum(map(len, rows.values())) > 500 and len(files) > 10

    with an_empty_place(onto, tmp_path / "data", request) as place:
        rto = restored(drill, place)
        with restoring.opened(drill.file) as file:
            rpo = utc_now() - restoring.read(file, drill.identity).about.made_at
        wrong = [*differences(rows, rows_of(place)), *differences(files, files_of(place))]
        chains = broken_chains(place)
        again = numbers_given_out_twice(drill, place)
    caught = [bug_is_caught(each, drill, rows, files, tmp_path) for each in ("table", "files")]

    figures = f"rows={sum(map(len, rows.values()))} files={len(files)} different={len(wrong)} audit_broken={chains} "
    figures += f"numbers_again={again} rpo={rpo.total_seconds():.0f}s rto={rto:.1f}s goal={RTO_GOAL_S}s "
    figures += f"planted[a table left out]={caught[0]} planted[files left out]={caught[1]}"
    kept = enough and (wrong, chains, again, caught) == ([], 0, 0, [1, 1]) and rto < RTO_GOAL_S
    promise(13, onto, "restore drill", kept, figures, SEED)


def bug_is_caught(bug: str, drill: Drill, rows: Held, files: Mapping[str, str], folder: Path) -> int:
    """Planted in the making of the backup."""
    content, recipient = archive.new_key()
    key, file = folder / f"{bug}.key", folder / f"{bug}.age"
    key.write_bytes(content)
    if bug == "table":
        forgetful: Bug = (rows_module, "lines", lambda conn, table: [] if table.name == "seen" else lines(conn, table))
    else:
        forgetful = (Place, "files", lambda _: iter(()))
    with planted(forgetful):
        saving.save(drill.place, file, recipient, utc_now())
    place = places.embedded(folder / bug, "notts")
    (folder / bug).mkdir()
    restored(Drill(drill.place, file, archive.identity_of(key)), place)
    return int(bool(differences(rows, rows_of(place)) or differences(files, files_of(place))))


def broken_chains(place: Place) -> int:
    with opened(place) as databases:
        broken = 0
        for db in databases.values():
            with db.read() as conn:
                broken += audit_chain.verify(conn).broken_at is not None
        return broken


def numbers_given_out_twice(drill: Drill, place: Place) -> int:
    """Audit rows that a restored service writes under numbers that were taken before."""
    twice = 0
    with opened(drill.place) as before, opened(place) as after:
        for service, db in after.items():
            with before[service].read() as conn:
                taken = _last(conn)
            with db.write() as conn:
                audit.add(conn, "operator", "looked", service, utc_now())
                twice += _last(conn) <= taken
    return twice


def _last(conn: Connection) -> int:
    return int(conn.scalar(select(audit.audit.c.number).order_by(audit.audit.c.number.desc()).limit(1)) or 0)


def test_all_kept_facts_are_told_again_in_their_order(
    drill: Drill, onto: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with an_empty_place(onto, tmp_path / "data", request) as place:
        restored(drill, place)
        with opened(drill.place) as before, opened(place) as after:
            for service, db in after.items():
                with before[service].read() as conn:
                    old = [each.message_id for each in facts.after(conn, facts.START, 100_000)]
                    generation = facts.generation(conn)
                with db.read() as conn:
                    assert [each.message_id for each in facts.unsent(conn, "a new topic", 100_000)] == old
                    assert [each.message_id for each in facts.after(conn, facts.START, 100_000)] == old
                    assert facts.generation(conn) == generation + 1


def test_nothing_starts_on_a_restore_that_was_killed_and_the_next_one_finishes(
    drill: Drill, onto: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    class Killed(BaseException):
        pass

    def killed() -> None:
        raise Killed

    rows, files = rows_of(drill.place), files_of(drill.place)
    with an_empty_place(onto, tmp_path / "data", request) as place:
        with planted((os, "sync", killed)), pytest.raises(Killed):
            restored(drill, place)

        with opened(place) as databases:
            for service, db in databases.items():
                for starts in (migrating.check, migrating.migrate):
                    with pytest.raises(WrongVersion, match="run the same restore again"):
                        starts(db, versions_of(service))
        restored(drill, place)
        assert differences(rows, rows_of(place)) == differences(files, files_of(place)) == []
        with opened(place) as databases:
            for service, db in databases.items():
                migrating.check(db, versions_of(service))


def test_a_node_is_not_restored_over_another(
    drill: Drill, onto: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with an_empty_place(onto, tmp_path / "data", request) as place:
        restored(drill, place)
        rows = rows_of(place)

        with pytest.raises(Conflict, match="not empty"):
            restored(drill, place)
        assert rows_of(place) == rows


def test_a_restored_stack_is_backed_up_again_and_becomes_an_embedded_node(
    drill: Drill, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    content, recipient = archive.new_key()
    (tmp_path / "key").write_bytes(content)
    with an_empty_place("stack", tmp_path / "data", request) as stack:
        restored(drill, stack)
        later = utc_now() + timedelta(seconds=1)
        saving.save(stack, tmp_path / "stack.age", recipient, later)
    back = places.embedded(tmp_path / "back", "notts")
    (tmp_path / "back").mkdir()

    restored(Drill(stack, tmp_path / "stack.age", archive.identity_of(tmp_path / "key")), back)

    assert differences(rows_of(drill.place), rows_of(back)) == []
    assert differences(files_of(drill.place), files_of(back)) == []
