"""A database that is away is no fault of ours: people read that a part does not answer just now."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.errors import problem_of
from services.common.database import Database, lost
from services.common.statuses import status_name
from tests.ports import a_free_port


def fault_of(url: str, statement: str) -> DBAPIError:
    db = Database(url)
    with pytest.raises(DBAPIError) as caught, db.read() as conn:
        conn.execute(text(statement))
    db.dispose()
    return caught.value


def test_a_postgresql_that_nobody_reaches_is_told_as_a_part_that_does_not_answer() -> None:
    away = fault_of(f"postgresql+psycopg://events@127.0.0.1:{a_free_port()}/events", "select 1")

    assert lost(away) and status_name(away) == "UNAVAILABLE"
    with Flask("a page").test_request_context("/"):
        told = problem_of(away)
    assert told.status == 503 and "Nothing you saved is lost" in told.sentence and told.retry_after_s


def test_a_mistake_in_a_statement_stays_a_mistake(tmp_path: Path) -> None:
    mistaken = fault_of(f"sqlite:///{tmp_path / 'node.db'}", "select * from nowhere")

    assert not lost(mistaken) and status_name(mistaken) == "INTERNAL"
