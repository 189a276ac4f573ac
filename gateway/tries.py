"""Tries to sign in at the node's own provider: whom each form that is passed on counts for.

A form with a password names somebody. The page for a one-time code does not, so the names that were typed in this tab
before are kept, and each try counts for all of them: else the owner of another account could pay for it. A browser that
somebody has signed in with counts by itself, so that guesses from elsewhere never lock its owner out; the provider's
own lock, which would, is set far beyond what passes here.
"""

import re
from collections.abc import Sequence
from typing import Final

from flask import request

from gateway.counters import Charge, Limit, Per
from gateway.errors import BadRequest
from gateway.known_browsers import KnownBrowsers, spelt
from gateway.limits import FORGOTTEN, TRIED, counting

_NAME: Final = "username"
_TAB: Final = re.compile(r"[\w-]{1,64}")
_STALE: Final = "This page has been open for too long. Nothing was changed; please start your sign-in again."
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

    def take(self, form: Form) -> list[Charge]:
        """Counts this try; raises `TooMany`."""
        action = request.path.removeprefix(self._actions).strip("/")
        if not request.path.startswith(self._actions) or action == "required-action":
            return counting().take(_HARMLESS)
        limits = FORGOTTEN if action == "reset-credentials" else TRIED
        charges = [charge for who in self._people(dict(form)) for charge in self._of(limits, who)]
        # Of two people in one tab the address pays once.
        charges = list(dict.fromkeys(charges))
        counting().charge(charges)
        return charges

    def give_back(self, charged: Sequence[Charge]) -> None:
        counting().give_back(charged)

    def _people(self, form: dict[str, str]) -> Sequence[str]:
        tab = _tab()
        if _NAME in form:
            who = self._browsers.who(form[_NAME])
            counting().note(tab, who)
            return [who]
        # Whose code this is must be known, or it would be nobody's try.
        people = counting().noted(tab)
        if not people:
            raise BadRequest(_STALE)
        return people

    def _of(self, limits: Sequence[Limit], who: str) -> list[Charge]:
        number = self._browsers.number(who)
        alone = tuple(each for each in limits if each.per is Per.BROWSER)
        if number and alone:
            return counting().charges(alone, BROWSER=f"{number}:{who}")
        return counting().charges(tuple(each for each in limits if each.per is not Per.BROWSER), NAME=who)


def _tab() -> str:
    """The provider's own number of a sign-in under way, which it finds by nothing else."""
    given = request.args.getlist("tab_id")
    if len(given) != 1 or not _TAB.fullmatch(given[0]):
        raise BadRequest(_STALE)
    return given[0]
