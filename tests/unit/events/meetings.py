"""Builders: people, words and meetings with what a test does not care about filled in."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.common.access import Person, Role
from services.events.domain.meeting import Meeting, State
from services.events.domain.room import Figures
from services.events.domain.words import AgendaItem, Words, checked_words

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CARE_HOMES = "c" * 32
SOCIAL_CARE = "d" * 32


def an_id(number: int) -> str:
    return f"{number:032x}"


def a_member(number: int = 1, *, community: str = CARE_HOMES, **given: Any) -> Person:
    return Person(an_id(number), roles={community: frozenset({int(Role.ROLE_MEMBER)})}, **given)


def a_convenor(number: int = 900, *, community: str = CARE_HOMES) -> Person:
    roles = frozenset({int(Role.ROLE_MEMBER), int(Role.ROLE_CONVENOR)})
    return Person(an_id(number), shown_as=f"Convenor {number}", roles={community: roles})


def some_words(**given: Any) -> Words:
    known: dict[str, Any] = {
        "title": "December meeting",
        "about": "Falls in winter, and what helped.",
        "day": "2026-12-10",
        "starts": "14:00",
        "ends": "16:00",
        "venue": "Village Hall, Southwell",
        "room_holds": 20,
        "online_holds": 40,
        "online_link": "https://meet.example.org/fosse",
        "agenda": (AgendaItem("Welcome", 10, "Cath"), AgendaItem("Falls", 40)),
    }
    return Words(**{**known, **given})


def a_meeting(**given: Any) -> Meeting:
    """Announced."""
    words, when = checked_words(some_words(**given))
    figures = Figures(words.room_holds, online_holds=words.online_holds)
    return Meeting(an_id(100), 2, CARE_HOMES, State.ANNOUNCED, words, when, NOW, an_id(900), figures)


def at(meeting: Meeting, state: State) -> Meeting:
    return replace(meeting, state=state)
