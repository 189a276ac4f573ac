"""How people sign in at Keycloak: its flows, compared with those of our realm file and made anew where they differ."""

from collections.abc import Iterable, Sequence

from keycloak import KeycloakAdmin

from services.node.setup.realm import Json, Step

_KIND = "basic-flow"


def mend(admin: KeycloakAdmin, realm: Json, flows: dict[str, Sequence[Step]]) -> list[str]:
    """Returns what it did, in words. `realm` is what stands there; a flow in use is taken out of use meanwhile."""
    there = {each["alias"]: each["id"] for each in admin.get_authentication_flows()}
    done = []
    for alias, steps in flows.items():
        if alias in there and _steps_of(admin, alias) == list(steps):
            continue
        if alias in there:
            _take_out_of_use(admin, realm, alias)
            admin.delete_authentication_flow(there[alias])
        _make(admin, alias, steps)
        done.append(f"flow {alias}")
    return done


def _take_out_of_use(admin: KeycloakAdmin, realm: Json, alias: str) -> None:
    """Keycloak's own flows hold meanwhile; they ask for a one-time code whoever has set one up."""
    own = {"browserFlow": "browser", "resetCredentialsFlow": "reset credentials"}
    used = {name: builtin for name, builtin in own.items() if realm.get(name) == alias}
    if used:
        # Nobody gets in by a forgotten password alone while Keycloak's own flow stands there.
        admin.update_realm(realm["realm"], {**used, "resetPasswordAllowed": False})


def _steps_of(admin: KeycloakAdmin, alias: str) -> list[Step]:
    return [_step(admin, each) for each in admin.get_authentication_flow_executions(alias)]


def _step(admin: KeycloakAdmin, there: Json) -> Step:
    number = there.get("authenticationConfig")
    config = admin.get_authenticator_config(number)["config"] if number else {}
    flow = there["displayName"] if there.get("authenticationFlow") else ""
    return Step(
        there["level"], there["requirement"], "" if flow else there["providerId"], flow, tuple(sorted(config.items()))
    )


def _make(admin: KeycloakAdmin, alias: str, steps: Sequence[Step]) -> None:
    admin.create_authentication_flow({"alias": alias, "providerId": _KIND, "topLevel": True, "builtIn": False})
    for parent, step in _with_parents(alias, steps):
        if step.flow:
            inner = {"alias": step.flow, "type": _KIND, "provider": "registration-page-form"}
            admin.create_authentication_flow_subflow(inner, parent)
        else:
            admin.create_authentication_flow_execution({"provider": step.authenticator}, parent)
    # Only now does each have a number of its own, in the same order.
    for made, step in zip(admin.get_authentication_flow_executions(alias), steps, strict=True):
        admin.update_authentication_flow_executions({**made, "requirement": step.requirement}, alias)
        if step.config:
            named = {"alias": f"{step.authenticator} {made['id']}", "config": dict(step.config)}
            admin.create_execution_config(made["id"], named)


def _with_parents(alias: str, steps: Iterable[Step]) -> Iterable[tuple[str, Step]]:
    parents = [alias]
    for step in steps:
        del parents[step.level + 1 :]
        yield parents[-1], step
        parents.append(step.flow)
