"""Promise 33: at the hub's door a caller is who its certificate of the region says, and has its key."""

from pathlib import Path
from typing import Any

import grpc

from fosse.federation.v1.door_pb2 import MissingFilesRequest
from fosse.federation.v1.door_pb2_grpc import DoorStub
from services.common.wires import IDENTITY
from services.federation.door import servicer
from tests.databases import SqliteDatabases
from tests.doors import OpenDoor, a_door
from tests.federations import a_region, spki_of
from tests.promises.planted import Bug, planted
from tests.promises.promise import promise
from tests.tls_services import prepared

SEED = 33


def strangers(opened: OpenDoor, folder: Path) -> dict[str, grpc.ChannelCredentials | None]:
    """Each with what is wrong with it."""
    trusted, ours = opened.files(opened.county)
    inside = (prepared(folder / "node").folder / "federation" / IDENTITY).read_bytes()
    elsewhere = OpenDoor(a_region(opened.region.make, folder / "elsewhere"), opened.county, opened.port)
    theirs = elsewhere.files(elsewhere.region.county("notts"))[1]
    shown = {"a process of a node": inside, "another region's": theirs, "both, another's first": theirs + ours}
    return {
        "no TLS": None,
        "no certificate": grpc.ssl_channel_credentials(trusted),
        **{name: grpc.ssl_channel_credentials(trusted, each, each) for name, each in shown.items()},
    }


def answered(opened: OpenDoor, shown: grpc.ChannelCredentials | None) -> bool:
    address = f"localhost:{opened.port}"
    with grpc.secure_channel(address, shown) if shown else grpc.insecure_channel(address) as channel:
        try:
            DoorStub(channel).MissingFiles(MissingFilesRequest(), timeout=5)
        except grpc.RpcError as error:
            assert isinstance(error, grpc.Call) and error.code() is grpc.StatusCode.UNAVAILABLE, error
            return False
    return True


def unasked(sound: Any) -> Any:
    return lambda pairs, **_asking: sound(pairs)


NOT_ASKED: Bug = (grpc, "ssl_server_credentials", unasked(grpc.ssl_server_credentials))


def test_nobody_but_a_county_of_the_region_gets_an_answer(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    with a_door(tmp_path / "sound", sqlite_databases) as opened:
        bad = strangers(opened, tmp_path / "sound" / "strangers")
        found = [name for name, shown in bad.items() if answered(opened, shown)]
        trusted, identity = opened.files(opened.county)
        good = answered(opened, grpc.ssl_channel_credentials(trusted, identity, identity))
    with planted(NOT_ASKED), a_door(tmp_path / "planted", sqlite_databases) as opened:
        key = spki_of(opened.county)
        # Whoever shows nothing is taken for the county that joined last.
        with planted((servicer, "_spki", lambda context: key)):
            theirs = strangers(opened, tmp_path / "planted" / "strangers")
            caught = [name for name, shown in theirs.items() if answered(opened, shown)]

    figures = f"identities={len(bad)} accepted={len(found)} good={int(good)} planted[nobody is asked]={len(caught)}"
    promise(33, "region", "bad identities at the door", not found and good and bool(caught), figures, SEED)
