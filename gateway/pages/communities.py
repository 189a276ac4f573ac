"""Which community a page is about: the one in the address, else the person's first."""

from flask import request

from gateway.callers import caller
from gateway.lookups import lookups


def mine() -> list[tuple[str, str]]:
    """Those of this person with their names."""
    person = caller().person
    names = {community.id: community.name for community in lookups().communities()}
    return [(each, names.get(each, "Your community")) for each in (person.roles if person else ())]


def chosen() -> str:
    given = request.values.get("community", "")
    known = [each for each, _ in mine()]
    return given if given in known else next(iter(known), "")


def of_convenor() -> list[tuple[str, str]]:
    """Those that this person convenes, with their names."""
    person = caller().person
    return [(each, name) for each, name in mine() if person and person.is_convenor(each)]


def convened() -> str:
    """The community that this person convenes: the chosen one if they do, else their first such."""
    asked, own = chosen(), [each for each, _ in of_convenor()]
    return asked if asked in own else next(iter(own), asked)


def is_convenor() -> bool:
    person = caller().person
    return person is not None and person.is_convenor(chosen())


def area_names() -> dict[str, str]:
    return {each.id: each.name for each in lookups().localities()}


def area_options() -> list[tuple[str, str, str]]:
    return [(each.id, each.name, "") for each in lookups().localities()]


def topic_options() -> list[tuple[str, str, str]]:
    topics = lookups().vocabulary().topics
    return [(code, name, "") for code, name in sorted(topics.items(), key=lambda term: term[1])]
