"""Files through the gateway: in as a form, out as something to save, and what every answer forbids."""

import pytest

from tests.browsing import Browser
from tests.gateways import Web
from tests.members import COMMUNITY

KEY = "0123456789abcdef0123456789abcdef"
WORDS = {"title": "Falls", "summary": "What helps against falls at night.", "type": "leaflet"}


def create(ann: Browser, token: str) -> None:
    headers = {"X-CSRF-Token": token, "Idempotency-Key": KEY}
    made = ann.post("/api/v1/resources", json={"communityId": COMMUNITY, "words": WORDS}, headers=headers)
    assert made.status_code == 200


def test_a_file_goes_in_and_comes_out_as_something_to_save(web: Web, ann: Browser, token: str) -> None:
    create(ann, token)
    content = bytes(range(256)) * 40
    name = "../../\u202efdp.Hygiene am Bett, Übersicht.pdf"

    added = ann.post(
        f"/api/v1/resources/{KEY}/files",
        {"title": "Leaflet", "licence": "cc-by", "mayBeAdapted": "true", "expectedVersion": "1"},
        files={"file": (name, content, "text/html")},
        headers={"X-CSRF-Token": token, "Idempotency-Key": "f" * 32},
    )
    words = web.shelf.asked[-1]
    fetched = web.fresh().get(f"/api/v1/resources/{KEY}/parts/{'f' * 32}")

    assert (added.status_code, added.headers["ETag"]) == (200, '"2"')
    assert (words.title, words.may_be_adapted, words.expected_version) == ("Leaflet", True, 1)
    assert fetched.content == content
    assert fetched.headers["Content-Type"] == "application/pdf"
    assert fetched.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in fetched.headers["Content-Security-Policy"]
    disposition = fetched.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="')
    assert not any(sign in disposition for sign in ("/", "\u202e", "%E2%80%AE"))


def test_an_empty_file_and_no_file_are_refused(web: Web, ann: Browser, token: str) -> None:
    create(ann, token)
    path, headers = f"/api/v1/resources/{KEY}/files", {"X-CSRF-Token": token}

    none = ann.post(path, {"title": "Leaflet"}, headers=headers)
    empty = ann.post(path, files={"file": ("a.pdf", b"")}, headers=headers)

    assert (none.status_code, empty.status_code) == (400, 422)
    assert "multipart" in none.json()["detail"]


def test_a_file_above_the_limit_is_refused(web: Web, ann: Browser, token: str) -> None:
    create(ann, token)
    large = b"x" * (web.settings.upload_limit + 2 * 1024 * 1024)

    answer = ann.post(
        f"/api/v1/resources/{KEY}/files", files={"file": ("a.pdf", large)}, headers={"X-CSRF-Token": token}
    )

    assert answer.status_code == 413
    assert "smaller file" in answer.json()["detail"]


def test_who_may_add_no_file_sends_no_large_body(web: Web) -> None:
    large = b"x" * (1024 * 1024 + 1)

    assert web.fresh().post("/signin", files={"file": ("a.pdf", large)}).status_code == 413


def test_what_pages_are_made_of_is_kept_as_long_as_its_content_is_the_same(web: Web) -> None:
    marked = web.fresh().get("/static/fosse.css?v=0123")
    unmarked = web.fresh().get("/static/fosse.css")

    assert marked.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "max-age=3600" in unmarked.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/signin", f"/resources/{KEY}", "/api/v1/me", "/api/v1/resources", "/health"])
def test_every_answer_forbids_what_pages_of_ours_do_not_need(web: Web, ann: Browser, path: str) -> None:
    headers = ann.get(path).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
