"""Looks a node over and says what needs a person; exit code 1 when something does."""

import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography import x509

from fosse.common.v1 import housekeeping_pb2 as housekeeping
from fosse.federation.v1 import federation_pb2 as pb
from services.common.clock import utc_now
from services.common.errors import Refusal
from services.common.wires import IDENTITY
from services.node import settings
from services.node.commands.calling import SERVICES, Node, data_option, running
from services.node.folder import Folder

_LOW_BYTES = 500 * 1024 * 1024
_STUCK = timedelta(minutes=5)
_SOON = timedelta(days=14)
Finding = str


@click.command()
@data_option
def doctor(data: Path) -> None:
    """Look this node over and say what needs a person."""
    tls_dir = settings.load({"data": data}).tls_dir
    findings = list(_certificate(tls_dir, utc_now()) if tls_dir else _folder(Folder(data)))
    try:
        with running(data) as node:
            for service in SERVICES:
                findings += _service(node, service, utc_now())
            findings += _region(node, utc_now())
    except Refusal as refused:
        findings.append(refused.sentence)
    for finding in findings:
        click.echo(f"- {finding}")
    if findings:
        sys.exit(1)
    click.echo(f"All is well: {'certificates' if tls_dir else 'folder, keys'}, services, audit and region.")


def _certificate(tls_dir: Path, now: datetime) -> Iterator[Finding]:
    """Of the operator; those of all processes are made anew together."""
    end = x509.load_pem_x509_certificate((tls_dir / IDENTITY).read_bytes()).not_valid_after_utc
    if end - now < _SOON:
        yield (
            f"The certificates between this node's processes end on {end:%-d %B %Y}. "
            "`docker compose up -d` makes new ones; nothing is restarted for it."
        )


def _folder(folder: Folder) -> Iterator[Finding]:
    if not folder.path.is_dir():
        yield f"There is no folder {folder.path}. Name the node's folder with --data."
        return
    if folder.free_bytes() < _LOW_BYTES:
        yield f"Less than 500 MB are free under {folder.path}. Make room soon: a full disk refuses every change."
    for private in ("keys", "run", "provider"):
        path = folder.path / private
        for each in [path, *path.rglob("*")] if path.is_dir() else []:
            if stat.S_IMODE(each.stat().st_mode) & 0o077 and not _in_private(each, path):
                yield f"Others on this machine can reach {each}. Close it with `chmod go= {each}`."


def _in_private(path: Path, top: Path) -> bool:
    return path != top and not stat.S_IMODE(top.stat().st_mode) & 0o077


def _service(node: Node, service: str, now: datetime) -> Iterator[Finding]:
    calls = node.housekeeping(service)
    found = calls.GetHousekeepingStatus(housekeeping.GetHousekeepingStatusRequest())
    if found.parked:
        yield f"{service} set {found.parked} messages aside. Look at why, then `fosse replay --service {service}`."
    if found.facts_unsent and now - found.oldest_unsent.ToDatetime(UTC) > _STUCK:
        yield f"{service} has facts that were not carried for over five minutes. Restart the node; nothing is lost."
    if found.timetable_overdue > 10:
        yield f"{service} has {found.timetable_overdue} jobs overdue. Is the machine overloaded, or its clock wrong?"
    chain = node.auditing(service).VerifyAudit(housekeeping.VerifyAuditRequest())
    if not chain.intact:
        where = f"{service} was altered at row {chain.broken_at}"
        yield f"The audit trail of {where}. Keep a copy of the folder, then find out who did it."


def _region(node: Node, now: datetime) -> Iterator[Finding]:
    found = node.federation.GetFederationStatus(pb.GetFederationStatusRequest())
    yield from found.alarms
    if found.problem:
        yield found.problem
    certificate = found.certificate_expires if found.HasField("certificate_expires") else None
    registry = found.registry_expires if found.HasField("registry_expires") else None
    for what, end in (("certificate", certificate), ("registry", registry)):
        if end is not None and end.ToDatetime(UTC) - now < _SOON:
            yield f"The {what} of this node ends on {end.ToDatetime():%-d %B %Y}. Speak to the hub's operator."
    for held in found.held:
        for alarm in held.alarms:
            yield f"{held.name}: {alarm}"
        if held.quarantined:
            yield f"{held.quarantined} entries of {held.name} are in quarantine; the page “Region” says why."
    if found.hub:
        yield from (f"{each.name} asked to be let in: `fosse enrol approve {each.slug}`." for each in found.newcomers)
