"""The OpenAPI 3.1 document, made from the protos' descriptors and comments; `python -m gateway.openapi` writes it.

The descriptors that the product carries have no comments, so the document is made where protoc is, and committed;
a test checks that it is fresh.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor

from fosse.common.v1 import access_pb2
from fosse.resource.v1.resource_pb2 import FilePartWords
from gateway import api, endpoints
from gateway.proto_comments import Comments, comments_of
from services.common.access import rule_of

Json = dict[str, Any]
_ID: Final = {"type": "string", "pattern": "^[0-9a-f-]{32,36}$"}
_PROBLEM: Final = {"$ref": "#/components/responses/Problem"}
_SCALARS: Final[dict[int, Json]] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_UINT32: {"type": "integer", "format": "int64", "minimum": 0},
    # Wider numbers are text in proto3 JSON, because JavaScript's numbers cannot hold them.
    FieldDescriptor.TYPE_INT64: {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"},
    FieldDescriptor.TYPE_UINT64: {"type": "string", "format": "uint64", "pattern": "^[0-9]{1,20}$"},
}


def document(comments: Comments) -> Json:
    schemas = Schemas(comments)
    paths: dict[str, Json] = {}
    for endpoint in endpoints.endpoints():
        paths.setdefault(endpoint.path, {})[endpoint.verb.lower()] = _operation(endpoint, schemas)
    for path, operation in _file_operations(schemas).items():
        paths.setdefault(path, {}).update(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fosse",
            "version": "1",
            "description": "The interface of one node. It is made from the same definitions that its services speak.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.all(),
            "responses": {"Problem": _problem_response()},
            "securitySchemes": _security_schemes(),
        },
    }


def text(comments: Comments) -> str:
    return json.dumps(document(comments), indent=1, ensure_ascii=False) + "\n"


class Schemas:
    """Collects the schema of every message that an operation names."""

    def __init__(self, comments: Comments) -> None:
        self.comments = comments
        self._found: dict[str, Json] = {"Problem": _problem_schema()}

    def all(self) -> Json:
        return dict(sorted(self._found.items()))

    def of(self, message: Descriptor) -> Json:
        if message.full_name == "google.protobuf.Timestamp":
            return {"type": "string", "format": "date-time"}
        name = message.full_name.removeprefix("fosse.")
        if name not in self._found:
            self._found[name] = {}
            self._found[name] = self._said(message, {"type": "object", "properties": self.properties(message)})
        return {"$ref": f"#/components/schemas/{name}"}

    def properties(self, message: Descriptor, without: tuple[str, ...] = ()) -> Json:
        return {field.json_name: self.field(field) for field in message.fields if field.name not in without}

    def field(self, field: FieldDescriptor) -> Json:
        one = self._one(field)
        return self._said(field, {"type": "array", "items": one} if field.is_repeated else one)

    def _one(self, field: FieldDescriptor) -> Json:
        if field.message_type is not None:
            return self.of(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        return dict(_SCALARS[field.type])

    def _enum(self, enum: EnumDescriptor) -> Json:
        name = enum.full_name.removeprefix("fosse.")
        # Zero is never sent: unspecified is left out, and refused when it is given.
        values = [value.name for value in enum.values if value.number]
        self._found[name] = self._said(enum, {"type": "string", "enum": values})
        return {"$ref": f"#/components/schemas/{name}"}

    def _said(self, what: Descriptor | FieldDescriptor | EnumDescriptor, schema: Json) -> Json:
        comment = self.comments.get(what.full_name)
        return {**schema, "description": comment} if comment else schema


def _operation(endpoint: endpoints.Endpoint, schemas: Schemas) -> Json:
    rpc = endpoint.rpc
    operation: Json = {
        "operationId": rpc.name,
        "tags": [rpc.containing_service.name],
        "summary": schemas.comments.get(rpc.full_name, rpc.name),
        "description": _who(rpc),
        "security": _security(rpc, endpoint.takes_body),
        "parameters": list(_parameters(endpoint, schemas)),
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": schemas.of(rpc.output_type)}}},
            "default": _PROBLEM,
        },
    }
    if endpoint.takes_body:
        properties = schemas.properties(rpc.input_type, tuple(endpoint.variables))
        body = {"type": "object", "properties": properties, "additionalProperties": False}
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return operation


def _parameters(endpoint: endpoints.Endpoint, schemas: Schemas) -> Iterator[Json]:
    fields = endpoint.rpc.input_type.fields_by_name
    for name in endpoint.variables:
        yield {"name": name, "in": "path", "required": True, "schema": schemas.field(fields[name])}
    if not endpoint.takes_body:
        for field in endpoint.rpc.input_type.fields:
            if field.name not in endpoint.variables:
                yield {"name": field.json_name, "in": "query", "schema": schemas.field(field)}
        return
    if any(name in fields and name not in endpoint.variables for name in endpoints.CREATED):
        yield _header("Idempotency-Key", "Fills an empty id: the same key sent again answers the first result.", _ID)
    if "expected_version" in fields:
        yield _header("If-Match", 'The ETag read before, such as "3"; fills `expectedVersion`.', {"type": "string"})


def _header(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "header", "description": description, "schema": schema}


def _who(rpc: MethodDescriptor) -> str:
    rule = rule_of(rpc)
    if rule is None or api.guard_for(rpc).anyone:
        return "Anybody may call this; what is answered depends on who is signed in."
    names = [access_pb2.Role.Name(role).removeprefix("ROLE_").replace("_", " ").lower() for role in rule.roles]
    return f"For people with one of these roles: {', '.join(names)}."


def _security(rpc: MethodDescriptor, changes: bool) -> list[Json]:
    signed_in: list[Json] = [{"session": [], "form": []} if changes else {"session": []}, {"bearer": []}]
    return [{}, *signed_in] if api.guard_for(rpc).anyone else signed_in


def _file_operations(schemas: Schemas) -> dict[str, Json]:
    rpcs = endpoints.SERVICES["resources"].methods_by_name
    words = FilePartWords.DESCRIPTOR
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "contentMediaType": "application/octet-stream"},
            **schemas.properties(words, ("resource_id", "file_name")),
        },
    }
    path = [{"name": "resource_id", "in": "path", "required": True, "schema": {"type": "string"}}]
    part = [*path, {"name": "part_id", "in": "path", "required": True, "schema": {"type": "string"}}]
    answer = {"application/json": {"schema": schemas.of(rpcs["AddFilePart"].output_type)}}
    upload = _about(rpcs["AddFilePart"], schemas, path)
    upload["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    upload["responses"] = {"200": {"description": "Done.", "content": answer}, "default": _PROBLEM}
    fetch = _about(rpcs["DownloadPart"], schemas, part)
    fetch["responses"] = {
        "200": {"description": "The file, to be saved.", "content": {"application/octet-stream": {}}},
        "default": _PROBLEM,
    }
    return {
        "/api/v1/resources/{resource_id}/files": {"post": upload},
        "/api/v1/resources/{resource_id}/parts/{part_id}": {"get": fetch},
    }


def _about(rpc: MethodDescriptor, schemas: Schemas, parameters: list[Json]) -> Json:
    return {
        "operationId": rpc.name,
        "tags": [rpc.containing_service.name],
        "summary": schemas.comments.get(rpc.full_name, rpc.name),
        "description": _who(rpc),
        "security": _security(rpc, rpc.client_streaming),
        "parameters": parameters,
    }


def _problem_response() -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": "Refused; the sentence says why.",
        "content": {"application/problem+json": {"schema": schema}},
    }


def _problem_schema() -> Json:
    sentence = {"type": "string", "description": "What happened, what is safe, what to do."}
    fields = {"type": "object", "additionalProperties": {"type": "string"}, "description": "What is wrong, by field."}
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": sentence,
            "fields": fields,
        },
        "description": "RFC 9457. `Retry-After` says when another try makes sense.",
    }


def _security_schemes() -> Json:
    return {
        "session": {"type": "apiKey", "in": "cookie", "name": "fosse_<node>", "description": "Of a signed-in browser."},
        "form": {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRF-Token",
            "description": "With a session, for changes.",
        },
        "bearer": {"type": "http", "scheme": "bearer", "description": "An access token of the node's provider."},
    }


if __name__ == "__main__":
    api.DOCUMENT.write_text(text(comments_of()), encoding="utf-8")
