"""A node's settings: options before the environment before its first start, and never an open door to others."""

from pathlib import Path

import pytest

from services.common.errors import Invalid
from services.node.folder import Folder
from services.node.settings import Settings, load


def test_ports_follow_the_port_of_the_pages() -> None:
    assert (Settings(port=8401).door, Settings(port=8401).provider) == (8421, 8441)


def test_the_built_in_sign_in_refuses_an_address_that_others_can_reach() -> None:
    with pytest.raises(Invalid, match="--issuer"):
        Settings(host="0.0.0.0").checked()


def test_with_a_provider_of_its_own_a_county_may_listen_everywhere() -> None:
    given = Settings(host="0.0.0.0", issuer="https://signin.notts.example", public_url="https://fosse.notts.example")

    assert given.checked() is given


def test_the_next_start_needs_only_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOSSE_NODE_SLUG", raising=False)
    folder = Folder(tmp_path)
    folder.remember(slug="notts", name="Nottinghamshire", hub=False, port=8401)

    again = load({"data": tmp_path, "port": None})

    assert (again.slug, again.name, again.port) == ("notts", "Nottinghamshire", 8401)


def test_an_option_wins_over_the_environment_and_that_over_the_first_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Folder(tmp_path).remember(slug="notts", name="Old", port=8401)
    monkeypatch.setenv("FOSSE_NODE_PORT", "8402")
    monkeypatch.setenv("FOSSE_NODE_NAME", "New")

    found = load({"data": tmp_path, "port": 8403})

    assert (found.slug, found.name, found.port) == ("notts", "New", 8403)
