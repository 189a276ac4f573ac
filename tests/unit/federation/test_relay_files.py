"""Files on their way between nodes: whole or not there, and taken up where they stopped."""

import errno
import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.common.errors import Conflict, Invalid, TooMany
from services.federation.relay_files import RelayFolder

CONTENT = os.urandom(100_000)
SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def relay(tmp_path: Path) -> RelayFolder:
    return RelayFolder(tmp_path / "relay")


def send(relay: RelayFolder, content: bytes, offset: int, sha256: str = SHA, size: int = len(CONTENT)) -> None:
    with relay.resume(sha256, size, offset) as file:
        file.write(content)


class Broken(Exception):
    """The connection broke."""


def test_a_file_is_continued_where_the_connection_broke(relay: RelayFolder) -> None:
    with pytest.raises(Broken), relay.resume(SHA, len(CONTENT), 0) as file:
        file.write(CONTENT[:40_000])
        raise Broken
    held, had = relay.held(SHA), relay.has(SHA)

    send(relay, CONTENT[held:], held)

    assert (held, had, relay.has(SHA)) == (40_000, False, True)
    assert b"".join(relay.read(SHA)) == CONTENT


def test_on_a_full_disk_what_came_stays_for_next_time_and_the_sentence_says_whom_to_tell(relay: RelayFolder) -> None:
    with pytest.raises(TooMany, match="tell the operator") as told, relay.resume(SHA, len(CONTENT), 0) as file:
        file.write(CONTENT[:40_000])
        raise OSError(errno.ENOSPC, "No space left on device")

    send(relay, CONTENT[40_000:], relay.held(SHA))

    assert told.value.retry_after_s == 300
    assert relay.has(SHA)


def test_a_file_that_is_another_than_its_name_says_is_not_kept_and_harms_no_other(relay: RelayFolder) -> None:
    stored = relay.receive([b"an honest file"], 100)

    with pytest.raises(Invalid, match="not the one"):
        send(relay, b"an honest file", 0, SHA, len(b"an honest file"))

    assert (relay.has(SHA), relay.held(SHA), relay.has(stored.sha256)) == (False, 0, True)


def test_a_file_longer_than_its_entry_says_is_not_kept(relay: RelayFolder) -> None:
    with pytest.raises(Invalid, match="longer"):
        send(relay, CONTENT + b"!", 0)

    assert relay.held(SHA) == 0


def test_a_file_continues_only_at_its_end_and_by_one_sender_at_a_time(relay: RelayFolder) -> None:
    with pytest.raises(Conflict, match="continues at byte 0"):
        send(relay, CONTENT, 5)
    with relay.resume(SHA, len(CONTENT), 0) as file:
        with pytest.raises(Conflict, match="just now"):
            send(relay, CONTENT, 0)
        file.write(CONTENT)

    assert relay.has(SHA)


def test_what_lay_long_is_found_for_the_sweep(relay: RelayFolder) -> None:
    send(relay, CONTENT, 0)
    send(relay, b"a part", 0, "ab" * 32)
    now = datetime.now(UTC)

    assert relay.older_than(now - timedelta(hours=1)) == []
    assert relay.older_than(now + timedelta(hours=1)) == sorted([SHA, "ab" * 32])


def test_what_a_crash_left_half_written_is_swept_away(relay: RelayFolder, tmp_path: Path) -> None:
    relay.receive([b"whole"], 100)
    left = tmp_path / "relay" / "incoming" / "half"
    left.write_bytes(b"half a file")
    now = datetime.now(UTC)

    relay.drop_half_written(now - timedelta(hours=1))
    assert left.exists()
    relay.drop_half_written(now + timedelta(hours=1))

    assert not left.exists()


def test_nobody_can_hold_up_or_spoil_what_another_sends(relay: RelayFolder) -> None:
    with relay.resume(SHA, len(CONTENT), 0, "rogue") as false:
        false.write(b"false")
        with relay.resume(SHA, len(CONTENT), relay.held(SHA, "honest"), "honest") as file:
            file.write(CONTENT)

    assert b"".join(relay.read(SHA)) == CONTENT


def test_a_file_that_is_dropped_while_it_comes_stays_away(relay: RelayFolder) -> None:
    with relay.resume(SHA, len(CONTENT), 0) as file:
        file.write(CONTENT)
        relay.drop(SHA)

    assert (relay.has(SHA), relay.held(SHA)) == (False, 0)
