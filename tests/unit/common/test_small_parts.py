"""The small parts of the floor: settings, ids, list tokens, files."""

import errno
import resource
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common import ids, pages, settings
from services.common.errors import Invalid, TooMany
from services.common.files import Folder


@dataclass(frozen=True)
class Kettle:
    litres: float = 1.7
    cups: int = 6
    whistle: bool = False
    label: Path | None = None


def test_a_setting_that_is_not_given_has_a_working_default() -> None:
    assert settings.load(Kettle, "fosse_kettle", {}) == Kettle()


def test_settings_are_read_by_name_and_type() -> None:
    given_by_operator = {"FOSSE_KETTLE_CUPS": "8", "FOSSE_KETTLE_WHISTLE": "yes", "FOSSE_KETTLE_LABEL": "a/b"}

    assert settings.load(Kettle, "fosse_kettle", given_by_operator) == Kettle(1.7, 8, True, Path("a/b"))


@pytest.mark.parametrize(("name", "text"), [("CUPS", "many"), ("WHISTLE", "perhaps"), ("LITRES", "")])
def test_a_setting_of_the_wrong_kind_is_named(name: str, text: str) -> None:
    with pytest.raises(settings.BadSetting, match=f"FOSSE_KETTLE_{name}"):
        settings.load(Kettle, "fosse_kettle", {f"FOSSE_KETTLE_{name}": text})


def test_settings_survive_being_handed_to_another_process() -> None:
    kettle = Kettle(2.0, 3, True, Path("x"))

    assert settings.load(Kettle, "fosse_kettle", settings.environment_of(kettle, "fosse_kettle")) == kettle


def test_ids_are_never_the_same_and_pass_their_own_check() -> None:
    made = {ids.new_id() for _ in range(1000)}

    assert len(made) == 1000
    assert all(ids.checked(each) == each for each in made)


@pytest.mark.parametrize("bad", ["", "x" * 32, "A" * 32, "a" * 31, "../../etc/passwd", "a" * 32 + "\n"])
def test_what_is_no_id_is_refused(bad: str) -> None:
    with pytest.raises(Invalid):
        ids.checked(bad)


@given(st.integers(-(2**63), 2**63 - 1), st.text(max_size=50))
def test_a_list_token_gives_back_what_it_was_made_of(number: int, words: str) -> None:
    assert pages.decode_token(pages.encode_token(number, words), int, str) == (number, words)


@given(st.text(max_size=60))
def test_a_list_token_that_we_did_not_make_is_refused_or_empty(token: str) -> None:
    try:
        found = pages.decode_token(token, int, str)
    except Invalid:
        return
    assert found is None or (type(found[0]) is int and type(found[1]) is str)


@pytest.mark.parametrize("size", [-1, 101])
def test_a_page_of_a_list_has_at_most_a_hundred_rows(size: int) -> None:
    with pytest.raises(Invalid, match="100"):
        pages.page_size(size)


def test_a_file_is_found_by_what_is_in_it_and_kept_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "files")

    first = folder.receive([b"seven drinks", b" rounds"], 100)
    second = folder.receive([b"seven drinks rounds"], 100)

    assert first == second
    assert b"".join(folder.read(first.sha256)) == b"seven drinks rounds"
    assert b"".join(folder.read(first.sha256, offset=13)) == b"rounds"
    assert len([each for each in (tmp_path / "files").rglob("*") if each.is_file()]) == 1


def test_nothing_stays_of_a_file_that_is_too_large(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "files")

    with pytest.raises(Invalid, match="larger than"):
        folder.receive([b"x" * 60, b"x" * 60], 100)

    assert [each for each in (tmp_path / "files").rglob("*") if each.is_file()] == []


def test_a_file_that_fills_the_disk_is_not_kept_and_the_sentence_says_whom_to_tell(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "files")

    def until_full() -> Iterator[bytes]:
        yield b"x" * 60
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(TooMany, match="tell the operator"):
        folder.receive(until_full(), 100)

    assert [each for each in (tmp_path / "files").rglob("*") if each.is_file()] == []


def test_nothing_stays_of_a_file_that_the_disk_stops_taking(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="large"):
            Folder(tmp_path / "files").receive([b"x" * 2000], 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert [each for each in (tmp_path / "files").rglob("*") if each.is_file()] == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "a" * 63])
def test_what_is_no_hash_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        Folder(tmp_path).path_of(name)


def _token(json_text: str) -> str:
    return urlsafe_b64encode(json_text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text", [f"[{2**63},1]", f"[{-(2**63) - 1},1]", '[1,"\\ud800"]', "[" * 100_000, "[" * 100_000 + "]" * 100_000]
)
def test_a_list_token_that_no_database_can_be_asked_is_refused(text: str) -> None:
    kinds = (int, str) if "ud800" in text else (int, int)

    with pytest.raises(Invalid):
        pages.decode_token(_token(text), *kinds)
