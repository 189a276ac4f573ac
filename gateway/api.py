"""The JSON API is the rpcs: each `google.api.http` annotation becomes a route, and nothing is written twice.

`Idempotency-Key` fills an empty id of what is created, `If-Match` fills `expected_version`, and the ETag is the item's
version. Who may call comes from the rpc's own Access option.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, request
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.routing import BaseConverter

from gateway import guards, json_form
from gateway.clients import clients
from gateway.endpoints import CREATED, Endpoint, endpoints
from gateway.errors import BadRequest
from gateway.limits import ENROLMENT, counting
from services.common.access import rule_of
from services.common.errors import Invalid, NotAllowed, NotFound
from services.common.ids import new_id

DOCUMENT: Final = Path(__file__).parent / "openapi.json"
BODY_BYTES: Final = 1024 * 1024
# A file of 3 MB grows by a third when it is written in JSON.
LARGER: Final = {"CheckImport": 5 * 1024 * 1024}
# How a code is refused that does not open anything; without its proof none is looked at.
TRIED: Final = {"ReceiveEnrolment": (ENROLMENT, NotAllowed, NotFound, Invalid)}
_ID = re.compile(r"[0-9a-f]{32}")
_ETAG = re.compile(r'"(\d{1,18})"')


class Segment(BaseConverter):
    """A part of a path without `:`, which begins the verb in `/resources/{id}:publish`."""

    regex = "[^/:]+"


def install(app: Flask) -> None:
    app.url_map.converters["segment"] = Segment
    for endpoint in endpoints():
        view = guards.guarded(_view(endpoint), guard_for(endpoint.rpc))
        app.add_url_rule(endpoint.rule("segment"), endpoint.name, view, methods=[endpoint.verb])
    app.add_url_rule("/api/v1/openapi.json", "api.openapi", _openapi(DOCUMENT.read_bytes()), methods=["GET"])


def guard_for(rpc: MethodDescriptor) -> guards.Guard:
    """The rpc's Access option as the gateway can check it beforehand; the service checks it again."""
    rule = rule_of(rpc)
    if rule is None:
        raise guards.UnguardedRoute(f"{rpc.full_name} does not say who may call it.")
    open_to_all = rule.anyone or (not rule.roles and "gateway" in rule.services)
    return guards.Guard(anyone=open_to_all, roles=frozenset(rule.roles))


def _openapi(document: bytes) -> Callable[[], Response]:
    @guards.anyone
    def openapi() -> Response:
        return Response(document, content_type="application/json", headers={"Cache-Control": "no-cache"})

    return openapi


def _view(endpoint: Endpoint) -> Callable[..., Response]:
    make = GetMessageClass(endpoint.rpc.input_type)
    fill = _filler(endpoint)
    version = _version_reader(endpoint.rpc.output_type)
    tried, *wrong = TRIED.get(endpoint.rpc.name, ((),))

    def view(**variables: str) -> Response:
        asked = make()
        fill(asked, variables)
        with counting().guessing(tried, *wrong):
            answer = getattr(getattr(clients(), endpoint.stub), endpoint.rpc.name)(asked)
        response = Response(json_form.text_of(answer), content_type="application/json")
        if found := version(answer):
            response.headers["ETag"] = f'"{found}"'
        return response

    return view


def _filler(endpoint: Endpoint) -> Callable[[Message, Mapping[str, str]], None]:
    fields = endpoint.rpc.input_type.fields_by_name
    if not endpoint.takes_body:
        return _query_filler(endpoint.rpc.input_type, endpoint.variables)
    created = next((name for name in CREATED if name in fields and name not in endpoint.variables), None)
    versioned = "expected_version" in fields
    most = LARGER.get(endpoint.rpc.name, BODY_BYTES)

    def fill(message: Message, variables: Mapping[str, str]) -> None:
        json_form.fill(message, _body(most))
        for name, value in variables.items():
            if getattr(message, name) not in {"", value}:
                raise BadRequest(f"The address and the field “{name}” do not name the same thing. Nothing was changed.")
            setattr(message, name, value)
        if created:
            fill_id(message, created)
        if versioned:
            fill_version(message)

    return fill


def _query_filler(descriptor: Descriptor, variables: list[str]) -> Callable[[Message, Mapping[str, str]], None]:
    known = {}
    for field in descriptor.fields:
        if field.name not in variables:
            known[field.name] = known[field.json_name] = (field.name, field.is_repeated, _reader(field))

    def fill(message: Message, given: Mapping[str, str]) -> None:
        for name, value in given.items():
            setattr(message, name, value)
        for name, values in request.args.lists():
            if name not in known:
                raise BadRequest(f"There is no parameter called “{name[:60]}” here.")
            own, repeated, read = known[name]
            try:
                if repeated:
                    getattr(message, own).extend(read(value) for value in values)
                else:
                    setattr(message, own, read(values[-1]))
            except (ValueError, KeyError) as error:
                raise BadRequest(f"The parameter “{name}” cannot be read.", {own: "cannot be read"}) from error

    return fill


def _reader(field: FieldDescriptor) -> Callable[[str], Any]:
    if field.type == FieldDescriptor.TYPE_STRING:
        return str
    if field.type in {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64}:
        return int
    if field.type == FieldDescriptor.TYPE_BOOL:
        return {"true": True, "false": False}.__getitem__
    if field.enum_type is not None:
        return {value.name: value.number for value in field.enum_type.values}.__getitem__
    raise LookupError(f"{field.full_name} cannot stand in an address")


def _body(most: int) -> dict[str, Any]:
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge
    request.max_content_length = most
    raw = request.get_data(cache=False)
    if raw and not request.is_json:
        raise UnsupportedMediaType
    return json_form.read_object(raw)


def fill_id(message: Message, name: str) -> None:
    """From the header, so that sending twice makes one thing; without one, a new id."""
    if getattr(message, name):
        return
    key = request.headers.get("Idempotency-Key", "").strip().strip('"')
    digits = key.replace("-", "").lower() if key else new_id()
    if not _ID.fullmatch(digits):
        raise BadRequest("Idempotency-Key takes 32 hexadecimal digits, such as a random UUID. Nothing was changed.")
    setattr(message, name, digits)


def fill_version(message: Any) -> None:
    given = request.headers.get("If-Match", "").strip()
    if not given or message.expected_version:
        return
    version = _ETAG.fullmatch(given)
    if not version:
        raise BadRequest('If-Match takes the ETag that was read before, such as "3". Nothing was changed.')
    message.expected_version = int(version[1])


def _version_reader(descriptor: Descriptor) -> Callable[[Any], int]:
    """The version of the item that an answer is about; 0 where it is about none."""
    for field in descriptor.fields:
        inner = field.message_type
        if inner is not None and not field.is_repeated and "version" in inner.fields_by_name:
            name = field.name
            return lambda answer: int(getattr(answer, name).version)
    return lambda _answer: 0
