"""Where a node keeps what has to outlive it: one folder when it is embedded, a database and a volume for each service
when it is deployed.

Left out on purpose: sessions and the key of the pages (people sign in again), the search index (derived), certificates
and passwords between processes (a new stack makes its own).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import MetaData, Table

from services.common import audit, audit_chain, facts, seen, timetable
from services.evaluation.store.tables import METADATA as EVALUATION
from services.events.store.tables import METADATA as EVENTS
from services.federation.store.tables import metadata as FEDERATION
from services.membership.store.tables import METADATA as MEMBERSHIP
from services.node.folder import Folder
from services.node.stack import Stack
from services.notification.store import METADATA as NOTIFICATION
from services.resource.store.tables import METADATA as RESOURCE

# Whoever only listens comes first: what one service says is then never older than what another made of it.
TABLES: Mapping[str, MetaData] = {
    "notification": NOTIFICATION,
    "evaluation": EVALUATION,
    "federation": FEDERATION,
    "events": EVENTS,
    "resource": RESOURCE,
    "membership": MEMBERSHIP,
}
# Named one by one: which tables the floor's own list holds depends on who was imported.
_FLOOR = (
    *(facts.facts, facts.generations, seen.seen, seen.parked, seen.positions),
    *(timetable.timetable, audit.audit, audit.old_seals, audit_chain.chain),
)
# Of each service's data folder; a pattern matches files below it.
FILES: Mapping[str, tuple[str, ...]] = {
    "membership": ("keys/pass.key", "keys/invitation.key", "keys/link.key"),
    "federation": (
        *("keys/signing.key", "keys/sealing.key", "keys/tls.key", "keys/authority.key", "keys/authority.pem"),
        *("relay/*/*",),
    ),
    "resource": ("files/*/*",),
    "notification": ("mail/*.eml",),
    # Only an embedded node has a provider of its own, and remembers what it was first started as.
    "node": ("node.json", "provider/*"),
}
# What a backup's name ends with, and all that look like it.
STAMP, STAMPS = "%Y%m%dT%H%M%SZ", "????????T??????Z.age"
# Uploads under way.
_HALF = frozenset({"incoming", "parts"})


@dataclass(frozen=True)
class Place:
    """Addresses of the services' databases, and the folder of each that has one; `accounts`: Keycloak's database."""

    node: str
    databases: Mapping[str, str]
    folders: Mapping[str, Path] = field(default_factory=dict)
    accounts: str = ""

    def files(self) -> Iterator[tuple[str, Path]]:
        """Each file with its name in a backup, such as `resource/files/ab/abcd`."""
        for service, folder in self.folders.items():
            for pattern in FILES[service]:
                for path in sorted(folder.glob(pattern)):
                    if path.is_file() and path.parent.name not in _HALF:
                        yield f"{service}/{path.relative_to(folder).as_posix()}", path


def embedded(data: Path, node: str) -> Place:
    folder = Folder(data)
    databases = {service: folder.database(service) for service in TABLES}
    return Place(node, databases, dict.fromkeys(FILES, folder.path))


def deployed(stack: Stack) -> Place:
    databases = {service: stack.database(service) for service in TABLES}
    folders = {service: stack.volumes / service for service in FILES if service != "node"}
    return Place(stack.node, databases, folders, stack.database("keycloak"))


def tables_of(service: str) -> list[Table]:
    return [*_FLOOR, *TABLES[service].sorted_tables]
