"""A hub that is down, a refused certificate, a wrong clock, an old backup: a clear sentence, and nothing lost."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from fosse.federation.v1 import entry_pb2
from services.common.clock import utc_now
from services.federation import authority
from services.federation.domain.standing import Standing
from services.federation.store import standing
from services.federation.usecases import standing as joining
from tests.neighbours.inside import this_node
from tests.neighbours.region import Neighbour, Region
from tests.waiting import until


def test_while_the_hub_is_down_a_county_goes_on_and_everything_arrives_when_it_is_back(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")

    region.hub.stop()
    leaflet = notts.shelf.share("Written meanwhile", file=b"a file")
    until(lambda: notts.status.unsent == 1, "one entry waits to be sent")
    until(lambda: "does not answer" in notts.status.problem, "the status page says why")
    region.hub.start()

    until(lambda: derbys.shelf.holds(leaflet, "Written meanwhile"), "Derbyshire holds it")
    until(lambda: b"a file" in derbys.shelf.taken_files.values(), "and its file")
    until(lambda: (notts.status.unsent, notts.status.problem) == (0, ""), "nothing waits any more")


def test_a_county_that_starts_without_its_hub_signs_nothing_until_heads_were_compared(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    notts.stop()
    region.hub.stop()

    notts.start()
    leaflet = notts.shelf.share("Written alone")
    until(lambda: "does not answer" in notts.status.problem, "the status page says why")
    assert (notts.status.signing, notts.status.unsent) == (False, 0)
    region.hub.start()

    until(lambda: derbys.shelf.holds(leaflet, "Written alone"), "Derbyshire holds it")


def test_a_county_restored_from_an_old_backup_signs_nothing_and_says_what_to_do(region: Region) -> None:
    notts = region.county("notts", "Nottinghamshire")
    notts.shelf.share("Before the backup")
    until(lambda: region.hub.holds_of("notts") == (1, 1), "the hub holds it")
    notts.stop()
    old = _copied(notts.folder / "federation.db")
    notts.start()
    notts.shelf.share("After the backup")
    until(lambda: region.hub.holds_of("notts") == (2, 2), "the hub holds both")
    notts.stop()
    shutil.copy(old, notts.folder / "federation.db")

    notts.start()
    forked = notts.shelf.share("Would be a second history")
    until(lambda: notts.status.alarms, "an alarm stands on the status page")

    assert "restored from an old backup" in notts.status.alarms[0]
    assert not notts.status.signing
    assert forked not in region.hub.shelf.taken
    assert region.hub.holds_of("notts") == (2, 2)


def test_a_hub_restored_from_an_old_backup_is_given_again_what_it_lost(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    notts.shelf.share("Before the backup")
    until(lambda: region.hub.holds_of("notts") == (1, 1), "the hub holds it")
    region.hub.stop()
    old = _copied(region.hub.folder / "federation.db")
    region.hub.start()
    notts.shelf.share("After the backup")
    until(lambda: derbys.holds_of("notts") == (2, 2), "Derbyshire holds both")
    region.hub.stop()
    shutil.copy(old, region.hub.folder / "federation.db")

    region.hub.start()
    until(lambda: region.hub.holds_of("notts") == (2, 2), "the hub holds both again")
    later = notts.shelf.share("After the restore")

    until(lambda: later in derbys.shelf.taken, "and passes on what comes")
    assert derbys.status.held[0].alarms == []


def test_a_certificate_that_the_hub_did_not_sign_opens_nothing_and_the_county_reads_why(region: Region) -> None:
    notts = region.county("notts", "Nottinghamshire")
    stranger = authority.load_or_create(notts.folder / "elsewhere", utc_now())
    request = this_node(notts).keys.certificate_request()

    _restart(notts, lambda known: replace(known, certificate=stranger.sign_request(request, known.node_id, utc_now())))

    until(lambda: "refuses this node's certificate" in notts.status.problem, "the sentence names the certificate")
    assert not notts.status.signing


def test_a_hub_that_shows_another_certificate_is_not_believed(region: Region) -> None:
    notts = region.county("notts", "Nottinghamshire")
    stranger = authority.load_or_create(notts.folder / "elsewhere", utc_now())

    _restart(notts, lambda known: replace(known, authority=stranger.der))

    until(lambda: "does not show the hub's certificate" in notts.status.problem, "the sentence names the hub")


def test_a_suspended_county_reads_that_it_is_suspended_and_receives_nothing(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    hub = this_node(region.hub)

    def suspend(nodes: list[entry_pb2.RegisteredNode]) -> None:
        for node in nodes:
            if node.slug == "derbys":
                node.status = entry_pb2.NODE_STATUS_SUSPENDED

    with region.hub.db.write() as conn:
        joining.change_registry(conn, hub.signer, suspend, utc_now())
    until(lambda: "suspended" in derbys.status.problem, "Derbyshire reads why")
    later = notts.shelf.share("After the suspension")
    until(lambda: later in region.hub.shelf.taken, "the hub holds it")

    assert later not in derbys.shelf.taken


def test_a_county_whose_clock_is_years_ahead_reads_that_its_clock_is_wrong(region: Region) -> None:
    notts = region.county("notts", "Nottinghamshire")

    notts.stop()
    notts.clock = _ahead(timedelta(days=800))
    notts.start()

    until(lambda: notts.status.problem or notts.status.alarms, "the status page says something")
    said = " ".join([notts.status.problem, *notts.status.alarms])
    assert "clock" in said


def test_a_county_whose_clock_is_an_hour_behind_goes_on_and_is_told(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    notts.stop()
    notts.clock = _ahead(timedelta(hours=-1))

    notts.start()
    leaflet = notts.shelf.share("Dated an hour ago")

    until(lambda: leaflet in derbys.shelf.taken, "Derbyshire holds it")
    until(lambda: "differ by 60 minutes" in notts.status.problem, "Nottinghamshire is told")


def _ahead(by: timedelta) -> Callable[[], datetime]:
    return lambda: utc_now() + by


def _copied(path: Path) -> Path:
    return Path(shutil.copy(path, path.with_suffix(".backup")))


def _restart(county: Neighbour, change: Callable[[Standing], Standing]) -> None:
    with county.db.write() as conn:
        known = standing.get(conn)
        assert known
        standing.save(conn, change(known))
    county.stop()
    county.start()
