"""Who was there: a list that a convenor completes and closes, corrects later, and takes away as a file."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.events.v1 import events_pb2, facts_pb2
from fosse.membership.v1 import directory_pb2
from gateway import files, forms, guards
from gateway.clients import clients
from gateway.meeting_forms import number
from gateway.meeting_words import PRESENCES
from gateway.pages.names import Names, directory, names_in, names_of
from gateway.pages.refused import NOTHING, Refused, refused
from gateway.pages.side import unless_away
from gateway.words import iso
from services.common.errors import Conflict, Invalid
from services.common.text import is_formula

blueprint = Blueprint("attendance", __name__, url_prefix="/meetings/<meeting_id>")
LABELS = {"guests": "Guests who are no members", "present": "The list", "newcomer": "Who else was there"}
_convenors = guards.roles(ROLE_CONVENOR)
Present = Mapping[str, int]


@blueprint.get("/attendance")
@_convenors
def edit(meeting_id: str) -> str:
    found = _found(meeting_id)
    saved = found.attendance
    return _page(found, _present(saved), str(saved.guests or ""), saved.version)


@blueprint.post("/attendance")
@_convenors
def save(meeting_id: str) -> ResponseReturnValue:
    present, version = _sent(), forms.expected_version()
    if "add" in request.form:
        return _again(meeting_id, _with_newcomer(present), version)
    asked = events_pb2.RecordAttendanceRequest(
        meeting_id=meeting_id,
        expected_version=version,
        present=_message(present),
        guests=number("guests"),
        close="close" in request.form,
    )
    try:
        saved = clients().meetings.RecordAttendance(asked).attendance
    except Invalid as error:
        return _again(meeting_id, present, version, refused(error)), 422
    except Conflict as error:
        return _conflict(meeting_id, present, version, refused(error)), 409
    flash(_said(saved, "close" in request.form))
    return redirect(url_for(".edit", meeting_id=meeting_id), 303)


@blueprint.get("/attendance.csv")
@_convenors
def as_file(meeting_id: str) -> ResponseReturnValue:
    found = _found(meeting_id)
    names = names_of(one.member_id for one in found.attendance.present)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("Name", "Organisation", "Attendance"))
    for one in found.attendance.present:
        named = names[one.member_id]
        writer.writerow(safe_cell(each) for each in (named.name, named.organisation, PRESENCES.get(one.presence, "")))
    writer.writerow(("Guests", "", found.attendance.guests))
    # The mark in front tells spreadsheets that this is UTF-8.
    response = Response(f"\ufeff{text.getvalue()}", content_type="text/csv; charset=utf-8")
    name = f"attendance-{iso(found.meeting.starts_at)[:10]}.csv"
    response.headers["Content-Disposition"] = files.disposition(name)
    return response


def safe_cell(text: str) -> str:
    return f"'{text}" if is_formula(text) else text


def _found(meeting_id: str) -> events_pb2.GetAttendanceResponse:
    return clients().meetings.GetAttendance(events_pb2.GetAttendanceRequest(meeting_id=meeting_id))


def _present(attendance: events_pb2.Attendance) -> dict[str, int]:
    return {one.member_id: one.presence for one in attendance.present}


def _sent() -> dict[str, int]:
    """As the form has it: a field for each member."""
    fields = ((name.removeprefix("at-"), value) for name, value in request.form.items() if name.startswith("at-"))
    return {member_id: int(value) for member_id, value in fields if value in ("1", "2", "3")}


def _message(present: Present) -> list[events_pb2.Present]:
    return [
        events_pb2.Present(member_id=member_id, presence=presence)  # type: ignore[arg-type]  # a number of the enum
        for member_id, presence in present.items()
    ]


def _with_newcomer(present: Present) -> dict[str, int]:
    newcomer = request.form.get("newcomer", "")
    return {**present, newcomer: facts_pb2.PRESENCE_ROOM} if newcomer else dict(present)


def _said(saved: events_pb2.Attendance, closing: bool) -> str:
    there = sum(1 for one in saved.present if one.presence != facts_pb2.PRESENCE_ABSENT)
    came = f"{there} {'member was' if there == 1 else 'members were'} there"
    if closing:
        return f"The list is saved and closed: {came}."
    return f"The list is saved: {came}."


def _again(meeting_id: str, present: Present, version: int, wrong: Refused = NOTHING) -> str:
    """The page as it was sent, with nothing lost."""
    return _page(_found(meeting_id), present, request.form.get("guests", ""), version, wrong)


def _page(
    found: events_pb2.GetAttendanceResponse, present: Present, guests: str, version: int, wrong: Refused = NOTHING
) -> str:
    names, listed, more = _names(found.meeting, present)
    return render_template(
        "attendance.html",
        meeting=found.meeting,
        closed=found.attendance.closed,
        rows=sorted(
            ((names[each], each, how) for each, how in present.items()), key=lambda row: row[0].name.casefold()
        ),
        others=[(each, str(named)) for each, named in names.items() if each not in present and each in listed],
        more=more,
        ways=[(str(code), name) for code, name in PRESENCES.items()],
        guests=guests,
        version=version,
        wrong=wrong,
        labels=LABELS,
        words=request.values.get("words", ""),
    )


def _names(meeting: events_pb2.Meeting, present: Present) -> tuple[Names, Names, bool]:
    """Names of all on the page; of those who may be added; and whether there are more of them than are listed."""
    words = request.values.get("words", "").strip()[:200]
    found = unless_away(lambda: directory(meeting.community_id, words)) or directory_pb2.ListDirectoryResponse()
    listed = names_in(found)
    return names_of(present, listed), listed, bool(words) or found.total > len(found.entries)


def _conflict(meeting_id: str, present: Present, version: int, wrong: Refused) -> str:
    found = _found(meeting_id)
    if found.attendance.version == version:
        return _page(found, present, request.form.get("guests", ""), version, wrong)
    kept: list[tuple[str, Any]] = [(name, value) for name, value in request.form.items() if name.startswith("at-")]
    return render_template(
        "changed_meanwhile.html",
        meeting=found.meeting,
        what="this list",
        rows=list(_both(found.attendance, present)),
        version=found.attendance.version,
        leave=url_for(".edit", meeting_id=meeting_id),
        action=url_for(".save", meeting_id=meeting_id),
        sent=[*kept, ("guests", request.form.get("guests", ""))],
    )


def _both(theirs: events_pb2.Attendance, yours: Present) -> Iterator[tuple[str, str, str]]:
    """Those about whom the two lists differ."""
    saved = _present(theirs)
    names = names_of([*saved, *yours])
    for member_id in dict.fromkeys([*saved, *yours]):
        now, mine = (PRESENCES.get(each.get(member_id, 0), "") for each in (saved, yours))
        if now != mine:
            yield str(names[member_id]), now, mine
    yield LABELS["guests"], str(theirs.guests), request.form.get("guests", "") or "0"
