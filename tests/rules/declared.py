"""What must be said somewhere: who may call an rpc, who hears a topic, what kind of data a column holds."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorSet, MethodDescriptorProto
from google.protobuf.message import Message
from sqlalchemy import Table

from fosse.common.v1 import access_pb2
from services.common import privacy
from services.common.topics import Topic
from tests.rules import protos

_ONE_TEXT = (FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.LABEL_OPTIONAL)
# Texts from a vocabulary.
CODES = frozenset({"stage"})
WORKLOADS = frozenset(
    {"gateway", "operator", "node", "membership", "events", "resource", "evaluation", "federation", "notification"}
)


def descriptors(folder: Path) -> FileDescriptorSet:
    """The protos of a folder, with the options that our code knows."""
    with tempfile.NamedTemporaryFile() as out:
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", f"-I{protos.GOOGLE}"]
        command += [f"-I{protos.WELL_KNOWN}", f"--descriptor_set_out={out.name}", *protos.sources(folder)]
        subprocess.run(command, check=True)
        return FileDescriptorSet.FromString(out.read())


def rpcs_without_access(folder: Path) -> list[str]:
    """Rpcs whose option `access` is missing, opens no way in, or names a workload that does not exist."""
    return [
        f"{file.package}.{service.name}.{method.name} {fault}"
        for file in descriptors(folder).file
        for service in file.service
        for method in service.method
        if (fault := _access_fault(method))
    ]


def _access_fault(method: MethodDescriptorProto) -> str:
    if not method.options.HasExtension(access_pb2.access):
        return "does not say who may call it"
    access = method.options.Extensions[access_pb2.access]
    if not (access.roles or access.services or access.link or access.anyone):
        return "lets nobody call it"
    if access_pb2.ROLE_UNSPECIFIED in access.roles:
        return "names a role that is none"
    if strangers := set(access.services) - WORKLOADS:
        return f"names unknown workloads: {sorted(strangers)}"
    return ""


def links_to_everything(folder: Path) -> list[str]:
    """Rpcs that let links in without naming the field of the request that holds a link's object."""
    files = descriptors(folder).file
    texts = {
        f".{file.package}.{message.name}": {
            field.name for field in message.field if (field.type, field.label) == _ONE_TEXT
        }
        for file in files
        for message in file.message_type
    }
    return [
        f"{file.package}.{service.name}.{method.name}"
        for file in files
        for service in file.service
        for method in service.method
        if (access := method.options.Extensions[access_pb2.access]).link or access.link_object
        if not access.link or method.client_streaming or access.link_object not in texts.get(method.input_type, ())
    ]


def unheard_topics(root: Path, topics: Iterable[Topic]) -> list[str]:
    """Facts that nobody says, and topics without a listener and without the issue that brings one."""
    found = []
    for topic in topics:
        own = _source(root, topic.service)
        for fact in topic.says:
            if not re.search(rf"\b{fact.DESCRIPTOR.name}\(", own):
                found.append(f"{topic.name}: {topic.service} never says {fact.DESCRIPTOR.name}")
        if not topic.listeners and not topic.heard_from_issue:
            found.append(f"{topic.name}: nobody listens, and no issue will bring a listener")
        for listener in topic.listeners:
            heard = "|".join(fact.DESCRIPTOR.name for fact in topic.says)
            if not re.search(rf"\b({heard})\b", _source(root, listener, "consumer*")):
                found.append(f"{topic.name}: {listener} does not listen to it")
    return found


def telling_facts(facts: Iterable[type[Message]]) -> list[str]:
    """Facts carry ids, versions, states and counts, never names or free text: of texts only ids and a stage's code."""
    return [
        f"{fact.DESCRIPTOR.name}.{field.name}"
        for fact in facts
        for field in fact.DESCRIPTOR.fields
        if field.type in (field.TYPE_STRING, field.TYPE_BYTES)
        if not field.name.endswith("_id") and field.name not in CODES
    ]


def _source(root: Path, service: str, name: str = "*") -> str:
    paths = sorted((root / "services" / service).rglob(f"{name}.py"))
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def unclassed_columns(tables: Iterable[Table]) -> list[str]:
    return [
        f"{table.name}.{column.name}"
        for table in tables
        for column in table.columns
        if column.info.get("data") not in privacy.ALL
    ]
