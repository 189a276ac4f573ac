"""A county joins with a one-time code, after two people compared the same words."""

import pytest

from fosse.federation.v1 import federation_pb2 as pb
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.common.ids import new_id
from tests.neighbours.region import Neighbour, Region
from tests.waiting import until


def a_code(region: Region) -> str:
    return region.hub.federation.CreateEnrolmentCode(pb.CreateEnrolmentCodeRequest(id=new_id())).code


def ask(region: Region, county: Neighbour, code: str) -> None:
    county.federation.RequestEnrolment(pb.RequestEnrolmentRequest(hub_address=region.address, code=code))


def test_both_screens_show_the_same_words_and_the_county_is_in_once_they_are_confirmed(region: Region) -> None:
    notts = region.stranger("notts", "Nottinghamshire")
    ask(region, notts, a_code(region))
    until(lambda: region.newcomer(notts), "the hub shows the newcomer")
    newcomer = region.newcomer(notts)
    assert newcomer

    assert newcomer.fingerprint_words == notts.status.fingerprint_words
    assert len(newcomer.fingerprint_words.split()) == 8
    assert notts.status.enrolment == pb.ENROLMENT_STATE_ASKED
    approval = pb.ApproveNewcomerRequest(
        enrolment_id=newcomer.enrolment_id, fingerprint_words=newcomer.fingerprint_words.upper()
    )
    region.hub.federation.ApproveNewcomer(approval)

    until(lambda: notts.status.enrolment == pb.ENROLMENT_STATE_ENROLLED, "Nottinghamshire is in")
    until(lambda: notts.status.signing, "and may sign")
    nodes = notts.federation.ListNodes(pb.ListNodesRequest()).nodes
    assert [(node.slug, node.hub, node.self) for node in nodes] == [("hub", True, False), ("notts", False, True)]


def test_other_words_than_the_county_shows_let_nobody_in(region: Region) -> None:
    notts = region.stranger("notts", "Nottinghamshire")
    ask(region, notts, a_code(region))
    until(lambda: region.newcomer(notts), "the hub shows the newcomer")
    newcomer = region.newcomer(notts)
    assert newcomer

    with pytest.raises(NotAllowed, match="not the words"):
        region.hub.federation.ApproveNewcomer(
            pb.ApproveNewcomerRequest(enrolment_id=newcomer.enrolment_id, fingerprint_words="some other words")
        )

    assert region.newcomer(notts)
    assert notts.status.enrolment == pb.ENROLMENT_STATE_ASKED


def test_a_code_lets_one_county_ask_once(region: Region) -> None:
    notts, derbys = region.stranger("notts", "Nottinghamshire"), region.stranger("derbys", "Derbyshire")
    code = a_code(region)
    ask(region, notts, code)
    until(lambda: region.newcomer(notts), "the hub shows the newcomer")

    ask(region, derbys, code)

    until(lambda: derbys.status.enrolment == pb.ENROLMENT_STATE_DECLINED, "Derbyshire is refused")
    assert "was used before" in derbys.status.problem
    assert region.newcomer(derbys) is None


def test_a_county_that_is_turned_away_reads_so_and_may_ask_again(region: Region) -> None:
    notts = region.stranger("notts", "Nottinghamshire")
    ask(region, notts, a_code(region))
    until(lambda: region.newcomer(notts), "the hub shows the newcomer")
    newcomer = region.newcomer(notts)
    assert newcomer

    region.hub.federation.DeclineNewcomer(pb.DeclineNewcomerRequest(enrolment_id=newcomer.enrolment_id))

    until(lambda: "turned this node away" in notts.status.problem, "Nottinghamshire reads it")
    region.enrol(notts)
    until(lambda: notts.status.signing, "and is let in the second time")


def test_two_nodes_cannot_have_the_same_short_name(region: Region) -> None:
    region.county("notts", "Nottinghamshire")
    other = region.stranger("notts2", "Nottingham City")
    other.stop()
    other.rename("notts")
    other.start()

    with pytest.raises(Conflict, match="called notts already"):
        region.enrol(other)


def test_the_code_never_goes_over_plain_http_to_another_machine(region: Region) -> None:
    notts = region.stranger("notts", "Nottinghamshire")

    with pytest.raises(Invalid, match="must begin with https"):
        notts.federation.RequestEnrolment(pb.RequestEnrolmentRequest(hub_address="http://hub.example", code="X"))

    assert notts.status.enrolment == pb.ENROLMENT_STATE_ALONE


def test_an_enrolled_county_does_not_lose_its_region_by_asking_again(region: Region) -> None:
    notts = region.county("notts", "Nottinghamshire")

    with pytest.raises(Conflict, match="enrolled already"):
        ask(region, notts, a_code(region))


def test_a_county_is_no_hub(region: Region) -> None:
    notts = region.stranger("notts", "Nottinghamshire")

    with pytest.raises(NotFound, match="not a hub"):
        notts.federation.CreateEnrolmentCode(pb.CreateEnrolmentCodeRequest(id=new_id()))
