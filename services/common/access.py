"""Who is calling, and may they: the option on each rpc, and the person or workload behind a call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

from fosse.common.v1 import access_pb2
from services.common.errors import NotAllowed

Role = access_pb2.Role
# The same wherever a link opens nothing any more: it does not tell why.
LINK_RUN_OUT = "This link has run out. Nothing was changed. Sign in, or ask a convenor."
_OTHER_LINK = "This link is not for that. Nothing was changed."


@dataclass(frozen=True)
class Person:
    """What a pass says of the member who is calling. `shown_as` is the line that may stand beside what they share."""

    member_id: str
    organisation_id: str = ""
    organisation_name: str = ""
    shown_as: str = ""
    roles: Mapping[str, frozenset[int]] = field(default_factory=dict)
    operator: bool = False
    localities: tuple[str, ...] = ()
    # From a signed link: the one rpc and object it is good for, as `scope_of` writes it.
    scope: str = ""
    # The convenor who acts for this person, where one does: said in the pass, and the actor in the audit trail.
    acting_id: str = ""

    def is_in(self, community_id: str) -> bool:
        return community_id in self.roles

    def is_convenor(self, community_id: str) -> bool:
        return Role.ROLE_CONVENOR in self.roles.get(community_id, frozenset())

    @property
    def all_roles(self) -> frozenset[int]:
        """In whichever community, and of the node."""
        mine = frozenset().union(*self.roles.values()) if self.roles else frozenset[int]()
        return mine | {Role.ROLE_OPERATOR} if self.operator else mine


@dataclass(frozen=True)
class Caller:
    """A call: by which workload, and for which person, if any."""

    workload: str
    person: Person | None = None


def caller(context: Any) -> Caller:
    """Who is calling, as the server of `services.common.rpc` found."""
    found: Caller = context.fosse_caller
    return found


def person(context: Any) -> Person:
    """The person who is calling; raises `NotAllowed` when there is none."""
    found = caller(context).person
    if found is None:
        raise NotAllowed("Please sign in first. Nothing was changed.")
    return found


def maybe_person(context: Any) -> Person | None:
    return caller(context).person


def workload(context: Any) -> str:
    return caller(context).workload


def asker(context: Any) -> Person | str:
    """The person, or the name of the workload that calls without one."""
    found = caller(context)
    return found.person or found.workload


def rule_of(method: MethodDescriptor) -> access_pb2.Access | None:
    """The Access option of an rpc, or None where it is missing."""
    options = method.GetOptions()
    return options.Extensions[access_pb2.access] if options.HasExtension(access_pb2.access) else None


def rule_for(path: str) -> access_pb2.Access | None:
    """The Access option for a call's path, such as `/fosse.resource.v1.Resources/GetResource`."""
    return rule_of(_method(path))


def link_fault(rule: access_pb2.Access, path: str) -> str:
    """What is wrong with a rule that lets links in: without the field of the object, a link would open them all."""
    if not rule.link:
        return ""
    method = _method(path)
    named = method.input_type.fields_by_name.get(rule.link_object)
    if method.client_streaming or named is None or named.is_repeated or named.type != FieldDescriptor.TYPE_STRING:
        return "lets links in without naming the text of the request that holds a link's object"
    return ""


def scope_of(path: str, object_id: str) -> str:
    """What a pass from a signed link says it is good for."""
    return f"{path}|{object_id}"


def check(rule: access_pb2.Access, path: str, who: Caller) -> None:
    """Raises `NotAllowed` unless one of the rule's clauses lets the caller in."""
    if who.person and who.person.acting_id and not rule.on_behalf:
        raise NotAllowed("This cannot be done on behalf of somebody else. Nothing was changed.")
    if who.person and who.person.scope:
        opened, _, object_id = who.person.scope.partition("|")
        if not (rule.link and who.workload == "gateway" and opened == path and object_id):
            raise NotAllowed(_OTHER_LINK)
        return
    if who.workload in rule.services or (who.workload == "gateway" and _lets_in(rule, who.person)):
        return
    if who.workload == "gateway" and who.person is None:
        raise NotAllowed("Please sign in first. Nothing was changed.")
    raise NotAllowed("Your role does not allow this. Nothing was changed; a convenor can help.")


def check_object(rule: access_pb2.Access, who: Caller, request: object) -> None:
    """Raises `NotAllowed` when a link's pass is used for another object than the link's."""
    if who.person and who.person.scope:
        own = who.person.scope.partition("|")[2]
        if not rule.link_object or getattr(request, rule.link_object, None) != own:
            raise NotAllowed(_OTHER_LINK)


def _lets_in(rule: access_pb2.Access, person: Person | None) -> bool:
    return rule.anyone or (person is not None and bool(person.all_roles & set(rule.roles)))


def _method(path: str) -> MethodDescriptor:
    service, _, name = path.lstrip("/").partition("/")
    found: MethodDescriptor = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    return found
