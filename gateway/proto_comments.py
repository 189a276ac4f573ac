"""The comments in the protos, which the generated descriptors leave out; read where protoc is (requirements-dev)."""

import importlib
import tempfile
from pathlib import Path
from typing import Final

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet

PROTOS: Final = Path(__file__).parent.parent / "protos"
Comments = dict[str, str]


def comments_of(protos: Path = PROTOS) -> Comments:
    """The comments in front of rpcs, messages, fields and enums, by full name."""
    found: Comments = {}
    for file in _compiled(protos).file:
        if file.package.startswith("fosse."):
            names = _names(file)
            for location in file.source_code_info.location:
                if (name := names.get(tuple(location.path))) and location.leading_comments:
                    found[name] = " ".join(location.leading_comments.split())
    return found


def _compiled(protos: Path) -> FileDescriptorSet:
    protoc = importlib.import_module("grpc_tools.protoc")
    google = (_folder("google.api").parent.parent, _folder("grpc_tools") / "_proto")
    with tempfile.NamedTemporaryFile() as made:
        files = [str(path.relative_to(protos)) for path in sorted(protos.glob("fosse/**/*.proto"))]
        includes = [f"-I{folder}" for folder in (protos, *google)]
        options = ["--include_source_info", f"--descriptor_set_out={made.name}"]
        if protoc.main(["protoc", *includes, *options, *files]) != 0:
            raise ValueError("protoc refused the protos")
        return FileDescriptorSet.FromString(Path(made.name).read_bytes())


def _folder(package: str) -> Path:
    return Path(next(iter(importlib.import_module(package).__path__))).resolve()


def _names(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    """Full names by protobuf's own paths: 4 messages, 5 enums, 6 services; in those 2 fields or rpcs."""
    names: dict[tuple[int, ...], str] = {}
    for number, message in enumerate(file.message_type):
        _name_message(names, (4, number), f"{file.package}.{message.name}", message)
    for number, enum in enumerate(file.enum_type):
        names[5, number] = f"{file.package}.{enum.name}"
    for number, service in enumerate(file.service):
        for index, rpc in enumerate(service.method):
            names[6, number, 2, index] = f"{file.package}.{service.name}.{rpc.name}"
    return names


def _name_message(
    names: dict[tuple[int, ...], str], path: tuple[int, ...], name: str, message: DescriptorProto
) -> None:
    names[path] = name
    for index, field in enumerate(message.field):
        names[*path, 2, index] = f"{name}.{field.name}"
