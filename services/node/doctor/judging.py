"""What of a look over a node needs a person, each with what to do. The limits are also those of the alert rules."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fosse.common.v1.housekeeping_pb2 import GetHousekeepingStatusResponse, SecretFile
from fosse.federation.v1 import federation_pb2 as federation
from services.common.version import Version
from services.node.doctor.asking import BROKEN, DATABASE, Process, Report

LOW_BYTES = 500 * 1024 * 1024
STUCK = timedelta(minutes=5)
MAIL_STUCK = timedelta(hours=1)
HUB_SILENT = timedelta(hours=1)
SOON = timedelta(days=14)
CLOCKS_APART_S = 5.0
OVERDUE = 10
_GIVEN = "/run/secrets/fosse/"


@dataclass(frozen=True)
class Problem:
    """`about`: a process, or what else of the node. The sentence says what to do."""

    about: str
    sentence: str


def problems(report: Report, own: Version) -> list[Problem]:
    found = [Problem("database", sentence) for sentence in _database(report)]
    found += [Problem(each.name, sentence) for each in report.processes for sentence in _of_process(each, report)]
    if version := _versions(report, own):
        found.append(Problem("versions", version))
    found += [Problem("passwords", sentence) for sentence in _equal_passwords(report)]
    if report.region:
        found += [Problem("region", sentence) for sentence in _of_region(report.region, report.at)]
    return found


def _of_process(process: Process, report: Report) -> Iterator[str]:
    if process.trouble and process.trouble != DATABASE:
        yield _trouble(process, report.deployed)
    if process.status:
        yield from _carrying(process.status, report)
        yield from _surroundings(process, report)
        yield from (_secret(process.name, each) for each in process.status.secrets if each.open or each.weak)
    if process.audit and not process.audit.intact:
        where = f"{process.name} was altered at row {process.audit.broken_at}"
        yield f"The audit trail of {where}. Keep a copy of its database, then find out who did it."


def _database(report: Report) -> Iterator[str]:
    """One sentence for what all of them are without."""
    without = ", ".join(each.name for each in report.processes if each.trouble == DATABASE)
    if without and report.deployed:
        yield (
            f"PostgreSQL does not answer {without}. Nothing that was confirmed is lost. `docker compose ps -a "
            "postgres` says whether it runs: `docker compose up -d --wait` starts it, `docker compose restart "
            "postgres` ends a standstill."
        )
    elif without:
        yield f"The database does not answer {without}. See what the node printed, then restart it; nothing is lost."


def _trouble(process: Process, deployed: bool) -> str:
    if not deployed:
        return f"{process.name} {process.trouble}. Look at what the node printed, then restart it; nothing is lost."
    database = " Most often it is the database: `docker compose ps -a postgres`." if BROKEN in process.trouble else ""
    return (
        f"{process.name} {process.trouble}.{database} `docker compose logs --tail 50 {process.name}` says more; "
        f"`docker compose up -d --wait` starts what does not run."
    )


def _carrying(status: GetHousekeepingStatusResponse, report: Report) -> Iterator[str]:
    name, mend = status.service, _mend(report.deployed)
    if status.parked:
        yield f"{name} set {status.parked} messages aside. Look at why, then `fosse replay --service {name}`."
    if status.facts_unsent and report.at - status.oldest_unsent.ToDatetime(UTC) > STUCK:
        yield f"{name} has facts that were not carried for over five minutes. {mend}; nothing is lost."
    if status.HasField("oldest_unsealed") and report.at - status.oldest_unsealed.ToDatetime(UTC) > STUCK:
        again = f"`docker compose restart {name}`; its log says why" if report.deployed else "Restart the node"
        yield (
            f"{name} has audit rows that were not sealed for over five minutes: until they are, nobody would see that "
            f"one was altered. {again}; nothing is lost."
        )
    for lag in status.lags:
        if lag.messages and report.at - lag.oldest.ToDatetime(UTC) > STUCK:
            yield f"{name} has not heard {lag.messages} messages, the oldest over five minutes old. {mend}."
    if status.timetable_overdue > OVERDUE:
        yield f"{name} has {status.timetable_overdue} jobs overdue. Is the machine overloaded, or its clock wrong?"
    if status.figures.get("oldest_mail_age_seconds", 0.0) > MAIL_STUCK.total_seconds():
        waiting = status.figures.get("mails_waiting", 0.0)
        yield (
            f"{waiting:.0f} mails wait, the oldest for over an hour. The page “Mail” says why each failed; check the "
            "settings of the mail server."
        )
    if status.figures.get("sign_in_up") == 0:
        yield f"Nobody can sign in: the provider does not answer as the issuer we know. {_provider(report.deployed)}"


def _mend(deployed: bool) -> str:
    return "`docker compose ps -a kafka`: does it run? If so, restart this process" if deployed else "Restart the node"


def _provider(deployed: bool) -> str:
    if not deployed:
        return "It is a part of the node: restart that."
    return (
        "`docker compose ps -a keycloak identity`: does the first run, and did the second end with 0? A provider of "
        "your own has to answer this machine, and to call itself FOSSE_ISSUER to the letter."
    )


def _surroundings(process: Process, report: Report) -> Iterator[str]:
    status = process.status
    assert status
    # In one process the folder's disk is looked at once, not six times.
    if report.deployed and status.disk_free_bytes < LOW_BYTES:
        yield "Less than 500 MB are free where it keeps its files. Make room soon: a full disk refuses every change."
    if abs(process.ahead_s) > CLOCKS_APART_S:
        yield f"Its clock is {_apart(process.ahead_s)} this command's. Set both machines' clocks from the network."
    if abs(status.database_ahead_s) > CLOCKS_APART_S:
        yield (
            f"The database server's clock is {_apart(status.database_ahead_s)} that of {process.name}. "
            "Set both machines' clocks from the network."
        )
    ends = status.certificate_expires.ToDatetime(UTC) if status.HasField("certificate_expires") else None
    if ends and ends - report.at < SOON:
        yield (
            f"Its certificate for talking to the other processes ends on {ends:%-d %B %Y}. `docker compose up -d` "
            "makes new ones; nothing is restarted for it."
        )


def _apart(ahead_s: float) -> str:
    return f"{abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'}"


def _secret(name: str, secret: SecretFile) -> str:
    if secret.open:
        return f"Others can read {secret.path}. Close it: `docker compose {_where(name, secret.path, 'chmod go=')}`."
    if secret.path.endswith("/pgpass"):
        return (
            f"The database password in {secret.path} is short or known from samples. Make a new one: `docker compose "
            f"{_where(name, secret.path, 'rm')}`, then `docker compose up -d --wait`."
        )
    return (
        f"The password in {secret.path} is short or known from samples. Agree on a long random one with its other side."
    )


def _where(name: str, path: str, command: str) -> str:
    """A command on a file of a process, where it may be changed: the process itself only reads what setup gave it."""
    if path.startswith(_GIVEN):
        return f"run --rm secrets {command} {path.replace(_GIVEN, f'/secrets/{name}/', 1)}"
    return f"exec {name} {command} {path}"


def _equal_passwords(report: Report) -> Iterator[str]:
    same = defaultdict[bytes, list[str]](list)
    for each in report.processes:
        for secret in each.status.secrets if each.status else ():
            if secret.fingerprint:
                same[secret.fingerprint].append(f"{each.name} ({secret.path})")
    for places in same.values():
        if len(places) > 1:
            yield (
                f"The same password is in {' and '.join(places)}: whoever finds one has both. Remove one as above and "
                "start again; a new one is made."
            )


def _versions(report: Report, own: Version) -> str:
    running = {(each.status.version, each.status.revision): each.name for each in report.processes if each.status}
    if not running or set(running) == {(own.version, own.revision)}:
        return ""
    apart = " and ".join(f"{name} {version} {revision[:7]}".strip() for (version, revision), name in running.items())
    again = "`docker compose up -d --wait` replaces what is old." if report.deployed else "Restart the node."
    return f"Not everything is of one version: {apart}; this command {own.version} {own.revision[:7]}. {again}"


def _of_region(found: federation.GetFederationStatusResponse, now: datetime) -> Iterator[str]:
    yield from found.alarms
    if found.problem:
        yield found.problem
    elif found.enrolment == federation.ENROLMENT_STATE_ENROLLED and not found.hub:
        heard = found.last_contact.ToDatetime(UTC) if found.HasField("last_contact") else None
        if heard and now - heard > HUB_SILENT:
            since = f"{heard:%-d %B %Y, %H:%M} UTC"
            yield f"The hub was last heard on {since}. Is the way out open? If so, ask its operator."
    for what in ("certificate", "registry"):
        ends = getattr(found, f"{what}_expires").ToDatetime(UTC)
        if found.HasField(f"{what}_expires") and ends - now < SOON:  # type: ignore[arg-type]  # one of the two names
            yield f"The {what} of this node ends on {ends:%-d %B %Y}. Speak to the hub's operator."
    for held in found.held:
        yield from (f"{held.name}: {alarm}" for alarm in held.alarms)
        if held.quarantined:
            yield f"{held.quarantined} entries of {held.name} are in quarantine; the page “Region” says why."
    if found.hub:
        yield from (f"{each.name} asked to be let in: `fosse enrol approve {each.slug}`." for each in found.newcomers)
