"""What is shared in one county is held by those it is for, and by nobody else."""

import os

from fosse.common.v1 import audience_pb2
from fosse.federation.v1 import federation_pb2 as pb
from services.federation.usecases import looking
from tests.neighbours.inside import alter_content, contents_of_puts, relayed_files, this_node
from tests.neighbours.region import Neighbour, Region
from tests.waiting import until

COMMUNITY, NAMED = audience_pb2.AUDIENCE_COMMUNITY, audience_pb2.AUDIENCE_NAMED_NODES


def quarantined(node: Neighbour) -> list[str]:
    return [aside.reason for aside in node.federation.ListQuarantine(pb.ListQuarantineRequest()).quarantined]


def test_what_a_county_shares_with_the_region_reaches_the_hub_and_every_county_with_its_file(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")

    leaflet = notts.shelf.share("Drinks that residents like", file=b"%PDF the leaflet")

    until(lambda: derbys.shelf.holds(leaflet, "Drinks that residents like"), "Derbyshire holds the leaflet")
    until(lambda: b"%PDF the leaflet" in derbys.shelf.taken_files.values(), "Derbyshire holds its file")
    until(lambda: region.hub.shelf.holds(leaflet, "Drinks that residents like"), "the hub holds the leaflet")
    until(lambda: derbys.holds_of("notts") == (1, 1), "Derbyshire says: 1 of 1")


def test_a_newcomer_receives_all_that_was_shared_before_it_came(region: Region) -> None:
    notts = region.county("notts", "Nottinghamshire")
    before = [notts.shelf.share(f"Leaflet {number}", file=b"%d" % number) for number in range(12)]
    until(lambda: region.hub.holds_of("notts") == (12, 12), "the hub holds 12 of 12")

    leics = region.county("leics", "Leicestershire")

    until(lambda: leics.holds_of("notts") == (12, 12), "Leicestershire holds 12 of 12")
    until(lambda: len(leics.shelf.taken_files) == 12, "and their 12 files")
    assert set(leics.shelf.taken) == set(before)


def test_a_withdrawn_item_and_its_file_vanish_from_every_node_while_the_stream_goes_on(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    recalled = notts.shelf.share("Canary-withdrawn", file=b"canary file")
    until(lambda: derbys.shelf.taken_files, "Derbyshire holds the item and its file")

    notts.shelf.withdraw(recalled)
    until(lambda: recalled not in derbys.shelf.taken, "Derbyshire no longer holds the item")
    later = notts.shelf.share("Something else")

    until(lambda: later in derbys.shelf.taken, "the stream goes on")
    until(lambda: derbys.holds_of("notts") == (1, 1), "Derbyshire says: 1 of 1")
    until(lambda: not any(map(relayed_files, (notts, region.hub, derbys))), "the file is on no disk")
    for node in (notts, region.hub, derbys):
        assert contents_of_puts(node, recalled) == [b""], node.settings.slug


def test_an_item_for_named_counties_is_read_by_those_alone_and_not_by_the_hub(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    leics = region.county("leics", "Leicestershire")

    named = notts.shelf.share("Canary-named", NAMED, nodes=(derbys.id,), file=b"Canary-file" * 20_000)
    everybody = notts.shelf.share("For all")

    until(lambda: derbys.shelf.holds(named, "Canary-named"), "Derbyshire reads it")
    until(lambda: b"Canary-file" * 20_000 in derbys.shelf.taken_files.values(), "and its file")
    until(lambda: everybody in leics.shelf.taken, "Leicestershire is up to date")
    assert named not in leics.shelf.taken
    assert named not in region.hub.shelf.taken
    for node in (region.hub, leics):
        found = [path for path, content in node.bytes_on_disk() if b"Canary-" in content]
        assert found == []
    until(lambda: derbys.holds_of("notts") == (2, 2), "Derbyshire says: 2 of 2")
    until(lambda: leics.holds_of("notts") == (1, 1), "Leicestershire says: 1 of 1")


def test_narrowing_the_audience_takes_the_item_from_those_it_is_no_longer_for(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    leics = region.county("leics", "Leicestershire")
    item = notts.shelf.share("First for all")
    until(lambda: item in derbys.shelf.taken and item in leics.shelf.taken, "both hold it")

    notts.shelf.share("Then for one", NAMED, item=item, nodes=(derbys.id,))

    until(lambda: item not in leics.shelf.taken, "Leicestershire lets it go")
    until(lambda: derbys.shelf.holds(item, "Then for one"), "Derbyshire reads the new version")
    notts.shelf.share("At home again", COMMUNITY, item=item)
    until(lambda: item not in derbys.shelf.taken, "Derbyshire lets it go")
    notts.shelf.share("For all again", item=item)
    until(lambda: leics.shelf.holds(item, "For all again"), "Leicestershire holds it once more")
    until(lambda: derbys.shelf.holds(item, "For all again"), "and Derbyshire")


def test_what_a_service_refuses_is_set_aside_with_its_reason_and_the_rest_goes_on(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    derbys.shelf.refuses.add("Not for us")

    notts.shelf.share("Not for us")
    wanted = notts.shelf.share("For us")

    until(lambda: wanted in derbys.shelf.taken, "the next item arrives")
    until(lambda: quarantined(derbys) == ["Not wanted here."], "the first is set aside")
    until(lambda: derbys.holds_of("notts") == (1, 2), "Derbyshire says: 1 of 2")


def test_where_an_item_comes_from_is_proved_anew_from_the_bytes_that_were_kept(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    public = notts.shelf.share("For everybody", audience_pb2.AUDIENCE_PUBLIC)
    until(lambda: public in derbys.shelf.taken, "Derbyshire holds it")

    shown = derbys.web.GetProvenance(pb.GetProvenanceRequest(item_id=public))

    assert (shown.origin.slug, shown.item_version, shown.signature_valid) == ("notts", 1, True)
    own = notts.web.GetProvenance(pb.GetProvenanceRequest(item_id=public))
    assert (own.origin.self, own.signature_valid, own.entry_hash) == (True, True, shown.entry_hash)
    alter_content(derbys, public)
    assert not derbys.web.GetProvenance(pb.GetProvenanceRequest(item_id=public)).signature_valid


def test_a_county_reads_who_will_hold_a_copy_before_it_publishes(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    node = this_node(notts)

    _, named = looking.preview(node, NAMED, [derbys.id])
    nodes, wide = looking.preview(node, audience_pb2.AUDIENCE_REGION, [])
    nobody, home = looking.preview(node, COMMUNITY, [])

    assert named == "Derbyshire will hold a copy. The hub passes it on sealed. It will never be public."
    assert [each.slug for each in nodes] == ["derbys", "hub"]
    assert wide.startswith("Derbyshire and East Midlands will hold a copy, and so will each node that joins")
    assert (nobody, "never leave this node" in home) == ([], True)


def test_a_large_file_arrives_whole(region: Region) -> None:
    notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
    film = os.urandom(3_000_000)

    notts.shelf.share("A film", file=film)

    until(lambda: film in derbys.shelf.taken_files.values(), "Derbyshire holds the film")
    until(lambda: not relayed_files(derbys), "and keeps it once, with the service that owns it")
