"""How far a county's audit trail reaches is kept at the hub, and comes back to whoever asks."""

from sqlalchemy import delete, update

from fosse.federation.v1 import entry_pb2
from fosse.federation.v1 import federation_pb2 as pb
from services.common import audit, audit_chain
from services.common.clock import utc_now
from services.federation.domain.audit_heads import misfits, turns, verify_with_key
from services.federation.store.tables import audit_heads
from tests.neighbours.region import Neighbour, Region
from tests.waiting import until


def heads(node: Neighbour, of: str = "") -> list[entry_pb2.AuditHeadStatement]:
    found = node.federation.ListAuditHeads(pb.ListAuditHeadsRequest(node_id=of))
    return [entry_pb2.AuditHeadStatement.FromString(head.statement) for head in found.heads]


def asked(node: Neighbour) -> pb.ListAuditHeadsResponse:
    """The answer of a round that is made now."""
    before = node.federation.TakeAuditHeads(pb.TakeAuditHeadsRequest()).asked

    def answer() -> pb.ListAuditHeadsResponse:
        return node.federation.ListAuditHeads(pb.ListAuditHeadsRequest())

    until(lambda: answer().asked > before, "heads are taken")
    return answer()


def do_something(node: Neighbour, action: str = "looked") -> None:
    with node.db.write() as conn:
        audit.add(conn, "operator", action, node.id, utc_now())
    until(lambda: unsealed(node) == 0, "it is sealed")


def unsealed(node: Neighbour) -> int:
    with node.db.read() as conn:
        return audit.unsealed(conn).rows


def test_what_a_county_signed_of_its_trail_lies_at_the_hub_and_names_nobody(region: Region) -> None:
    notts = region.county("notts", "Nottinghamshire")
    do_something(notts)

    answer = asked(notts)

    own = heads(notts)
    assert own[-1].service == "federation" and own[-1].count >= 2
    assert heads(region.hub, notts.id) == own
    assert verify_with_key(answer.heads[-1], answer.public_key) == own[-1]
    assert answer.HasField("compared_at") and answer.problem.startswith("No answer from evaluation")
    # Nothing is signed twice that did not change.
    asked(notts)
    assert heads(notts) == own


def test_a_head_removed_at_the_county_comes_back_from_the_hub_and_a_chain_written_anew_shows(region: Region) -> None:
    notts = region.county("notts", "Nottinghamshire")
    do_something(notts)
    asked(notts)
    told = heads(notts)

    with notts.db.write() as conn:
        conn.execute(delete(audit_heads))
        conn.execute(delete(audit_chain.chain))
        conn.execute(update(audit.audit).values(sealed=False))
    with notts.db.write() as conn:
        conn.execute(update(audit.audit).where(audit.audit.c.action == "looked").values(action="never looked"))
    until(lambda: unsealed(notts) == 0, "the chain is written anew")
    asked(notts)

    with notts.db.read() as conn:
        assert audit_chain.verify(conn).broken_at is None
        seals = audit_chain.seals_at(conn, [told[-1].count])
    assert told[-1] in heads(notts)
    assert "some row up to there was changed" in misfits([told[-1]], seals)[0]
    # The hub sees two words about the same rows.
    assert [head.count for head in turns(heads(region.hub, notts.id))] == [told[-1].count]


def test_a_chain_that_no_longer_fits_shows_on_the_status_by_itself(region: Region) -> None:
    hub = region.hub
    do_something(hub)
    asked(hub)
    assert hub.status.alarms == []

    with hub.db.write() as conn:
        last = audit_chain.head(conn).count
        conn.execute(delete(audit_chain.chain).where(audit_chain.chain.c.place == last))
        conn.execute(delete(audit.audit).where(audit.audit.c.number == last))
    asked(hub)

    assert "the end was cut off, or an older backup was restored" in hub.status.alarms[0]
