"""A county whose network lets nothing out but through a proxy joins and shares by it, and says what is in the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fosse.federation.v1 import federation_pb2 as pb
from services.common.ids import new_id
from services.common.settings import BadSetting
from services.federation.sync.proxy import proxy_of
from tests.neighbours.connect_proxy import ConnectProxy
from tests.neighbours.region import Neighbour, Region
from tests.waiting import until

# Signs that mean something in an address must reach the proxy as they are.
CREDENTIALS = "fosse:p@ss/w:rd%41"


@pytest.fixture
def proxy() -> Iterator[ConnectProxy]:
    made = ConnectProxy(CREDENTIALS)
    yield made
    made.end()


def behind(region: Region, proxy: ConnectProxy, tmp_path: Path, credentials: str = CREDENTIALS) -> Neighbour:
    file = tmp_path / "credentials"
    file.write_text(f"{credentials}\n")
    return region.stranger("notts", "Nottinghamshire", proxy=proxy.address, proxy_credentials_file=file)


def places(region: Region) -> tuple[str, str]:
    """The hub's web address and its door, as they are dialled."""
    return region.address.removeprefix("http://"), region.hub.settings.door_listen


def test_a_county_joins_and_shares_through_its_proxy_and_by_no_other_way(
    region: Region, proxy: ConnectProxy, tmp_path: Path
) -> None:
    web, door = places(region)
    proxy.allowed = {web, door}
    derbys, notts = region.county("derbys", "Derbyshire"), behind(region, proxy, tmp_path)

    region.enrol(notts)
    leaflet = notts.shelf.share("By proxy", file=b"a file")
    until(lambda: derbys.shelf.holds(leaflet, "By proxy"), "Derbyshire holds it")
    until(lambda: b"a file" in derbys.shelf.taken_files.values(), "and its file")
    assert (proxy.reached, proxy.refused) == ({web, door}, set())

    proxy.allowed = {web}
    proxy.cut()
    later = notts.shelf.share("While the door is not allowed")
    until(lambda: "opens no way" in notts.status.problem, "the status says what is in the way")
    assert f"opens no way to {door}. It said: 403 Forbidden." in notts.status.problem
    assert proxy.refused == {door} and later not in derbys.shelf.taken

    proxy.allowed = {web, door}
    until(lambda: derbys.shelf.holds(later, "While the door is not allowed"), "what waited has arrived")
    until(lambda: notts.status.problem == "", "nothing is in the way any more")


def test_a_proxy_that_is_away_and_one_that_wants_other_credentials_are_told_apart(
    region: Region, proxy: ConnectProxy, tmp_path: Path
) -> None:
    proxy.allowed = set(places(region))
    notts = behind(region, proxy, tmp_path, "fosse:wrong")
    code = region.hub.federation.CreateEnrolmentCode(pb.CreateEnrolmentCodeRequest(id=new_id())).code
    notts.federation.RequestEnrolment(pb.RequestEnrolmentRequest(hub_address=region.address, code=code))

    until(lambda: "wants another name and password" in notts.status.problem, "the proxy refuses the county")
    assert region.hub.status.newcomers == [] and "wrong" not in notts.status.problem
    proxy.end()
    until(lambda: "does not answer" in notts.status.problem, "the proxy is away")

    assert notts.status.problem.startswith(f"The proxy at {proxy.address.removeprefix('http://')} (FOSSE_FEDERATION")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("https://proxy.example:3128", "http://proxy.example:3128"),
        ("http://proxy.example", "http://proxy.example:3128"),
        ("http://proxy.example:port", "http://proxy.example:3128"),
        ("http://me:secret@proxy.example:3128", "FOSSE_FEDERATION_PROXY_CREDENTIALS_FILE"),
    ],
)
def test_what_is_no_proxy_is_refused_when_the_node_starts(address: str, said: str) -> None:
    with pytest.raises(BadSetting, match=said) as refused:
        proxy_of(address, None)

    assert "secret" not in str(refused.value)


def test_an_empty_file_of_credentials_is_none(tmp_path: Path) -> None:
    found = proxy_of("http://proxy.example:3128", Path("/dev/null"))

    assert found and found.headers == {} and proxy_of("", None) is None
