"""A county leaves its region: nothing is exchanged any more, what it shared stays or is taken back; it may return."""

import pytest
from click.testing import CliRunner, Result

from fosse.common.v1.housekeeping_pb2 import ListAuditRequest
from fosse.common.v1.housekeeping_pb2_grpc import HousekeepingStub
from fosse.federation.v1 import entry_pb2
from fosse.federation.v1 import federation_pb2 as pb
from services.common.channels import Channels
from services.common.errors import Conflict
from services.common.wires import Sockets
from services.node.cli import fosse
from services.node.folder import Folder
from tests.neighbours.region import Neighbour, Region
from tests.waiting import until

LEFT, LEAVING = pb.ENROLMENT_STATE_LEFT, pb.ENROLMENT_STATE_LEAVING


def leave(county: Neighbour, *, withdraw: bool = False) -> None:
    county.federation.LeaveRegion(pb.LeaveRegionRequest(withdraw=withdraw))


def gone(county: Neighbour) -> None:
    until(lambda: county.status.enrolment == LEFT, "the county has left")


def status_of(seen_by: Neighbour, slug: str) -> int:
    return next(one.status for one in seen_by.status.held if one.slug == slug)


def audited(node: Neighbour) -> list[tuple[str, str]]:
    channels = Channels(Sockets(node.run_dir), "operator")
    try:
        stub = channels.stub(HousekeepingStub, "federation", 5.0)
        return [(row.actor, row.action) for row in stub.ListAudit(ListAuditRequest()).rows]
    finally:
        channels.close()


def test_what_a_county_shared_stays_marked_and_nothing_is_exchanged_any_more(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    leaflet = notts.shelf.share("Before it left")
    until(lambda: derbys.shelf.holds(leaflet, "Before it left"), "Derbyshire holds it")

    leave(notts)
    gone(notts)
    until(lambda: status_of(derbys, "notts") == entry_pb2.NODE_STATUS_LEFT, "Derbyshire knows that it left")
    after, theirs = notts.shelf.share("After it left"), derbys.shelf.share("Of Derbyshire")
    until(lambda: region.hub.shelf.holds(theirs, "Of Derbyshire"), "Derbyshire shares as before")

    assert derbys.shelf.holds(leaflet, "Before it left")
    assert theirs not in notts.shelf.taken and after not in region.hub.shelf.taken
    assert (notts.status.signing, notts.status.problem, len(notts.status.alarms)) == (False, "", 0)
    told = region.hub.status.alarms
    assert len(told) == 1 and told[0].startswith("Nottinghamshire left the region on ")
    assert ("operator", "asked to leave the region") in audited(notts)
    assert ("node", "left the region") in audited(region.hub)


def test_what_is_withdrawn_goes_also_where_a_neighbour_was_away_meanwhile(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    mine = [notts.shelf.share(f"Leaflet {number}") for number in range(3)]
    until(lambda: all(item in derbys.shelf.taken for item in mine), "Derbyshire holds them")
    derbys.stop()

    leave(notts, withdraw=True)
    gone(notts)
    until(lambda: not set(mine) & set(region.hub.shelf.taken), "the hub holds none")
    derbys.start()

    until(lambda: not set(mine) & set(derbys.shelf.taken), "nor does Derbyshire")
    assert derbys.holds_of("notts") == (0, 0)


def test_a_county_whose_hub_is_away_leaves_when_it_is_back_also_after_a_restart(region: Region) -> None:
    notts = region.county("notts", "Nottinghamshire")
    region.hub.stop()

    leave(notts)
    until(lambda: "does not answer" in notts.status.problem, "the status says why it takes long")
    assert notts.status.enrolment == LEAVING
    notts.stop()
    notts.start()
    region.hub.start()

    gone(notts)


def test_who_left_joins_again_with_a_new_code_and_shares_as_before(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    old = notts.shelf.share("Before")
    until(lambda: derbys.shelf.holds(old, "Before"), "Derbyshire holds it")
    leave(notts, withdraw=True)
    gone(notts)
    until(lambda: old not in derbys.shelf.taken, "it was taken back")

    region.enrol(notts)
    until(lambda: notts.status.signing, "Nottinghamshire may sign again")
    notts.shelf.share("After", item=old)
    theirs = derbys.shelf.share("Of Derbyshire")

    until(lambda: derbys.shelf.holds(old, "After"), "Derbyshire holds the new version")
    until(lambda: notts.shelf.holds(theirs, "Of Derbyshire"), "Nottinghamshire holds theirs")
    until(lambda: status_of(derbys, "notts") == entry_pb2.NODE_STATUS_ACTIVE, "nothing is marked any more")
    assert not region.hub.status.alarms


def test_who_is_in_no_region_or_is_the_hub_has_none_to_leave(region: Region) -> None:
    with pytest.raises(Conflict, match="is in no region"):
        leave(region.stranger("notts", "Nottinghamshire"))
    with pytest.raises(Conflict, match="is the region's hub"):
        leave(region.hub)


def test_the_command_asks_for_the_countys_name_first(region: Region) -> None:
    notts = region.county("notts", "Nottinghamshire")
    folder = Folder(notts.folder)
    with folder.held():
        folder.tell(run_dir=str(notts.run_dir))

        mistyped = told(notts, said="Derbyshire\n")
        assert mistyped.exit_code == 1 and "Nothing was changed" in mistyped.output, mistyped.output
        assert notts.status.enrolment == pb.ENROLMENT_STATE_ENROLLED

        left = told(notts, "--withdraw", said="Nottinghamshire\n")
        assert left.exit_code == 0 and "Nottinghamshire has left the region." in left.output, left.output
        assert "What others hold of it is taken back." in left.output
        again = told(notts, "--county", "Nottinghamshire")
        assert again.exit_code == 1 and "is in no region" in again.output, again.output


def told(county: Neighbour, *options: str, said: str = "") -> Result:
    return CliRunner().invoke(fosse, ["leave", "--data", str(county.folder), *options], input=said)
