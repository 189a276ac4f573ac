"""What the doctor calls a problem, and that each comes with what to do."""

from datetime import UTC, datetime, timedelta

import pytest

from fosse.common.v1.housekeeping_pb2 import (
    ConsumerLag,
    GetHousekeepingStatusResponse,
    SecretFile,
    VerifyAuditResponse,
)
from fosse.federation.v1 import federation_pb2 as federation
from services.common.instants import stamp
from services.common.version import Version
from services.node.doctor import telling
from services.node.doctor.asking import BROKEN, DATABASE, Process, Report
from services.node.doctor.judging import problems

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OWN = Version("1.0", "abcdef0123")


def well(name: str = "events", **changed: object) -> GetHousekeepingStatusResponse:
    told = {
        "service": name,
        "version": "1.0",
        "revision": "abcdef0123",
        "disk_free_bytes": 10**10,
        "certificate_expires": stamp(NOW + timedelta(days=80)),
        "figures": {"sign_in_up": 1.0} if name == "gateway" else {},
    }
    return GetHousekeepingStatusResponse(**{**told, **changed})  # type: ignore[arg-type]  # as a test names them


def process(name: str = "events", ahead_s: float = 0.0, **changed: object) -> Process:
    return Process(name, well(name, **changed), VerifyAuditResponse(intact=True), ahead_s)


def found(*processes: Process, region: federation.GetFederationStatusResponse | None = None) -> list[str]:
    report = Report(NOW, True, processes, region)
    said = problems(report, OWN)
    # Whatever was found can be told.
    assert telling.as_json(report, said, OWN) and "\n".join(telling.screen(report, said, OWN))
    return [each.sentence for each in said]


def test_a_node_that_is_well_has_no_problem() -> None:
    assert found(process(), process("gateway")) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"parked": 2}, "fosse replay --service events"),
        ({"facts_unsent": 1, "oldest_unsent": stamp(NOW - timedelta(minutes=6))}, "docker compose ps -a kafka"),
        ({"lags": [ConsumerLag(messages=3, oldest=stamp(NOW - timedelta(minutes=6)))]}, "has not heard 3 messages"),
        ({"oldest_unsealed": stamp(NOW - timedelta(minutes=6))}, "docker compose restart events"),
        ({"timetable_overdue": 11}, "jobs overdue"),
        ({"disk_free_bytes": 10**8}, "Make room"),
        ({"database_ahead_s": -60.0}, "60 s behind that of events"),
        ({"certificate_expires": stamp(NOW + timedelta(days=10))}, "ends on 3 December 2026. `docker compose up -d`"),
        ({"version": "0.9"}, "Not everything is of one version: events 0.9 abcdef0; this command 1.0 abcdef0."),
        ({"figures": {"mails_waiting": 4.0, "oldest_mail_age_seconds": 4000.0}}, "4 mails wait"),
        ({"figures": {"sign_in_up": 0.0}}, "docker compose ps -a keycloak identity"),
        ({"secrets": [SecretFile(path="/run/secrets/fosse/pgpass", weak=True)]}, "secrets rm /secrets/events/pgpass"),
        ({"secrets": [SecretFile(path="/run/secrets/fosse/identity.pem", open=True)]}, "chmod go= /secrets/events/id"),
        ({"secrets": [SecretFile(path="/data/keys/signing", open=True)]}, "exec events chmod go= /data/keys/signing"),
        ({"secrets": [SecretFile(path="/run/smtp-password", weak=True)]}, "a long random one"),
    ],
)
def test_each_thing_that_is_wrong_is_said_once_with_what_to_do(changed: dict[str, object], words: str) -> None:
    (sentence,) = found(process(**changed))  # type: ignore[arg-type]  # fields of the answer

    assert words in sentence


def test_what_waits_for_a_moment_only_is_no_problem() -> None:
    lag, minute_ago = (
        ConsumerLag(messages=30, oldest=stamp(NOW - timedelta(seconds=20))),
        stamp(NOW - timedelta(minutes=1)),
    )
    waiting = process(
        facts_unsent=7, oldest_unsent=minute_ago, lags=[lag], audit_unsealed=9, oldest_unsealed=minute_ago
    )
    assert found(waiting) == []


def test_where_people_sign_in_at_a_provider_of_the_countys_own_the_sentence_holds_too() -> None:
    (sentence,) = found(process("gateway", figures={"sign_in_up": 0.0}))

    assert "A provider of your own" in sentence and "FOSSE_ISSUER" in sentence and "FOSSE_PUBLIC_URL" not in sentence


def test_a_process_that_is_away_or_without_its_database_is_named_and_the_others_are_judged_on() -> None:
    away, broken = Process("events", trouble="does not answer"), Process("resource", trouble=f"answers that {BROKEN}")

    first, second, third = found(away, broken, process("evaluation", parked=1))

    assert "events does not answer" in first and "docker compose logs --tail 50 events" in first
    assert "docker compose ps -a postgres" in second and "evaluation set 1 messages aside" in third


def test_a_database_that_is_away_is_one_thing_however_many_processes_are_without_it() -> None:
    without = [Process(name, trouble=DATABASE) for name in ("membership", "events")]

    (sentence,) = found(*without)

    assert "PostgreSQL does not answer membership, events" in sentence
    assert "docker compose restart postgres" in sentence


def test_a_clock_that_goes_wrong_and_an_altered_audit_trail_are_named() -> None:
    altered = Process("resource", well("resource"), VerifyAuditResponse(intact=False, broken_at=9))

    first, second = found(process(ahead_s=3600.0), altered)

    assert "3600 s ahead of this command's" in first and "altered at row 9" in second


def test_one_password_in_two_places_is_named_with_both() -> None:
    same = [SecretFile(path="/run/secrets/fosse/pgpass", fingerprint=b"same")]

    (sentence,) = found(process(secrets=same), process("resource", secrets=same))

    assert "events (/run/secrets/fosse/pgpass) and resource (/run/secrets/fosse/pgpass)" in sentence


def test_a_hub_that_was_not_heard_for_hours_is_a_problem_of_an_enrolled_county_only() -> None:
    long_ago = stamp(NOW - timedelta(hours=3))
    enrolled = {"enrolment": federation.ENROLMENT_STATE_ENROLLED, "last_contact": long_ago}

    (sentence,) = found(process(), region=federation.GetFederationStatusResponse(**enrolled))  # type: ignore[arg-type]  # as above

    assert "last heard on 23 November 2026, 06:00 UTC" in sentence
    assert found(process(), region=federation.GetFederationStatusResponse()) == []
