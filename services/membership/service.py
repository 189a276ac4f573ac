"""Puts membership together."""

import ssl

from fosse.membership.v1 import membership_pb2_grpc as pb_grpc
from services.common.service import Floor, Service, add_to
from services.membership.keys import InvitationCodes, PassKeyRing
from services.membership.provider import Provider
from services.membership.provider_keys import HttpKeys, ProviderKeys
from services.membership.rpc import Membership
from services.membership.settings import Settings
from services.membership.store.tables import METADATA

NAME = "membership"


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
    return Service(
        NAME,
        [add_to(pb_grpc.add_MembershipServicer_to_server, servicer)],
        METADATA,
        loops=[ring.loop()],
    )


def _provider(settings: Settings) -> Provider:
    trusted = ssl.create_default_context(cafile=settings.provider_ca) if settings.provider_ca else None
    fetch = HttpKeys(settings.issuer, settings.jwks_uri, trusted)
    return Provider(settings.issuer, settings.audience, ProviderKeys(fetch))
