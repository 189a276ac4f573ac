"""Fills a node with the demo's people, meetings and resources through the doors that people use.

Communities, organisations, members and invitations go in as the operator does it; then people accept their invitations,
sign in and upload, and a convenor publishes. Ids are made from the demo's ids and the node's, so that a load that was
interrupted goes on where it stopped.
"""

from collections.abc import Callable, Iterable
from typing import Any

from fosse.common.v1.access_pb2 import Role
from fosse.federation.v1 import federation_pb2
from fosse.membership.v1 import membership_pb2 as pb
from services.common.ids import new_id
from services.node import calling
from services.node.demo.choices import Choices
from services.node.demo.documents import Documents
from services.node.demo.meetings import House, Meetings
from services.node.demo.person import Person, chosen
from services.node.demo.region import RunningNode
from services.node.demo.shelf import Shelf
from services.node.demo.world import Member, Resource, Words, World, item_id
from services.node.provider.accounts import Accounts

Tell = Callable[[str], None]


class Loader:
    """Of one node; `tell` hears what each step did."""

    def __init__(self, world: World, running: RunningNode, documents: Documents, tell: Tell) -> None:
        self._world = world
        self._running = running
        self._documents = documents
        self._tell = tell
        self._county = running.county
        self._accounts = Accounts(running.folder.path / "provider" / "people.json")
        self._people: dict[str, Person] = {}
        self._node_id = ""

    @property
    def steps(self) -> int:
        node = self._county.id
        world = self._world
        meetings = [each for each in world.meetings if each.node == node]
        return sum(
            len(each) for each in (world.members_of(node), world.signing_in(node), world.resources_of(node), meetings)
        )

    def load(self) -> None:
        self.load_people(self._world.signing_in(self._county.id))
        self.load_choices()
        self.load_meetings()
        self.load_resources()

    def load_people(self, signing_in: Iterable[Member]) -> None:
        with calling.running(self._running.folder.path) as node:
            status = node.federation.GetFederationStatus(federation_pb2.GetFederationStatusRequest())
            self._node_id = status.node_id
            known = self._put_members(node)
            for member in signing_in:
                self._let_in(node, member, known[self.id(member.id)])
                self._tell(f"{member.name} signs in")

    def load_resources(self) -> None:
        resources = self._world.resources_of(self._county.id)
        for resource in resources:
            self._put_resource(resource)
            self._tell(resource.words.title)

    def load_meetings(self) -> None:
        Meetings(self._house).load()

    def load_choices(self) -> None:
        Choices(self._house).load()

    @property
    def _house(self) -> House:
        convenor = self._convenor().id
        return House(self._world, self._county, self.community_id, self.id, self.person, convenor, self._tell)

    def person(self, member_id: str) -> Person:
        """A member who was let in, at their browser."""
        if member_id not in self._people:
            account = self._account(self._world.member(member_id))
            self._people[member_id] = Person(self._running.address, chosen(account))
            self._people[member_id].sign_in()
        return self._people[member_id]

    @property
    def community_id(self) -> str:
        return self.id("community")

    def id(self, demo_id: str) -> str:
        """What something of the demo is called on this node."""
        return item_id(self._node_id, demo_id)

    def _put_members(self, node: calling.Node) -> dict[str, pb.Member]:
        county = self._county
        for each in county.localities:
            node.membership.PutLocality(pb.PutLocalityRequest(locality=pb.Locality(**each)))
        node.membership.PutCommunity(
            pb.PutCommunityRequest(id=self.community_id, name=county.community, hashtag=county.hashtag)
        )
        for organisation in self._world.organisations_of(county.id):
            node.membership.PutOrganisation(
                pb.PutOrganisationRequest(
                    organisation=pb.Organisation(
                        id=self.id(organisation.id),
                        name=organisation.name,
                        type=organisation.type,
                        ods_code=organisation.ods_code,
                        cqc_location_id=organisation.cqc_location_id,
                        locality_ids=organisation.localities,
                    )
                )
            )
        known = _all_members(node, self.community_id)
        for member in self._world.members_of(county.id):
            if self.id(member.id) not in known:
                made = node.membership.PutMember(pb.PutMemberRequest(member=self._member(member))).member
                known[made.id] = made
            if member.left and not (one := known[self.id(member.id)]).left:
                one.left = True
                node.membership.PutMember(pb.PutMemberRequest(member=one))
            self._tell(f"{member.name} is a member")
        return known

    def _member(self, member: Member) -> pb.Member:
        return pb.Member(
            id=self.id(member.id),
            name=member.name,
            email=member.email,
            job_title=member.job_title,
            role_group=member.role_group,
            organisation_id=self.id(member.organisation),
            locality_ids=member.localities,
            community_id=self.community_id,
            roles=[Role.Value(f"ROLE_{role.upper()}") for role in member.roles],
            name_travels=member.name_travels,
            joined_on=member.joined,
        )

    def _let_in(self, node: calling.Node, member: Member, known: pb.Member) -> None:
        account = self._account(member)
        if known.bound:
            return
        link = node.membership.CreateInvitation(pb.CreateInvitationRequest(id=new_id(), member_id=known.id))
        person = Person(self._running.address, chosen(account))
        person.accept(link.code)
        self._people[member.id] = person

    def _account(self, member: Member) -> str:
        """The person's subject at the node's provider."""
        roles = [each.replace("_", " ") for each in member.roles if each != "member"]
        said = " and ".join(roles).capitalize() if roles else member.job_title
        line = f"{said}, {self._world.organisation(member.organisation).name}"
        return self._accounts.add(member.name, line, first=member.first, key=member.id).subject

    def _put_resource(self, resource: Resource) -> None:
        author = self.person(resource.author)
        convenor = self.person(self._convenor().id)
        shelf = Shelf(self.id(resource.id), author, convenor, resource)
        words = resource.earlier or resource.words
        found = shelf.found() or shelf.create(self.community_id, self._api_words(words, resource))
        found = self._with_part(shelf, found, words)
        if resource.state == "draft":
            return
        if not found.get("editions"):
            found = shelf.publish(found, "" if resource.earlier else resource.note)
        if resource.earlier and len(found["editions"]) < 2:
            found = shelf.begin_edition(found)
            found = shelf.change(found, self._api_words(resource.words, resource))
            found = shelf.publish(self._with_part(shelf, found, resource.words), resource.note)
        if resource.state == "withdrawn" and found["state"] != "RESOURCE_STATE_WITHDRAWN":
            shelf.withdraw(found)

    def _with_part(self, shelf: Shelf, found: dict[str, Any], words: Words) -> dict[str, Any]:
        draft = found.get("draft")
        if not draft or draft.get("parts"):
            return found
        organisation = self._world.organisation(self._world.member(shelf.resource.author).organisation).name
        if shelf.resource.parts == "link":
            return shelf.add_link(found, words.title)
        return shelf.add_file(found, words.title, self._documents.pdf(words.title, words.summary, organisation))

    def _convenor(self) -> Member:
        return next(each for each in self._world.members_of(self._county.id) if "convenor" in each.roles)

    def _api_words(self, words: Words, resource: Resource) -> dict[str, Any]:
        return {
            "title": words.title,
            "summary": words.summary,
            "type": words.type,
            "topics": list(words.topics),
            "readers": list(words.readers),
            "evidenceLevel": words.evidence_level,
            "reviewDue": words.review_due,
            "adaptedFrom": self._original(resource.adapted_from),
        }

    def _original(self, demo_id: str) -> str:
        """The id that an adapted resource's original has on its own node, as far as that is in the region."""
        if not demo_id:
            return ""
        with calling.running(self._running.folder.path) as node:
            nodes = node.federation.ListNodes(federation_pb2.ListNodesRequest()).nodes
        origin = self._world.resource(demo_id).node
        return next((item_id(each.node_id, demo_id) for each in nodes if each.slug == origin), "")


def _all_members(node: calling.Node, community_id: str) -> dict[str, pb.Member]:
    found: dict[str, pb.Member] = {}
    token = ""
    while True:
        page = node.membership.ListMembers(
            pb.ListMembersRequest(community_id=community_id, page_size=100, page_token=token)
        )
        found.update({each.id: each for each in page.members})
        token = page.next_page_token
        if not token:
            return found
