"""The directory, imports, joining, the profile."""

from typing import Any

from services.common.errors import Conflict, Invalid
from tests.browser import world
from tests.browser.county import County
from tests.browser.standins.members import a_profile, a_request, an_import, some_entries, some_organisations
from tests.browser.states.state import Prepare, State

ROSALIND = world.id_of("Rosalind Okafor")
WILFRED = world.id_of("Wilfred Ashdown-Carmichael")
IMPORT = f"/members/import/{world.id_of('import')}"
REQUEST = f"/members/joining/{world.id_of('request Imogen Farrow')}"


def _members(county: County) -> None:
    county.shelf.members.entries = some_entries()
    county.shelf.members.organisations = some_organisations()
    county.shelf.members.requests = [a_request(), a_request("Bartholomew Quince")]


def _paged(county: County) -> None:
    _members(county)
    county.shelf.members.next_page = "abc"


def _not_managed(county: County) -> None:
    _members(county)
    county.shelf.members.may_manage = False


def _left(county: County) -> None:
    _members(county)
    county.shelf.members.left = True


def _import(state: int, **changed: Any) -> Prepare:
    def prepare(county: County) -> None:
        county.shelf.members.imports = [an_import(state, **changed)]

    return prepare


def _refusing(name: str, refusal: Conflict | Invalid) -> Prepare:
    def prepare(county: County) -> None:
        _members(county)
        county.shelf.refuse[name] = refusal

    return prepare


def _conflict(county: County) -> None:
    _refusing("UpdateProfile", Conflict("Your profile was changed meanwhile. Nothing was saved."))(county)
    county.shelf.members.profile = a_profile()


_WRONG = Invalid("Some of this cannot be used. Nothing was saved.", {"name": "Write at least 2 characters."})

_FAILED = (
    "This node met a fault of its own at 4 tries and gave up. Of 58 good rows, 30 were applied and will stay; the "
    "others changed nothing. Send the whole file again, which is safe: what was applied is not applied twice. If that "
    f"fails too, tell the operator of this node, who finds the fault in the log as import {world.id_of('import')}."
)

STATES: tuple[State, ...] = (
    State("members", "/members", _paged),
    State("members-filtered", "/members?q=rosa&role_group=care_home&locality=04N&topic=falls&page=abc", _members),
    State("members-nobody", "/members?q=zebra", _members),
    State("member", f"/members/{ROSALIND}", _not_managed),
    State("member-convened", f"/members/{WILFRED}", _members),
    State("member-who-left", f"/members/{ROSALIND}", _left),
    State("member-unknown", "/members/00000000000000000000000000000000", _members),
    State("member-edit", f"/members/{ROSALIND}/edit", _members),
    State("member-invitation", f"/members/{WILFRED}/invitation", _members),
    State("member-invitation-made", f"/members/{WILFRED}/invitation", _members, press="Make the link"),
    State("member-left", f"/members/{ROSALIND}/left", _members),
    State("member-back", f"/members/{ROSALIND}/left", _left),
    State("organisations", "/members/organisations", _members),
    State("organisations-none", "/members/organisations"),
    State("profile", "/profile"),
    State("profile-refused", "/profile", _refusing("UpdateProfile", _WRONG), press="Save your profile"),
    State("profile-conflict", "/profile", _conflict, fill=(("name", "P. Raman"),), press="Save your profile"),
    State("import", "/members/import"),
    State("import-without-a-file", "/members/import", press="Check the file"),
    State("import-checking", IMPORT, _import(1, rows=10_000, done=2_500)),
    State("import-waiting", IMPORT, _import(1, rows=0, done=0)),
    State("import-checked", IMPORT, _import(2)),
    State("import-nothing-new", IMPORT, _import(2, new_members=0, changed_members=0, new_organisations=0, bad_rows=0)),
    State("import-applied", IMPORT, _import(4)),
    State("import-retrying", IMPORT, _import(3, rows=10_000, done=2_500, retrying=True)),
    State("import-failed", IMPORT, _import(6, problem=_FAILED)),
    State("import-unusable", IMPORT, _import(5, problem="This is a PDF, not a CSV file. Save the table as CSV UTF-8.")),
    State("joining", "/members/joining", _members),
    State("joining-nobody", "/members/joining"),
    State("joining-one", f"{REQUEST}?q=", _members),
    State("joining-one-refused", f"{REQUEST}?q=", _members, press="I know this person"),
)
