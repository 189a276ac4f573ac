"""Whatever is sent to any address of the API of a whole node, it is answered or refused; it never falls over."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER, ROLE_OPERATOR
from gateway.endpoints import Endpoint, endpoints
from tests.browsing import Browser
from tests.members import COMMUNITY
from tests.whole_nodes import a_whole_node

ENDPOINTS = list(endpoints())
IDS = st.sampled_from(["0" * 32, COMMUNITY, f"{1:032x}", "x", ""])
TEXTS = st.one_of(
    IDS, st.text(max_size=30), st.sampled_from(["\x00", "a" * 3000, "\u202e", "%", "2026-13-45", "💊" * 99])
)
NUMBERS = st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 2**64, 1.5, "7", "many"])
ODD = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.lists(TEXTS, max_size=3), st.just({}))


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with a_whole_node(tmp_path_factory.mktemp("n")) as node:
        browser = node.signed_in(1, "Ann Example", ROLE_MEMBER, ROLE_CONVENOR, ROLE_OPERATOR)
        browser.http.headers["X-CSRF-Token"] = browser.form_token("/about")
        yield browser


def values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None and depth < 3:
        one: st.SearchStrategy[Any] = messages(field.message_type, depth + 1)
    elif field.enum_type is not None:
        one = st.sampled_from([value.name for value in field.enum_type.values] + [99, "NONE"])
    elif field.type == FieldDescriptor.TYPE_STRING:
        one = TEXTS
    else:
        one = NUMBERS
    return st.one_of(st.lists(one, max_size=3) if field.is_repeated else one, ODD)


def messages(descriptor: Descriptor, depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={field.json_name: values(field, depth) for field in descriptor.fields})


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.rpc.name)
def test_nothing_that_is_sent_makes_it_fall_over(endpoint: Endpoint, ann: Browser) -> None:
    variables = st.fixed_dictionaries({name: TEXTS for name in endpoint.variables})

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(variables, messages(endpoint.rpc.input_type))
    def send(path: dict[str, str], message: dict[str, Any]) -> None:
        answer = ask(ann, endpoint, path, message)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400 and answer.url.startswith(f"{ann.url}/api/"):
            assert answer.json()["detail"].endswith((".", "/", "!", "?"))

    send()


def ask(browser: Browser, endpoint: Endpoint, path: dict[str, str], message: dict[str, Any]) -> requests.Response:
    where = endpoint.path.format(**{name: quote(value, safe="") or "-" for name, value in path.items()})
    sent = {"json": message} if endpoint.takes_body else {"params": message}
    return browser.http.request(endpoint.verb, browser.url + where, timeout=20, allow_redirects=False, **sent)  # type: ignore[arg-type]  # one of the two
