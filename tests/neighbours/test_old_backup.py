"""A county that lost its machine and was restored from an old backup: it signs no second history."""

import shutil
from pathlib import Path

from services.common.clock import utc_now
from services.node.backup import archive, restoring, saving
from services.node.backup.places import Place
from tests.neighbours.region import Neighbour, Region
from tests.waiting import until


def place_of(county: Neighbour) -> Place:
    """As far as these neighbours are real: their federation."""
    return Place("notts", {"federation": f"sqlite:///{county.folder / 'federation.db'}"}, {"federation": county.folder})


def backed_up(county: Neighbour, folder: Path) -> Path:
    """While it runs."""
    content, recipient = archive.new_key()
    (folder / "key").write_bytes(content)
    return saving.save(place_of(county), folder / "notts.age", recipient, utc_now()).path


def restored_elsewhere(county: Neighbour, file: Path) -> None:
    """With nothing left of what federation had."""
    county.stop()
    for lost in (*county.folder.glob("federation.db*"), county.folder / "keys", county.folder / "relay"):
        shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    identity = archive.identity_of(file.with_name("key"))
    with restoring.opened(file) as backup:
        contents = restoring.read(backup, identity, ["federation"])
        restoring.restore(backup, identity, contents, place_of(county), utc_now())
    county.start()


def test_a_county_restored_from_an_old_backup_is_itself_and_forks_nothing(region: Region, tmp_path: Path) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    before = notts.shelf.share("Before the backup", file=b"a file")
    until(lambda: region.hub.holds_of("notts") == (1, 1), "the hub holds it")
    who, file = notts.id, backed_up(notts, tmp_path)
    after = notts.shelf.share("After the backup")
    until(lambda: derbys.holds_of("notts") == (2, 2), "Derbyshire holds both")

    restored_elsewhere(notts, file)
    forked = notts.shelf.share("Would be a second history")
    until(lambda: notts.status.alarms, "an alarm stands on the status page")

    assert notts.id == who
    assert "restored from an old backup" in notts.status.alarms[0]
    assert not notts.status.signing
    for other in (region.hub, derbys):
        assert other.holds_of("notts") == (2, 2)
        assert [one.alarms for one in other.status.held if one.slug == "notts"] == [[]]
    assert {before, after} <= set(derbys.shelf.taken) and forked not in derbys.shelf.taken


def test_a_county_restored_from_its_newest_backup_goes_on_where_it_stopped(region: Region, tmp_path: Path) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    notts.shelf.share("Before the backup")
    until(lambda: region.hub.holds_of("notts") == (1, 1), "the hub holds it")

    restored_elsewhere(notts, backed_up(notts, tmp_path))
    later = notts.shelf.share("After the restore")

    until(lambda: derbys.holds_of("notts") == (2, 2), "what comes is taken everywhere")
    assert later in derbys.shelf.taken
    assert notts.status.alarms == []
