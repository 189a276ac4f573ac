"""Builders: members and askers with what a test does not care about filled in."""

from collections.abc import Collection
from typing import Any

from services.common.access import Person, Role
from services.membership.domain import Member

CARE_HOMES = "c" * 32
SOCIAL_CARE = "d" * 32


def an_id(number: int) -> str:
    return f"{number:032x}"


def a_member(number: int = 1, *, roles: Collection[int] = (), community: str = CARE_HOMES, **given: Any) -> Member:
    known = {"id": an_id(number), "name": f"Member {number}", "email": f"m{number}@home.example"}
    return Member(**{**known, "roles": {community: frozenset({Role.ROLE_MEMBER, *roles})}, **given})


def a_convenor(number: int = 90, community: str = CARE_HOMES) -> Person:
    roles = {community: frozenset({Role.ROLE_MEMBER, Role.ROLE_CONVENOR})}
    return Person(an_id(number), shown_as=f"Convenor {number}", roles=roles)


def an_operator(number: int = 99) -> Person:
    return Person(an_id(number), operator=True)


def a_person(number: int = 1, community: str = CARE_HOMES) -> Person:
    return Person(an_id(number), roles={community: frozenset({Role.ROLE_MEMBER})})
