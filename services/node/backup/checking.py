"""Whether a backup is one that Fosse makes: anybody who knows the recipient can encrypt anything for it.

All that a restore will rely on is looked at while the file is read to its end, so that nothing is begun on what cannot
be finished. Not told by it: who made the backup.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, BinaryIO

from services.common import migrating
from services.common.errors import Invalid
from services.common.text import is_slug
from services.node.backup import accounts, archive, rows
from services.node.backup.places import FILES, TABLES, tables_of
from services.node.backup.rows import Shape
from services.node.backup.saving import FORMAT

_LONGEST_ABOUT = 1024 * 1024
_LONGEST_NAME = 255
_WORD = re.compile(r"[a-z][a-z0-9_]{0,62}")
_ACCOUNTS = re.compile(r"accounts/([a-z0-9_]+)/[0-9]{6,}")
_BLOCK = re.compile(r"rows/([a-z]+)/([a-z0-9_]+)/[0-9]{6,}")
_MADE_BY_NEWER = "This backup was made by a newer Fosse than this one. Nothing was restored; use the newer software."


@dataclass(frozen=True)
class About:
    """What `about.json` says."""

    node: str
    made_at: datetime
    schema: Mapping[str, list[str]]
    shapes: Mapping[str, Mapping[str, Shape]]
    accounts: Mapping[str, Shape]


class Check:
    """Sees each member in order."""

    def __init__(self, services: Collection[str]) -> None:
        self._services = services
        self._about: About | None = None
        self._under_way = ""
        self._begun: set[str] = set()
        self.rows: dict[str, int] = {}
        self.files = 0
        # It has files that only an embedded node has.
        self.embedded = False

    @property
    def about(self) -> About:
        if self._about is None:
            raise foreign("it does not say what it is")
        return self._about

    def look(self, name: str, content: BinaryIO) -> None:
        if self._about is None and name == archive.ABOUT:
            self._about = about_in(content.read(_LONGEST_ABOUT + 1), self._services)
            shapes = {**self._about.shapes, accounts.NAME: self._about.accounts}
            self.rows = {f"{each}.{table}": 0 for each, of in shapes.items() for table in of}
        elif block := _BLOCK.fullmatch(name):
            self._look_at_rows(block[1], block[2], content)
        elif block := _ACCOUNTS.fullmatch(name):
            self._look_at_accounts(block[1], content)
        else:
            what, service, rest = (*name.split("/", 2), "", "")[:3]
            if what != "files" or not is_of_a_node(service, rest):
                raise of_no_node(name)
            self._under_way = ""
            self.files += 1
            self.embedded = self.embedded or service == "node"

    def agree(self, counted: object) -> None:
        """With what the backup says that it holds of each table."""
        if self.about and self.rows != counted:
            raise foreign("it holds other rows than it says")

    def _look_at_rows(self, service: str, table: str, content: BinaryIO) -> None:
        shape = self.about.shapes.get(service, {}).get(table)
        # A service is restored in one go.
        again = service != self._under_way and service in self._begun
        if shape is None or again:
            raise foreign(f"rows of {service}.{table} are not where they belong")
        self._under_way = service
        self._begun.add(service)
        self._count(f"{service}.{table}", shape, content)

    def _look_at_accounts(self, table: str, content: BinaryIO) -> None:
        shape = self.about.accounts.get(table)
        if shape is None:
            raise foreign(f"accounts of {table} are not where they belong")
        self._under_way = ""
        self._count(f"{accounts.NAME}.{table}", shape, content)

    def _count(self, table: str, shape: Shape, content: BinaryIO) -> None:
        try:
            for block in rows.blocks(content):
                self.rows[table] += len(rows.read(shape, block))
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise foreign(f"rows of {table} cannot be read") from error


def foreign(why: str) -> Invalid:
    return Invalid(f"This backup is not one that Fosse makes: {why}. Nothing was restored. Do not use it.")


def of_no_node(name: str) -> Invalid:
    return Invalid(f"This backup holds a file that is none of a node's: {name[:_LONGEST_NAME]!a}. Do not use it.")


def is_of_a_node(service: str, name: str) -> bool:
    """Is it a file that the service keeps, of a name that leads nowhere else and can be written anywhere?"""
    parts = name.split("/")
    plain = name.isprintable() and not {"", ".", ".."} & set(parts)
    short = all(len(each.encode(errors="replace")) <= _LONGEST_NAME for each in parts)
    kept = (each for each in FILES.get(service, ()) if each.count("/") == name.count("/"))
    return plain and short and any(fnmatchcase(name, each) for each in kept)


def about_in(content: bytes, services: Collection[str]) -> About:
    """Raises `Invalid` for what this software did not write, or a newer one."""
    if len(content) > _LONGEST_ABOUT:
        raise foreign("what it says of itself is too long")
    said = archive.json_in(content)
    made_by = said.get("format")
    if type(made_by) is not int or made_by < 1:
        raise foreign("it names no format")
    if made_by > FORMAT:
        raise Invalid(_MADE_BY_NEWER)
    try:
        about = _about(said)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise foreign("what it says of itself is incomplete") from error
    if missing := set(services) - about.schema.keys():
        raise foreign(f"there is nothing of {', '.join(sorted(missing))} in it")
    return about


def _about(said: Mapping[str, Any]) -> About:
    node, made_at = said["node"], datetime.fromisoformat(said["made_at"])
    if not is_slug(node) or made_at.tzinfo is None:
        raise ValueError
    schema = {str(service): _versions(service, versions) for service, versions in said["schema"].items()}
    if said["tables"].keys() != schema.keys():
        raise ValueError
    shapes = {service: _shapes(service, schema[service], tables) for service, tables in said["tables"].items()}
    return About(node, made_at, schema, shapes, _accounts(said.get("accounts", {})))


def _versions(service: str, versions: object) -> list[str]:
    if not isinstance(versions, list):
        raise TypeError
    if service not in TABLES or set(versions) - migrating.known(migrating.versions_of(service)):
        raise Invalid(_MADE_BY_NEWER)
    return versions


def _accounts(tables: Mapping[str, Any]) -> Mapping[str, Shape]:
    """Which columns there are, Keycloak says where they are let in."""
    if set(tables) - set(accounts.TABLES):
        raise Invalid(_MADE_BY_NEWER)
    return _described(tables)


def _described(tables: Mapping[str, Any]) -> Mapping[str, Shape]:
    shapes = {name: rows.shape_in(said) for name, said in tables.items()}
    if not all(map(_WORD.fullmatch, [*shapes, *(column for shape in shapes.values() for column in shape.columns)])):
        raise ValueError
    return shapes


def _shapes(service: str, versions: list[str], tables: Mapping[str, Any]) -> Mapping[str, Shape]:
    shapes = _described(tables)
    if set(versions) == migrating.heads(migrating.versions_of(service)):
        ours = {table.name: rows.columns_of(table) for table in tables_of(service)}
        if {name: shape.columns for name, shape in shapes.items()} != ours:
            raise ValueError
    return shapes
