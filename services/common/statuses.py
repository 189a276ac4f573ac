"""The one table from a refusal to the status that crosses a connection, and back."""

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from services.common.database import lost
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal, TooMany
from services.common.rpc_errors import NO_DATABASE, Away

STATUS: dict[type[Refusal], int] = {
    NotFound: code_pb2.NOT_FOUND,
    Invalid: code_pb2.INVALID_ARGUMENT,
    NotAllowed: code_pb2.PERMISSION_DENIED,
    Conflict: code_pb2.ABORTED,
    TooMany: code_pb2.RESOURCE_EXHAUSTED,
}
REFUSALS = frozenset(code_pb2.Code.Name(code) for code in STATUS.values())
_KINDS: dict[int, type[Refusal]] = {code: kind for kind, code in STATUS.items()}
# Words of grpc's own: by its status alone, a message that is too large is no different from a server that is full.
_TOO_LARGE = (
    *("SERVER: Received message larger", "CLIENT: Sent message larger", "Decompressed message larger"),
    "received metadata size exceeds",
)


def status_of(refusal: Refusal) -> status_pb2.Status:
    """The refusal as it crosses a connection: its sentence, its fields, and when to try again."""
    code = next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)
    status = status_pb2.Status(code=code, message=refusal.sentence)
    if refusal.fields:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=field, description=words)
            for field, words in refusal.fields.items()
        ]
        status.details.add().Pack(error_details_pb2.BadRequest(field_violations=violations))
    if isinstance(refusal, TooMany):
        pause = Duration(seconds=refusal.retry_after_s)
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=pause))
    return status


def refusal_of(error: grpc.RpcError) -> Refusal | Away | None:
    """The refusal that the other side raised, `Away` when it does not answer, None for a fault of its."""
    if not isinstance(error, grpc.Call):
        return None
    status, code = rpc_status.from_call(error), error.code()
    if status is not None and status.code in _KINDS:
        return _refusal(status)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        if str(error.details()).startswith(_TOO_LARGE):
            return Invalid("This is larger than the node takes at once. Nothing was changed; please make it smaller.")
        return TooMany("The node is busy just now. Nothing was changed; please try again in a moment.")
    if code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}:
        return Away(NO_DATABASE if error.details() == NO_DATABASE else code.name)
    return None


def _refusal(status: status_pb2.Status) -> Refusal:
    fields: dict[str, str] = {}
    pause = 5
    for detail in status.details:
        bad, retry = error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        if detail.Unpack(bad):
            fields = {violation.field: violation.description for violation in bad.field_violations}
        elif detail.Unpack(retry):
            pause = retry.retry_delay.seconds
    kind = _KINDS[status.code]
    if kind is TooMany:
        return TooMany(status.message, fields, retry_after_s=pause)
    return kind(status.message, fields)


def status_name(error: Exception) -> str:
    if isinstance(error, Refusal):
        return str(code_pb2.Code.Name(status_of(error).code))
    return "UNAVAILABLE" if isinstance(error, Away) or lost(error) else "INTERNAL"
