"""Reading what a form sent, without trusting it: what cannot be read becomes nothing, and the service refuses it."""

from flask import request

from fosse.resource.v1 import resource_pb2


def whole_number(name: str) -> int:
    """0 for what is no number: no version and no level that any item has."""
    given = request.form.get(name, "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else 0


def expected_version() -> int:
    return whole_number("version")


def words() -> resource_pb2.Words:
    form = request.form
    return resource_pb2.Words(
        title=form.get("title", ""),
        summary=form.get("summary", "").replace("\r\n", "\n"),
        type=form.get("type", ""),
        topics=form.getlist("topics"),
        readers=form.getlist("readers"),
        evidence_level=min(whole_number("evidence_level"), 99),
        review_due=form.get("review_due", "").strip(),
        adapted_from=form.get("adapted_from", ""),
    )
