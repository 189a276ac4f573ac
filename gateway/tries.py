"""Tries to sign in at the node's own provider: whom each form that is passed on counts for.

A form with a password names somebody. The page for a one-time code does not, so the names that were typed in this tab
before and passed on are kept, and each try counts for all of them: else the owner of another account could pay for it.
A tab holds few, so that one try never counts for many.

A browser that somebody has signed in with counts by itself for them instead of for their name and for the node, so that
guesses from elsewhere never lock its owner out; the provider's own lock, which would, is set far beyond what passes
here. From its address it has no more tries than others: whoever lends themselves such a browser gains nothing.
"""

import re
from collections.abc import Sequence
from typing import Final

from flask import request

from gateway.counters import Charge, Limit, Per, Taken
from gateway.errors import BadRequest
from gateway.known_browsers import KnownBrowsers, spelt
from gateway.limits import FORGOTTEN, TRIED, counting

_NAME: Final = "username"
_TAB: Final = re.compile(r"[\w-]{1,64}")
STALE: Final = "This page has been open for too long. Nothing was changed; please start your sign-in again."
# Somebody mistypes their name, or two people share a screen.
_NAMES: Final = 3
# What the owner of a known browser would be locked out by.
_BY_ANYBODY: Final = (Per.NAME, Per.COUNTY)
# Consent, new passwords, sign-out: nothing is guessed, but an address sends only so many.
_HARMLESS: Final = tuple(each for each in TRIED if each.per is Per.ADDRESS)

Form = list[tuple[str, str]]


class Tries:
    def __init__(self, browsers: KnownBrowsers, actions: str) -> None:
        self._browsers = browsers
        self._actions = actions

    def form(self) -> Form:
        """What was sent, with one name in the one spelling that is counted, and then without a one-time code."""
        sent = list(request.form.items(multi=True))
        if _NAME not in request.form or not request.path.startswith(self._actions):
            return sent
        named = (_NAME, spelt(request.form[_NAME]))
        return [named, *(each for each in sent if each[0] not in {_NAME, "otp"})]

    def take(self, form: Form) -> list[Taken]:
        """Counts this try; raises `TooMany`."""
        action = request.path.removeprefix(self._actions).strip("/")
        if not request.path.startswith(self._actions) or action == "required-action":
            return counting().take(_HARMLESS)
        limits = FORGOTTEN if action == "reset-credentials" else TRIED
        tab = _tab()
        typed = counting().noted(tab)
        people = self._people(dict(form), typed)
        new = [who for who in people if who not in typed]
        _look(tab, typed, new)
        # Of two people in one tab the address pays once.
        taken = counting().charge(list(dict.fromkeys(each for who in people for each in self._of(limits, who))))
        # Only of what is passed on now: else whoever is refused makes the next try in this tab count for anybody.
        _note(tab, new)
        return taken

    def give_back(self, taken: Sequence[Taken]) -> None:
        counting().give_back(taken)

    def _people(self, form: dict[str, str], typed: Sequence[str]) -> Sequence[str]:
        people = [self._browsers.who(form[_NAME])] if _NAME in form else typed
        # Whose code this is must be known, or it would be nobody's try.
        if not people:
            raise BadRequest(STALE)
        return people

    def _of(self, limits: Sequence[Limit], who: str) -> list[Charge]:
        number = self._browsers.number(who)
        without = _BY_ANYBODY if number else (Per.BROWSER,)
        counted = tuple(each for each in limits if each.per not in without)
        return counting().charges(counted, NAME=who, BROWSER=f"{number}:{who}")


def _look(tab: str, typed: Sequence[str], new: Sequence[str]) -> None:
    """Refuses a tab with too many names; the one too many is kept, as a sign that this tab is used up."""
    if len(typed) + len(new) <= _NAMES:
        return
    _note(tab, new if len(typed) == _NAMES else ())
    raise BadRequest(STALE)


def _note(tab: str, people: Sequence[str]) -> None:
    for who in people:
        counting().note(tab, who)


def _tab() -> str:
    """The provider's own number of a sign-in under way, which it finds by nothing else."""
    given = request.args.getlist("tab_id")
    if len(given) != 1 or not _TAB.fullmatch(given[0]):
        raise BadRequest(STALE)
    return given[0]
