"""No route without a word on who may call it, and the gateway agrees with the rpcs about it."""

import pytest
from flask import Flask
from google.protobuf.descriptor import MethodDescriptor

from fosse.common.v1 import access_pb2
from gateway import api, endpoints, guards
from gateway.guards import Guard, UnguardedRoute

RPCS = [rpc for service in endpoints.SERVICES.values() for rpc in service.methods]


def test_an_application_with_a_route_open_by_oversight_does_not_start() -> None:
    app = Flask("test")
    app.add_url_rule("/forgotten", "forgotten", lambda: "")

    with pytest.raises(UnguardedRoute, match="'forgotten' does not say who may call it"):
        guards.check_routes(app)


def test_routes_that_say_who_may_call_them_are_accepted() -> None:
    app = Flask("test")
    app.add_url_rule("/a", "a", guards.anyone(lambda: ""))
    app.add_url_rule("/b", "b", guards.signed_in(lambda: ""))
    app.add_url_rule("/c", "c", guards.roles(access_pb2.ROLE_CONVENOR)(lambda: ""))

    found = guards.check_routes(app)

    assert (found["a"], found["b"]) == (Guard(anyone=True), Guard())
    assert found["c"].roles == {access_pb2.ROLE_CONVENOR}


@pytest.mark.parametrize("endpoint", list(endpoints.endpoints()), ids=lambda each: each.rpc.name)
def test_the_gateway_lets_in_exactly_the_roles_that_the_rpc_names(endpoint: endpoints.Endpoint) -> None:
    rule = endpoint.rpc.GetOptions().Extensions[access_pb2.access]

    guard = api.guard_for(endpoint.rpc)

    assert guard.roles == set(rule.roles)
    assert guard.anyone == (rule.anyone or (list(rule.services) == ["gateway"] and not rule.roles))


def test_an_rpc_for_services_alone_has_no_address() -> None:
    def for_services_alone(rpc: MethodDescriptor) -> bool:
        rule = rpc.GetOptions().Extensions[access_pb2.access]
        return not rule.roles and not rule.anyone and "gateway" not in rule.services

    with_address = {endpoint.rpc.name for endpoint in endpoints.endpoints()}

    assert {rpc.name for rpc in RPCS if for_services_alone(rpc)} & with_address == set()
