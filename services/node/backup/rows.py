"""Rows as lines of JSON that any database can read: each column says what kind of value it holds."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

from services.common.database import UtcDateTime

_AT_ONCE = 500
_TYPES: Mapping[str, TypeEngine[Any]] = {
    "instant": UtcDateTime(),
    "date": Date(),
    "bytes": LargeBinary(),
    "boolean": Boolean(),
    "number": BigInteger(),
    "text": Text(),
    "json": JSON(),
}
_KINDS = {date: "date", bytes: "bytes", bool: "boolean", int: "number", str: "text", object: "json"}
_OUT: Mapping[str, Callable[[Any], Any]] = {
    "instant": datetime.isoformat,
    "date": date.isoformat,
    "bytes": lambda value: b64encode(value).decode("ascii"),
}
_IN: Mapping[str, Callable[[Any], Any]] = {
    "instant": datetime.fromisoformat,
    "date": date.fromisoformat,
    "bytes": b64decode,
}
# Numbers of transactions of the database that the rows come from mean nothing in another.
_TRANSACTION = "tx"
_WITH_TRANSACTIONS = frozenset({"facts", "audit"})


@dataclass(frozen=True)
class Shape:
    """A table as it was; `highest`: the last number given out in the column `numbered`, even if its row is gone."""

    columns: Mapping[str, str]
    numbered: str = ""
    highest: int = 0


def shape_of(conn: Connection, table: Table) -> Shape:
    columns = {column.name: _kind(column) for column in table.columns}
    counted = table.autoincrement_column
    if counted is None:
        return Shape(columns)
    kept = int(conn.scalar(select(func.max(counted))) or 0)
    return Shape(columns, counted.name, max(kept, _given_out(conn, table.name, counted.name)))


def lines(conn: Connection, table: Table, *only: ColumnElement[bool]) -> Iterator[tuple[bytes, int]]:
    """The table's rows in blocks, each with how many rows it holds."""
    out = [_OUT.get(_kind(column)) for column in table.columns]
    order = list(table.primary_key.columns) or list(table.columns)
    found = conn.execution_options(yield_per=_AT_ONCE).execute(select(table).where(*only).order_by(*order))
    for block in found.partitions():
        rows = [[_said(value, way) for value, way in zip(row, out, strict=True)] for row in block]
        yield b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows), len(rows)


def made_of(shape: Shape, name: str, schema: str | None = None) -> Table:
    """A table that holds such rows, and refuses nothing."""
    return Table(name, MetaData(), *(Column(each, _TYPES[kind]) for each, kind in shape.columns.items()), schema=schema)


def put(conn: Connection, name: str, shape: Shape, block: bytes, schema: str | None = None) -> int:
    """Adds a block of rows; returns how many."""
    ways = [_IN.get(kind) for kind in shape.columns.values()]
    rows = [dict(zip(shape.columns, map(_said, json.loads(line), ways), strict=True)) for line in block.splitlines()]
    if name in _WITH_TRANSACTIONS:
        rows = [{**row, _TRANSACTION: 0} for row in rows]
    conn.execute(insert(made_of(shape, name, schema)), rows)
    return len(rows)


def go_on_counting(conn: Connection, name: str, shape: Shape) -> None:
    """No number is given out a second time, not even one whose row is gone."""
    if not shape.numbered or not shape.highest:
        return
    known = {"name": name, "column": shape.numbered, "highest": shape.highest}
    if conn.dialect.name != "sqlite":
        conn.execute(text("select setval(pg_get_serial_sequence(:name, :column), :highest)"), known)
    elif _counts_on(conn, name):
        conn.execute(text("delete from sqlite_sequence where name = :name"), known)
        conn.execute(text("insert into sqlite_sequence (name, seq) values (:name, :highest)"), known)


def _given_out(conn: Connection, name: str, column: str) -> int:
    known = {"name": name, "column": column}
    if conn.dialect.name == "sqlite":
        counted = text("select seq from sqlite_sequence where name = :name")
        return int(conn.scalar(counted, known) or 0) if _counts_on(conn, name) else 0
    sequence = conn.scalar(text("select pg_get_serial_sequence(:name, :column)"), known)
    if sequence is None:
        return 0
    # The name comes quoted from the server; null until the first number is taken.
    return int(conn.scalar(text("select pg_sequence_last_value(cast(:name as regclass))"), {"name": sequence}) or 0)


def _counts_on(conn: Connection, name: str) -> bool:
    made = conn.scalar(text("select sql from sqlite_master where type = 'table' and name = :name"), {"name": name})
    return "AUTOINCREMENT" in str(made)


def _kind(column: Column[Any]) -> str:
    if isinstance(column.type, UtcDateTime):
        return "instant"
    return _KINDS[column.type.python_type]


def _said(value: Any, way: Callable[[Any], Any] | None) -> Any:
    return value if value is None or way is None else way(value)
