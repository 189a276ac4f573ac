"""Membership's own keys: kept from others, rotated before anybody notices."""

from datetime import timedelta
from pathlib import Path

import pytest

from services.common import passes
from services.common.access import Person
from services.common.passes import PassVerifier
from services.membership.keys import ROTATED_EVERY, BadKeyFile, InvitationCodes, PassKeyRing
from tests.alone import HeldClock
from tests.unit.membership.people import an_id


def a_pass(ring: PassKeyRing, clock: HeldClock) -> str:
    key, kid = ring.signing()
    return passes.sign(key, kid, Person(an_id(1)), clock())


def test_the_key_file_is_its_owners_alone_and_survives_a_restart(tmp_path: Path) -> None:
    path, clock = tmp_path / "keys" / "pass.key", HeldClock()

    names = PassKeyRing(path, clock).public().keys()

    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert PassKeyRing(path, clock).public().keys() == names


def test_a_key_file_that_others_may_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "pass.key"
    PassKeyRing(path, HeldClock())
    path.chmod(0o640)

    with pytest.raises(BadKeyFile, match="Set its mode to 0600"):
        PassKeyRing(path, HeldClock())


def test_a_damaged_key_file_is_told_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pass.key"
    PassKeyRing(path, HeldClock())
    path.write_bytes(b"{}")

    with pytest.raises(BadKeyFile, match="cannot be read"):
        PassKeyRing(path, HeldClock())
    assert path.read_bytes() == b"{}"


def test_services_that_keep_the_keys_know_the_next_one_before_it_signs(tmp_path: Path) -> None:
    clock = HeldClock()
    ring = PassKeyRing(tmp_path / "pass.key", clock)
    kept = dict(ring.public())
    verifier = PassVerifier(lambda: kept, clock)
    before = a_pass(ring, clock)

    ring.rotate()

    assert verifier.verify(before).member_id == verifier.verify(a_pass(ring, clock)).member_id


def test_a_key_signs_for_thirty_days(tmp_path: Path) -> None:
    clock = HeldClock()
    ring = PassKeyRing(tmp_path / "pass.key", clock)
    first = ring.signing()[1]

    clock.now += ROTATED_EVERY - timedelta(seconds=1)
    ring.rotate_if_old()
    assert ring.signing()[1] == first

    clock.now += timedelta(seconds=1)
    ring.rotate_if_old()
    assert ring.signing()[1] != first
    assert PassKeyRing(tmp_path / "pass.key", clock).signing()[1] == ring.signing()[1]


def test_invitation_codes_cannot_be_guessed_from_the_invitations_number(tmp_path: Path) -> None:
    ours, theirs = InvitationCodes(tmp_path / "ours"), InvitationCodes(tmp_path / "theirs")

    assert len(ours.code(an_id(1))) == 32
    assert ours.code(an_id(1)) == InvitationCodes(tmp_path / "ours").code(an_id(1))
    assert len({ours.code(an_id(1)), ours.code(an_id(2)), theirs.code(an_id(1))}) == 3
