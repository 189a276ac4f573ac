"""What is limited how: the one table, and the counting of whoever sent a request.

`AT` names the routes that are counted as a whole; what is tried against something secret is counted where it is tried,
because only who was wrong counts. docs/operators.md tells the same table to people, and a test compares them.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from flask import Flask, current_app, request

from gateway.callers import caller
from gateway.counters import Charge, Counters, Limit, Per, Taken
from services.common.clock import Clock
from services.common.errors import Refusal

_KEY: Final = "fosse_limits"
_MINUTE, _TEN_MINUTES, _QUARTER, _HOUR = (timedelta(minutes=length) for length in (1, 10, 15, 60))

# Of one person in a minute, unless FOSSE_GATEWAY_SEARCHES_A_MINUTE says otherwise.
SEARCHES: Final = 300
# Whoever searches is remembered, so that searching writes to the database seldom.
_KEPT: Final = 5_000

Limits = tuple[Limit, ...]


def _limits(what: str, window: timedelta, sentence: str, counts: Mapping[Per, int], *, at_a_time: int = 1) -> Limits:
    return tuple(Limit(what, per, count, window, sentence, at_a_time) for per, count in counts.items())


# Nothing is guessed by beginning: a limit for everybody together would be a switch that shuts sign-in for all.
BEGUN: Final = _limits(
    "sign-in", _TEN_MINUTES, "There were very many sign-ins here just now. Please wait a little.", {Per.ADDRESS: 120}
)
# At the node's own provider: passwords, one-time codes and new accounts.
TRIED: Final = _limits(
    "password or code", _QUARTER,
    "Too many tries to sign in were made with this name or from your address. Nothing was changed. Please wait a "
    "little, or use a browser that you have signed in with before.",
    {Per.ADDRESS: 30, Per.NAME: 10, Per.BROWSER: 10, Per.COUNTY: 1000},
)  # fmt: skip
FORGOTTEN: Final = _limits(
    "forgotten password", _QUARTER, "This was asked very often just now. Please look at your mail, or wait a little.",
    {Per.ADDRESS: 10, Per.NAME: 3, Per.BROWSER: 3, Per.COUNTY: 300},
)  # fmt: skip
INVITATION: Final = _limits(
    "invitation", _TEN_MINUTES, "Too many invitations were tried. Nothing was changed. Please wait a little.",
    {Per.ADDRESS: 10, Per.PERSON: 10, Per.COUNTY: 300},
)  # fmt: skip
LINK: Final = _limits(
    "signed link", _TEN_MINUTES,
    "Too many links that do not exist were tried from your address. Nothing was changed. Please wait a little.",
    {Per.ADDRESS: 10},
)  # fmt: skip
ENROLMENT: Final = _limits(
    "enrolment code", _TEN_MINUTES,
    "There were very many requests to join from your address. Nothing was changed. Please wait a little.",
    {Per.ADDRESS: 10, Per.COUNTY: 300},
)  # fmt: skip
# A county that waits for its approval asks again every few seconds.
COLLECTING: Final = _limits(
    "enrolment asked for", _TEN_MINUTES, "This was asked very often just now. Please wait a little.",
    {Per.ADDRESS: 1200},
)  # fmt: skip
JOINING: Final = _limits(
    "asking to join", _TEN_MINUTES, "There were very many requests to join just now. Please wait a little.",
    {Per.ADDRESS: 10, Per.PERSON: 10, Per.COUNTY: 300},
)  # fmt: skip
SEARCH: Final = _limits(
    "search", _MINUTE, "There were very many searches just now. Please wait a little.",
    {Per.PERSON: SEARCHES, Per.ADDRESS: 4 * SEARCHES, Per.COUNTY: 40 * SEARCHES},
    at_a_time=20,
)  # fmt: skip
EXPORT: Final = _limits(
    "export", _HOUR, "Very many lists were taken just now. Please wait a little.",
    {Per.PERSON: 60, Per.ADDRESS: 240, Per.COUNTY: 1200},
)  # fmt: skip
UPLOAD: Final = _limits(
    "upload", _HOUR, "Very many files were sent just now. What you have is safe; please wait a little.",
    {Per.PERSON: 200, Per.ADDRESS: 800, Per.COUNTY: 4000},
)  # fmt: skip
ALL: Final = (
    BEGUN, TRIED, FORGOTTEN, INVITATION, LINK, ENROLMENT, COLLECTING, JOINING, SEARCH, EXPORT, UPLOAD,
)  # fmt: skip
AT: Final[Mapping[str, Limits]] = {
    "shelf.shelf": SEARCH,
    "members.directory": SEARCH,
    "api.Resources.SearchResources": SEARCH,
    "api.Directory.ListDirectory": SEARCH,
    "api.Membership.ListMembers": SEARCH,
    "attendance.as_file": EXPORT,
    "places.to_print": EXPORT,
    "files.add": UPLOAD,
    "parts.add_file": UPLOAD,
    "importing.check": UPLOAD,
    "api.Importing.CheckImport": UPLOAD,
    "api.Federation.CollectEnrolment": COLLECTING,
}


class Counting:
    """Counts tries of whoever sends requests; safe from many threads."""

    def __init__(self, counters: Counters, clock: Clock, searches_a_minute: int = SEARCHES) -> None:
        self._counters = counters
        self._clock = clock
        self._searches = searches_a_minute
        self._kept: dict[Charge, tuple[int, datetime]] = {}
        self._lock = threading.Lock()

    def look(self, endpoint: str) -> None:
        """Counts a request of a route that is counted as a whole; raises `TooMany`."""
        if limits := AT.get(endpoint):
            self.take(self._set(limits))

    def take(self, limits: Limits, **known: str) -> list[Taken]:
        """Counts one try of whoever sent the request; raises `TooMany` where one of the limits is reached.

        `known`: who it is, where only the door knows. Answers what can be given back.
        """
        return self.charge(self.charges(limits, **known))

    def charges(self, limits: Limits, **known: str) -> list[Charge]:
        return [(limit, who) for limit in limits if (who := known.get(limit.per.name) or _who(limit.per))]

    def charge(self, charges: Sequence[Charge]) -> list[Taken]:
        """Counts one try of each, or raises `TooMany`. Answers what can be given back."""
        now = self._clock()
        new = [each for each in charges if not self._had(each, now)]
        if new:
            self._counters.take_all(new, now)
        for each in new:
            self._keep(each, now)
        return [(limit, who, now) for limit, who in charges]

    @contextmanager
    def guessing(self, limits: Limits, *wrong: type[Refusal]) -> Iterator[None]:
        """Counts what is tried inside only where it ends in one of these refusals; raises `TooMany`, and then nothing
        is tried. Whoever was right does not count, nor who met a part of the node that was away."""
        charged = self.take(limits)
        try:
            yield
        except wrong:
            charged = []
            raise
        finally:
            self.give_back(charged)

    def give_back(self, taken: Sequence[Taken]) -> None:
        """Whoever was right does not count."""
        for limit, who, at in taken:
            self._counters.give_back(limit, who, at)

    def note(self, tab: str, who: str) -> None:
        self._counters.note(tab, who, self._clock())

    def noted(self, tab: str) -> list[str]:
        return self._counters.noted(tab)

    def _set(self, limits: Limits) -> Limits:
        """As many as the operator chose."""
        if limits is not SEARCH or self._searches == SEARCHES:
            return limits
        return tuple(_scaled(each, self._searches) for each in limits)

    def _had(self, charge: Charge, now: datetime) -> bool:
        """One of those that this worker has taken before."""
        if charge[0].at_a_time == 1:
            return False
        with self._lock:
            left, until = self._kept.get(charge, (0, now))
            if left > 0 and now < until:
                self._kept[charge] = (left - 1, until)
                return True
        return False

    def _keep(self, charge: Charge, now: datetime) -> None:
        limit = charge[0]
        if limit.at_a_time == 1:
            return
        with self._lock:
            if len(self._kept) >= _KEPT:
                self._kept = {each: kept for each, kept in self._kept.items() if kept[1] > now}
            if len(self._kept) < _KEPT:
                self._kept[charge] = (limit.at_a_time - 1, now + limit.window)


def _scaled(limit: Limit, searches: int) -> Limit:
    # A worker must never take at once more than there may be.
    at_a_time = min(limit.at_a_time, max(1, limit.at_a_time * searches // SEARCHES))
    return replace(limit, count=limit.count * searches // SEARCHES, at_a_time=at_a_time)


def install(app: Flask, made: Counting) -> None:
    """Raises `LookupError` where the table names a route that there is not."""
    if unknown := sorted(AT.keys() - app.view_functions.keys()):
        raise LookupError(f"No such route: {', '.join(unknown)}")
    app.extensions[_KEY] = made


def counting() -> Counting:
    """That of the running application."""
    found: Counting = current_app.extensions[_KEY]
    return found


def _who(per: Per) -> str:
    """Empty: this request has no such; that limit then counts nothing."""
    if per is Per.ADDRESS:
        return address()
    if per is Per.COUNTY:
        return "all"
    return person() if per is Per.PERSON else ""


def address() -> str:
    """Of whoever sent the request, as the proxies say it that the settings trust. One household has one: of IPv6 that
    is a network, because each machine has as many addresses as it likes."""
    told = request.remote_addr or ""
    try:
        found = ip_address(told)
    except ValueError:
        return told
    if not isinstance(found, IPv6Address):
        return told
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))


def person() -> str:
    """The member, or the account of somebody who is none yet; empty: nobody is signed in."""
    asking = caller()
    if asking.person is not None:
        return asking.person.member_id
    return (asking.session.subject or asking.session.hash) if asking.session else ""
