"""A node that files are sent to, and what is done with them."""

from typing import Any

from sqlalchemy import func, select

from services.common.database import Database
from services.membership.domain import Community, Locality, Member
from services.membership.domain.importing import Finding, Import
from services.membership.store import members as members_store
from services.membership.store.tables import members
from services.membership.usecases import import_rows, importing
from services.membership.usecases import places as places_usecases
from tests.alone import HeldClock
from tests.unit.membership.people import CARE_HOMES, SOCIAL_CARE, an_id

CLOCK = HeldClock()
NOW = CLOCK()
OPERATOR = "operator"
HEADING = "name,email,job title,organisation,ODS code,localities,topics\n"
THREE = (
    HEADING + "Ann Example,home@oak.example,Nurse,Oak House,VN1,04K;04N,falls\n"
    "Ben Example,home@oak.example,Carer,Oak House,VN1,04K,\n"
    "Cy Example,cy@elm.example,,Elm House,,,hydration|falls\n"
)


def settle_in(db: Database) -> Database:
    """Two communities and two localities."""
    for community in (Community(CARE_HOMES, "Care homes"), Community(SOCIAL_CARE, "Social care")):
        places_usecases.put_community(db, community, asker=OPERATOR, now=NOW)
    for locality in (Locality("04K", "Nottingham City"), Locality("04N", "Rushcliffe")):
        places_usecases.put_locality(db, locality, asker=OPERATOR, now=NOW)
    return db


def work(db: Database) -> None:
    while import_rows.step(db, CLOCK) == 0.0:
        pass


def check(db: Database, text: str, number: int = 1, asker: Any = OPERATOR) -> Import:
    importing.check_import(db, an_id(number), community_id=CARE_HOMES, content=text.encode(), asker=asker, now=NOW)
    work(db)
    return look(db, number)


def look(db: Database, number: int = 1) -> Import:
    return importing.get_import(db, an_id(number), asker=OPERATOR, after=0, limit=100)[0]


def notices_of(db: Database, number: int) -> list[Finding]:
    return importing.get_import(db, an_id(number), asker=OPERATOR, after=0, limit=100)[2]


def bring_in(db: Database, text: str, number: int = 1, asker: Any = OPERATOR) -> Import:
    check(db, text, number, asker)
    importing.apply_import(db, an_id(number), asker=asker, now=NOW)
    work(db)
    return look(db, number)


def count(db: Database, table: Any) -> int:
    with db.read() as conn:
        return int(conn.scalar(select(func.count()).select_from(table)) or 0)


def named(db: Database, name: str) -> Member:
    with db.read() as conn:
        return next(iter(members_store.read(conn, select(members).where(members.c.name == name))))
