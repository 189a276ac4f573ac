"""Reading the forms about meetings and minutes; a number that cannot be read becomes -1, which the service refuses."""

import re
from collections.abc import Mapping

from flask import request

from fosse.events.v1 import events_pb2, minutes_pb2

_ROW = re.compile(r"(?:agenda|item)-([0-9]{1,3})-[a-z_]+")
_MOST = 2**31 - 1
SPARE_ROWS = 3


def number(name: str) -> int:
    """0 where nothing is typed."""
    given = request.form.get(name, "").strip()
    if not given:
        return 0
    return min(int(given), _MOST) if given.isascii() and given.isdecimal() and len(given) < 12 else -1


def text(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n")


def words() -> events_pb2.MeetingWords:
    form = request.form
    return events_pb2.MeetingWords(
        title=form.get("title", ""),
        about=text("about"),
        kind=max(number("kind"), 0),  # type: ignore[arg-type]  # a number of the enum, or one the service refuses
        audience=max(number("audience"), 0),  # type: ignore[arg-type]  # as above
        day=form.get("day", "").strip(),
        starts=form.get("starts", "").strip(),
        ends=form.get("ends", "").strip(),
        venue=form.get("venue", ""),
        directions=text("directions"),
        room_holds=number("room_holds"),
        online_holds=number("online_holds"),
        online_link=form.get("online_link", "").strip(),
        agenda=[_agenda_item(row) for row in range(1, _last_row(form) + 1) if _filled(form, f"agenda-{row}-")],
    )


def as_fields(words: events_pb2.MeetingWords) -> dict[str, str]:
    """The words as the form's fields hold them."""
    plain = ("title", "about", "kind", "audience", "day", "starts", "ends", "venue", "directions", "online_link")
    fields = {name: str(getattr(words, name)) for name in plain}
    fields |= {name: str(getattr(words, name) or "") for name in ("room_holds", "online_holds")}
    for row, item in enumerate(words.agenda, 1):
        fields |= {
            f"agenda-{row}-title": item.title,
            f"agenda-{row}-minutes": str(item.minutes or ""),
            f"agenda-{row}-led_by": item.led_by,
        }
    return fields


def minutes() -> minutes_pb2.MinutesWords:
    form = request.form
    return minutes_pb2.MinutesWords(
        items=[_minutes_item(row) for row in range(1, _last_row(form) + 1) if _filled(form, f"item-{row}-")],
        actions=[line.strip() for line in text("actions").split("\n") if line.strip()],
        reply_to=form.get("reply_to", "").strip(),
    )


def minutes_as_fields(words: minutes_pb2.MinutesWords) -> dict[str, str]:
    fields = {"actions": "\n".join(words.actions), "reply_to": words.reply_to}
    for row, item in enumerate(words.items, 1):
        for name in ("title", "discussion", "decision"):
            fields[f"item-{row}-{name}"] = getattr(item, name)
    return fields


def rows(fields: Mapping[str, str]) -> list[int]:
    """Numbers of the rows that a form shows: those with something in them, and a few to write in."""
    return list(range(1, _last_row(fields) + SPARE_ROWS + 1))


def _last_row(fields: Mapping[str, str]) -> int:
    found = (_ROW.fullmatch(name) for name, value in fields.items() if value.strip())
    return max((int(match[1]) for match in found if match), default=0)


def _filled(fields: Mapping[str, str], start: str) -> bool:
    return any(value.strip() for name, value in fields.items() if name.startswith(start))


def _agenda_item(row: int) -> events_pb2.AgendaItem:
    return events_pb2.AgendaItem(
        title=request.form.get(f"agenda-{row}-title", ""),
        minutes=number(f"agenda-{row}-minutes"),
        led_by=request.form.get(f"agenda-{row}-led_by", ""),
    )


def _minutes_item(row: int) -> minutes_pb2.MinutesItem:
    return minutes_pb2.MinutesItem(
        title=request.form.get(f"item-{row}-title", ""),
        discussion=text(f"item-{row}-discussion"),
        decision=text(f"item-{row}-decision"),
    )
