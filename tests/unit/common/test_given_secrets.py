"""A process says what is wrong with its secrets, and never what they are."""

from pathlib import Path

import pytest

from services.common import given_secrets
from services.common.vitals import given_to
from services.notification.settings import Settings

KEY = b"k" * 32


def write(path: Path, words: str, mode: int = 0o600) -> Path:
    path.write_text(words)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "password",
    ["short", "aaaaaaaaaaaaaaaa", "changeme-please", "Postgres12345678", "password123456", "fosse-fosse-fosse"],
)
def test_a_password_that_others_would_try_first_is_weak(password: str) -> None:
    assert given_secrets.weak(password)


def test_what_setup_makes_is_strong_and_two_of_them_are_told_apart(tmp_path: Path) -> None:
    one = write(tmp_path / "pgpass", f"*:*:events:events:{'0123456789abcdef' * 4}\n")
    other = write(tmp_path / "smtp-password", "0123456789abcdef" * 4)

    first, second = given_secrets.look_at([one, other], KEY)
    (third,) = given_secrets.look_at([one], b"other" * 8)

    assert not (first.weak or first.open) and first.fingerprint == second.fingerprint != third.fingerprint


def test_a_weak_password_has_no_fingerprint_that_could_be_guessed_from(tmp_path: Path) -> None:
    (found,) = given_secrets.look_at([write(tmp_path / "smtp-password", "letmein")], KEY)

    assert found.weak and found.fingerprint == b""


def test_a_secret_that_other_accounts_can_read_is_named(tmp_path: Path) -> None:
    write(tmp_path / "identity.pem", "a key", 0o640)
    write(tmp_path / "authority.pem", "a certificate")

    assert [each.path.name for each in given_secrets.look_at([tmp_path], KEY) if each.open] == ["identity.pem"]


def test_an_operator_sees_settings_without_passwords_accounts_and_persons(tmp_path: Path) -> None:
    settings = Settings(
        database="postgresql://notification:hunter2hunter2@postgres/notification",
        sender="cath@homes.example",
        smtp_host="mail.example",
        smtp_user="cath",
        smtp_password_file=Path("/dev/null"),
    )

    given = given_to(settings, None, tmp_path)

    assert given.settings == {
        "database": "postgresql://notification:***@postgres/notification",
        "sender": "an address",
        "smtp_host": "mail.example",
        "smtp_password_file": "/dev/null",
    }
    assert given_secrets.look_at(given.secrets, KEY) == []
