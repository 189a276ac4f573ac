"""Rows as lines of JSON that any database can read: each column says what kind of value it holds."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

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
_BYTES_AT_ONCE = 8 * 1024 * 1024
_LONGEST_ROW = 64 * 1024 * 1024
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
_SAID_AS = {"instant": str, "date": str, "bytes": str, "boolean": bool, "number": int, "text": str, "json": object}
_BIGGEST = 2**63
# Numbers of transactions of the database that the rows come from mean nothing in another.
_TRANSACTION = "tx"
_WITH_TRANSACTIONS = frozenset({"facts", "audit"})


@dataclass(frozen=True)
class Shape:
    """A table as it was; `highest`: the last number given out in the column `numbered`, even if its row is gone."""

    columns: Mapping[str, str]
    numbered: str = ""
    highest: int = 0


def shape_in(said: dict[str, Any]) -> Shape:
    """Raises `ValueError`, `KeyError` or `TypeError` for what describes no table."""
    shape = Shape(**said)
    if set(shape.columns.values()) - _TYPES.keys() or shape.numbered not in {"", *shape.columns}:
        raise ValueError
    if type(shape.highest) is not int or not 0 <= shape.highest < _BIGGEST:
        raise ValueError
    return shape


def columns_of(table: Table) -> dict[str, str]:
    return {column.name: _kind(column) for column in table.columns}


def shape_of(conn: Connection, table: Table) -> Shape:
    columns = columns_of(table)
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


def blocks(content: BinaryIO) -> Iterator[bytes]:
    """A member's rows, so many at once as memory holds. Raises `ValueError` for a row that is longer than any."""
    block, size = list[bytes](), 0
    while line := content.readline(_LONGEST_ROW + 1):
        if len(line) > _LONGEST_ROW:
            raise ValueError
        block.append(line)
        size += len(line)
        if len(block) == _AT_ONCE or size > _BYTES_AT_ONCE:
            yield b"".join(block)
            block, size = [], 0
    if block:
        yield b"".join(block)


def read(shape: Shape, block: bytes) -> list[dict[str, Any]]:
    """Raises `ValueError`, `TypeError` or `RecursionError` for what are no rows of this shape."""
    kinds = shape.columns.values()
    found = (json.loads(line) for line in block.splitlines())
    return [dict(zip(shape.columns, map(_value, row, kinds), strict=True)) for row in found]


def put(conn: Connection, name: str, shape: Shape, block: bytes, schema: str | None = None) -> int:
    """Adds a block of rows; returns how many."""
    rows = read(shape, block)
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


def _value(said: Any, kind: str) -> Any:
    if said is None:
        return None
    right = isinstance(said, _SAID_AS[kind])
    if not right or (kind == "number" and not -_BIGGEST <= said < _BIGGEST):
        raise ValueError
    value = _IN.get(kind, lambda each: each)(said)
    if kind == "instant" and (value.tzinfo is None or not value.astimezone(UTC)):
        raise ValueError
    return value


def _said(value: Any, way: Callable[[Any], Any] | None) -> Any:
    return value if value is None or way is None else way(value)
