"""Puts membership together."""

import ssl
from collections.abc import Sequence

from fosse.membership.v1 import (
    directory_pb2_grpc,
    importing_pb2_grpc,
    joining_pb2_grpc,
    links_pb2_grpc,
    standing_pb2_grpc,
)
from fosse.membership.v1 import membership_pb2_grpc as pb_grpc
from services.common.bus import Consumer
from services.common.clock import Clock
from services.common.database import Database
from services.common.loops import Loop
from services.common.service import Floor, Service, add_to
from services.common.settings import BadSetting
from services.common.timetable import Job
from services.membership.consumer import NAME, consumer
from services.membership.keys import InvitationCodes, LinkCodes, PassKeyRing
from services.membership.provider import Provider
from services.membership.provider_keys import HttpKeys, ProviderKeys
from services.membership.rpc import Directory, Importing, Joining, Links, Membership, Standing
from services.membership.settings import Settings
from services.membership.store.tables import METADATA
from services.membership.usecases import import_rows, importing, joining, sign_ins


def build(floor: Floor, settings: Settings) -> Service:
    provider = _provider(settings)
    keys = floor.data_dir / "keys"
    ring = PassKeyRing(keys / "pass.key", floor.clock)
    servicer = Membership(
        floor.db,
        floor.clock,
        provider=provider,
        ring=ring,
        codes=InvitationCodes(keys / "invitation.key"),
    )
    links = Links(floor.db, floor.clock, ring=ring, codes=LinkCodes(keys / "link.key"))
    return Service(
        NAME,
        [
            add_to(pb_grpc.add_MembershipServicer_to_server, servicer),
            add_to(links_pb2_grpc.add_LinksServicer_to_server, links),
            add_to(directory_pb2_grpc.add_DirectoryServicer_to_server, Directory(floor.db, floor.clock)),
            add_to(importing_pb2_grpc.add_ImportingServicer_to_server, Importing(floor.db, floor.clock)),
            add_to(joining_pb2_grpc.add_JoiningServicer_to_server, Joining(floor.db, floor.clock, provider)),
            add_to(standing_pb2_grpc.add_StandingServicer_to_server, Standing(floor.db, floor.clock)),
        ],
        METADATA,
        consumers=_consumers(floor.db, settings),
        parts=[_Moving(floor, settings)],
        jobs=_jobs(floor.db),
        loops=[ring.loop(), _imports(floor.db, floor.clock)],
    )


class _Moving:
    """At each start: does nothing once it is done."""

    def __init__(self, floor: Floor, settings: Settings) -> None:
        self._floor = floor
        self._before, self._issuer = settings.former_issuer, settings.issuer

    def start(self) -> None:
        if self._before:
            sign_ins.move(self._floor.db, self._before, self._issuer, now=self._floor.clock())

    def stop(self) -> None:
        """Nothing of it runs."""


def _consumers(db: Database, settings: Settings) -> Sequence[Consumer]:
    if not settings.accounts:
        return ()
    if settings.accounts_secret_file is None:
        raise BadSetting("Set FOSSE_MEMBERSHIP_ACCOUNTS_SECRET_FILE too: Keycloak knows membership by what is in it.")
    # Here, because most nodes in one process never need it and it is large.
    from services.membership.accounts import Accounts

    realm = settings.issuer.rpartition("/")[2]
    accounts = Accounts(settings.accounts, realm, settings.accounts_secret_file, settings.provider_ca)
    return [consumer(db, settings.issuer, accounts.put)]


def _jobs(db: Database) -> dict[str, Job]:
    return {
        importing.FORGET: lambda row: importing.forget_old(db, row.key),
        joining.FORGET: lambda row: joining.forget_old(db, row.key),
    }


def _imports(db: Database, clock: Clock) -> Loop:
    loop = Loop("imports", lambda: import_rows.step(db, clock, lambda: loop.ending))
    db.when(importing.WAITING, loop.wake)
    return loop


def _provider(settings: Settings) -> Provider:
    trusted = ssl.create_default_context(cafile=settings.provider_ca) if settings.provider_ca else None
    fetch = HttpKeys(settings.issuer, settings.jwks_uri, trusted)
    return Provider(settings.issuer, settings.audience, ProviderKeys(fetch))
