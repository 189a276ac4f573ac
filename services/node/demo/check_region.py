"""A region begins: nodes start, counties join by their operators' commands, first people are let in."""

import re
from concurrent.futures import ThreadPoolExecutor

from services.node.demo import check_month
from services.node.demo.page import Unexpected
from services.node.demo.playing import Job, Node, Step
from services.node.demo.waiting import until

PEOPLE = {"hub": "m093", "notts": check_month.CONVENOR, "derbys": "m066", "leics": "m074"}
"""Who plays at each node; Nottinghamshire's others come by import."""
_ENROL_S = 60.0


def start(job: Job) -> None:
    job.region.start()


def enrol(job: Job) -> None:
    hub, counties = job.region.hub, job.region.counties
    with ThreadPoolExecutor(len(counties)) as pool:
        words = list(pool.map(lambda county: _ask(hub, county), counties))
    for county, shown in zip(counties, words, strict=True):
        _approve(hub, county, shown)


def let_people_in(job: Job) -> None:
    for node in job.region.nodes:
        _let_in(job, node)
    me = job.people["notts"].ask("GET", "/me") or {}
    job.community = me["communities"][0]["communityId"]


def stop(job: Job) -> None:
    for node in job.region.stop():
        raise Unexpected(f"{node.county.name} did not end well; it said last: {node.last_words()}")


def _ask(hub: Node, county: Node) -> str:
    """The words that the county's screen shows."""
    code = _in(r"operator: (\S+)", hub.fosse("enrol", "code"))
    return _in(r"words are:\s+(.+)", county.fosse("enrol", "ask", hub.address_for_nodes, code))


def _approve(hub: Node, county: Node, words: str) -> None:
    slug = county.county.id
    asked = until(lambda: _line(hub.fosse("enrol", "waiting"), slug), _ENROL_S, f"The question of {slug}")
    if words not in asked:
        raise Unexpected(f"{slug} shows “{words}” and the hub “{asked}”: not the same node.")
    hub.fosse("enrol", "approve", slug, "--yes")
    until(lambda: "enrolled" in county.fosse("status"), _ENROL_S, f"The admission of {slug}")


def _let_in(job: Job, node: Node) -> None:
    known, slug = node.county, node.county.id
    member = job.world.member(PEOPLE[slug])
    home = job.world.organisation(member.organisation)
    if known.localities:
        node.fosse("localities", *(word for each in known.localities for word in ("--add", each["id"], each["name"])))
    roles = [word for role in member.roles for word in ("--role", role)]
    place = ("--community", known.community, "--organisation", home.name, "--organisation-type", home.type)
    said = node.fosse("invite", member.name, member.email, *place, "--job-title", member.job_title, *roles)
    person = job.people[slug] = node.person(member)
    person.accept(_in(r"/invitation/(\S+)", said))


def _in(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    if not match:
        raise Unexpected(f"“{pattern}” is not in: {said}")
    return match[1].strip()


def _line(said: str, slug: str) -> str:
    return next((line for line in said.splitlines() if line.startswith(f"{slug} ")), "")


STEPS: list[Step] = [
    ("a hub and its counties start, each on disks of its own", start),
    ("the counties ask, the words agree, the hub lets them in", enrol),
    ("people accept their invitations and sign in", let_people_in),
]
THE_END: Step = ("all nodes stop when told to", stop)
