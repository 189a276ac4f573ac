"""A look over a node as one screen, or as JSON for machines; numbers, states and settings, nothing of any person."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import MessageToDict

from fosse.federation.v1 import federation_pb2 as federation
from services.common.version import Version
from services.node import standing
from services.node.doctor.asking import Process, Report
from services.node.doctor.judging import Problem

_HEAD = ("process", "version", "clock", "disk free", "unsent", "not heard", "aside", "overdue", "connections")
# Where things lie is the same in every county.
_INDENT = 15
_PLACES = ("run_dir", "tls_dir", "data_dir", "kafka")


def screen(report: Report, problems: Sequence[Problem], own: Version) -> Iterator[str]:
    yield f"Fosse {_version(own.version, own.revision)}, {report.at:%-d %B %Y %H:%M} UTC"
    if report.processes:
        yield ""
        yield from _table([_HEAD, *(_row(each) for each in report.processes)])
        yield ""
        yield from _lines(report)
    if problems:
        yield f"\n{len(problems)} {'thing needs' if len(problems) == 1 else 'things need'} a person:"
        yield from (f"- {each.about}: {each.sentence}" for each in problems)
    else:
        where = "certificates, secrets" if report.deployed else "folder, keys"
        yield f"\nAll is well: {where}, services, audit and region."


def as_json(report: Report, problems: Sequence[Problem], own: Version) -> str:
    told: dict[str, Any] = {
        "well": not problems,
        "at": report.at.isoformat(),
        "version": own.version,
        "revision": own.revision,
        "problems": [{"about": each.about, "problem": each.sentence} for each in problems],
        "processes": {each.name: _process(each) for each in report.processes},
        "region": _plain(report.region) if report.region else None,
    }
    return json.dumps(told, indent=1, ensure_ascii=False)


def _process(each: Process) -> dict[str, Any]:
    told: dict[str, Any] = {"answers": each.status is not None, "trouble": each.trouble}
    if each.status:
        told |= {
            **_plain(each.status),
            "clock_ahead_s": each.ahead_s,
            "audit_intact": bool(each.audit and each.audit.intact),
        }
        # Judged already; a hash of a password is for nobody's log.
        told["secrets"] = [{"path": s.path, "open": s.open, "weak": s.weak} for s in each.status.secrets]
    return told


def _plain(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return found


def _row(each: Process) -> tuple[str, ...]:
    now = each.status
    if now is None:
        return (each.name, each.trouble)
    heard = sum(lag.messages for lag in now.lags)
    clock = f"{each.ahead_s:+.0f} s" if abs(each.ahead_s) >= 0.5 else "same"
    counts = (now.facts_unsent, heard, now.parked, now.timetable_overdue, now.connections_in_use)
    return (each.name, _version(now.version, now.revision), clock, _size(now.disk_free_bytes), *map(str, counts))


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    whole = [row for row in rows if len(row) == len(_HEAD)]
    widths = [max(len(row[column]) for row in whole) for column in range(len(_HEAD))]
    widths[0] = max(len(row[0]) for row in rows)
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()


def _lines(report: Report) -> Iterator[str]:
    ends = [each.status.certificate_expires for each in report.processes if each.status and report.deployed]
    if ends:
        first = min(each.ToDatetime(UTC) for each in ends)
        yield f"certificates   between processes, the first ends on {first:%-d %B %Y}"
    mail = report.of("notification")
    if mail:
        age = _age(mail.figures.get("oldest_mail_age_seconds", 0.0))
        waiting = int(mail.figures.get("mails_waiting", 0.0))
        folder = "" if mail.settings.get("smtp_host") else "; no mail server is named: mails lie in a folder"
        yield f"mail           {waiting} waiting" + (f", the oldest for {age}" if waiting else "") + folder
    if report.region:
        yield from _region(report.region, report.at)
    for each in report.processes:
        told = {name: _short(value) for name, value in each.status.settings.items()} if each.status else {}
        if shown := {name: value for name, value in sorted(told.items()) if name not in _PLACES}:
            yield _wrapped(each.name, ", ".join(f"{name} {value}" for name, value in shown.items()))


def _wrapped(name: str, told: str) -> str:
    return textwrap.fill(
        told, 100, initial_indent=f"{name:<{_INDENT}}", subsequent_indent=" " * _INDENT, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _region(region: federation.GetFederationStatusResponse, now: datetime) -> Iterator[str]:
    yield f"region         {region.name} ({region.slug}), {standing.place(region)}"
    if region.HasField("last_contact") and not standing.outside(region):
        heard = _age((now - region.last_contact.ToDatetime(UTC)).total_seconds())
        yield f"               the hub answered {heard} ago; {region.unsent} entries not sent yet"
    behind = [f"{each.name} {each.items_held} of {each.items_live}" for each in region.held]
    if behind:
        yield f"               items held: {', '.join(behind)}"


def _version(version: str, revision: str) -> str:
    return f"{version} {revision[:7]}{'-dirty' if revision.endswith('-dirty') else ''}".strip()


def _short(value: str) -> str:
    """Of a database's address, what comes before the names of secrets."""
    return value.partition("?")[0]


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _age(seconds: float) -> str:
    if seconds < 120:
        return f"{max(seconds, 0):.0f} s"
    return f"{seconds // 60:.0f} minutes" if seconds < 7200 else f"{seconds // 3600:.0f} hours"
