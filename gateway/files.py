"""Files in and out, the two things that are not JSON: bytes stream through, never held whole."""

from collections.abc import Iterator, Mapping
from typing import IO, Any, Final
from urllib.parse import quote

from flask import Flask, Response, request, stream_with_context

from fosse.resource.v1 import resource_pb2 as pb
from gateway import api, endpoints, guards, json_form
from gateway.clients import clients
from gateway.errors import BadRequest
from services.common.rpc_errors import Away

CHUNK: Final = 256 * 1024
_RPCS: Final = endpoints.SERVICES["resources"].methods_by_name


def install(app: Flask) -> None:
    upload = guards.guarded(add_file, api.guard_for(_RPCS["AddFilePart"]))
    fetch = guards.guarded(download, api.guard_for(_RPCS["DownloadPart"]))
    app.add_url_rule("/api/v1/resources/<segment:resource_id>/files", "files.add", upload, methods=["POST"])
    app.add_url_rule("/api/v1/resources/<segment:resource_id>/parts/<segment:part_id>", "files.fetch", fetch)
    app.add_url_rule("/resources/<segment:resource_id>/parts/<segment:part_id>", "files.download", fetch)


def add_file(resource_id: str) -> Response:
    """A form with `file` and the words of `FilePartWords`; headers as for JSON."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise BadRequest("Send the file as the field “file” of a multipart form. Nothing was changed.")
    words = pb.FilePartWords(resource_id=resource_id, file_name=sent.filename)
    json_form.fill(words, _words(request.form))
    api.fill_id(words, "part_id")
    api.fill_version(words)
    answer = clients().resources.AddFilePart(messages(words, sent.stream))
    headers = {"ETag": f'"{answer.resource.version}"'}
    return Response(json_form.text_of(answer), content_type="application/json", headers=headers)


def download(resource_id: str, part_id: str) -> Response:
    asked = pb.DownloadPartRequest(resource_id=resource_id, part_id=part_id)
    return attachment(clients().resources.DownloadPart(asked))


def attachment(answers: Iterator[pb.DownloadPartResponse]) -> Response:
    """The file as something to save: our address never shows what is in it, whoever made it."""
    first = next(answers, None)
    if first is None:
        raise Away("The file could not be read just now.")
    part = first.part
    response = Response(
        stream_with_context(answer.chunk for answer in answers),
        mimetype=part.media_type or "application/octet-stream",
        direct_passthrough=True,
    )
    response.headers["Content-Disposition"] = disposition(part.file_name)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    if part.size:
        response.content_length = part.size
    return response


def disposition(name: str) -> str:
    """RFC 6266, with a name that cannot lead out of a folder, hide its ending or break a header."""
    safe = "".join(sign for sign in name if sign.isprintable() and sign not in '/\\:*?"<>|')
    # Dots in front hide a file; what is printable excludes signs that turn the direction of writing.
    safe = safe.strip(" .")[-150:] or "file"
    plain = safe.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"


def _words(form: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = dict(form)
    for name in ("may_be_adapted", "mayBeAdapted"):
        if name in given:
            given[name] = str(given[name]).lower() in {"true", "yes", "on", "1"}
    reserved = {"resource_id", "resourceId", "file_name", "fileName"} & set(given)
    if reserved:
        raise BadRequest(f"The field “{reserved.pop()}” comes from the address and the file. Nothing was changed.")
    return {name: value for name, value in given.items() if value != ""}


def messages(words: pb.FilePartWords, stream: IO[bytes]) -> Iterator[pb.AddFilePartRequest]:
    """A file on its way to its service: the words first, then the bytes piece by piece."""
    yield pb.AddFilePartRequest(words=words)
    while chunk := stream.read(CHUNK):
        yield pb.AddFilePartRequest(chunk=chunk)
