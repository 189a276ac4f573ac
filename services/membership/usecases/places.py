"""Communities, localities and organisations are added and changed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from services.common import audit
from services.common.database import Database
from services.common.errors import Invalid
from services.membership import domain
from services.membership.domain import Asker, Community, Locality, Organisation
from services.membership.store import places as store


def put_community(db: Database, wanted: Community, *, asker: Asker, now: datetime) -> tuple[Community, int]:
    """The community and how many members it has."""
    with db.write() as conn:
        put = domain.put_community(asker, wanted)
        if store.community(conn, put.id) != put:
            store.put_community(conn, put)
            audit.add(conn, asker, "community put", put.id, now)
        return put, store.people_in(conn, put.id)


def put_locality(db: Database, wanted: Locality, *, asker: Asker, now: datetime) -> Locality:
    with db.write() as conn:
        put = domain.put_locality(asker, wanted, store.communities_of_locality(conn, wanted.id))
        if store.locality(conn, put.id) != put:
            store.put_locality(conn, put)
            audit.add(conn, asker, "locality put", put.id, now)
        return put


def put_organisation(db: Database, wanted: Organisation, *, asker: Asker, now: datetime) -> Organisation:
    with db.write() as conn:
        _refuse_unknown(conn, wanted)
        used_by = store.communities_of_organisation(conn, wanted.id)
        line = store.successors(conn, wanted.succeeded_by)
        put = domain.put_organisation(asker, wanted, used_by, successors=line)
        if store.organisation(conn, put.id) != put:
            store.put_organisation(conn, put)
            audit.add(conn, asker, "organisation put", put.id, now)
        return put


def list_communities(db: Database) -> list[tuple[Community, int]]:
    with db.read() as conn:
        return store.all_communities(conn)


def list_localities(db: Database) -> list[Locality]:
    with db.read() as conn:
        return store.all_localities(conn)


def refuse_unknown_localities(conn: Connection, locality_ids: Sequence[str]) -> None:
    if store.unknown_localities(conn, locality_ids):
        raise Invalid("One of these localities is not known here.", {"locality_ids": "Add the locality first."})


def _refuse_unknown(conn: Connection, wanted: Organisation) -> None:
    refuse_unknown_localities(conn, wanted.locality_ids)
    if wanted.succeeded_by and store.organisation(conn, wanted.succeeded_by) is None:
        raise Invalid("The organisation that follows is not known here.", {"succeeded_by": "Add that one first."})
