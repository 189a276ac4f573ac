"""The description of the interface is what the protos say, today."""

import json
from typing import Any

import pytest

from gateway import api, endpoints, openapi
from gateway.proto_comments import comments_of


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(api.DOCUMENT.read_text(encoding="utf-8"))
    return found


def test_the_document_is_fresh(document: dict[str, Any]) -> None:
    assert document == openapi.document(comments_of()), "python -m gateway.openapi writes it"


def test_every_address_is_described_with_the_comment_of_its_rpc(document: dict[str, Any]) -> None:
    for endpoint in endpoints.endpoints():
        operation = document["paths"][endpoint.path][endpoint.verb.lower()]
        assert operation["operationId"] == endpoint.rpc.name
        assert operation["summary"] != endpoint.rpc.name


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if "$ref" in part else set()
            return own.union(*(references(each) for each in part.values()))
        return set().union(*(references(each) for each in part)) if isinstance(part, list) else set()

    def resolve(reference: str) -> Any:
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        return found

    assert all(resolve(reference) for reference in references(document))


def test_files_go_in_as_a_form_and_the_path_names_every_variable(document: dict[str, Any]) -> None:
    upload = document["paths"]["/api/v1/resources/{resource_id}/files"]["post"]

    assert "multipart/form-data" in upload["requestBody"]["content"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert {f"{{{name}}}" for name in named} == {part for part in braces(path)}


def braces(path: str) -> list[str]:
    return [f"{{{part.partition('}')[0]}}}" for part in path.split("{")[1:]]
