"""Where a link may lead, what a file may be called, which cookie is whose."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth import safe_path
from gateway.files import disposition
from gateway.security import secret_key
from gateway.settings import Settings, origin_of
from services.common.settings import BadSetting


@pytest.mark.parametrize("path", ["/", "/shelf?q=falls&page=2", "/resources/abc", "/invitation/0123"])
def test_a_path_of_ours_is_kept(path: str) -> None:
    assert safe_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "shelf",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        " //evil.example",
        "/a\r\nSet-Cookie: a=b",
        "/signin?next=/signin",
        "/signout",
        "/l/abcdefghijklmnopqrstuvwxyz234567",
        "/" + "a" * 2001,
    ],
)
def test_any_other_address_becomes_the_first_page(path: str) -> None:
    assert safe_path(path) == "/"


@given(st.text(max_size=300))
def test_no_file_name_breaks_a_header_or_leads_out_of_a_folder(name: str) -> None:
    said = disposition(name)

    assert said.startswith('attachment; filename="')
    assert said.isascii() and said.isprintable()
    assert said.count('"') == 2
    assert not any(sign in said for sign in ("/", "\\", "%2F", "%5C", "%E2%80%AE", "%00"))
    assert 'filename="."' not in said and 'filename=""' not in said


def test_nodes_on_one_host_have_cookies_of_their_own() -> None:
    assert Settings(slug="notts").cookie() == "fosse_notts"
    assert Settings(slug="derbys").cookie("form") == "fosse_derbys_form"


def test_with_https_the_cookie_is_bound_to_the_host() -> None:
    settings = replace(Settings(), slug="notts", public_url="https://notts.example/")

    assert settings.https
    assert settings.cookie() == "__Host-fosse_notts"
    assert settings.origin == "https://notts.example"


@pytest.mark.parametrize("address", ["notts.example", "ftp://notts.example", "https://"])
def test_an_address_that_is_none_of_the_web_is_refused(address: str) -> None:
    with pytest.raises(BadSetting, match="is not a web address"):
        origin_of(address)


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "gateway.key"

    first, second = secret_key(path), secret_key(path)

    assert first == second and len(first) == 32
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["gateway.key"]
