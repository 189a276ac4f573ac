""" "We use this": said, changed and stopped."""

from datetime import datetime

from services.common import audit, facts, ids
from services.common.access import Person
from services.common.errors import NotAllowed, NotFound
from services.resource.domain import adoption as rules
from services.resource.domain.adoption import Adoption, Saying
from services.resource.domain.rights import NO_SUCH
from services.resource.messages import said
from services.resource.store import adoptions, resources, tombstones
from services.resource.usecases.shelf import USED, Shelf


def adopt(shelf: Shelf, resource_id: str, saying: Saying, *, person: Person, now: datetime) -> Adoption:
    """One adoption for each member and resource: saying it again, by whichever form, says how far it is now."""
    ids.checked(saying.id)
    with shelf.db.write() as conn:
        resource = resources.find_locked(conn, resource_id)
        if resource is None:
            raise NotFound(NO_SUCH)
        if resources.find(conn, saying.id) or tombstones.stands(conn, saying.id):
            raise NotAllowed(USED)
        before = adoptions.of_member(conn, resource_id, person.member_id) or adoptions.find(conn, saying.id)
        if before is not None and before.resource_id != resource_id:
            raise NotAllowed(USED)
        after = rules.adopt(resource, before, saying, person=person, vocabulary=shelf.vocabulary, now=now)
        if before is not None and rules.says_the_same(before, after):
            return before
        (adoptions.save if before else adoptions.add)(conn, after)
        resources.recount_use(conn, [resource_id])
        community_id = rules.counted_in(resource, person)
        facts.put(conn, said.resource_adopted(after, resource.own, community_id), after.id, now)
        if after.travelled:
            facts.put(conn, said.item_shared(after.id, after.version), after.id, now)
        audit.add(conn, person, f"adopted: {after.stage}", after.id, now)
        return after
