"""One's own profile, and who may see what of it."""

from collections.abc import Iterator

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER, ROLE_OPERATOR
from fosse.membership.v1 import directory_pb2
from gateway import forms, guards
from gateway.clients import clients
from gateway.lookups import lookups
from gateway.pages import communities
from gateway.pages.refused import NOTHING, Refused, refused
from services.common.errors import Conflict, Invalid

blueprint = Blueprint("profile", __name__, url_prefix="/profile")
LABELS = {"name": "Name", "job_title": "Job title", "locality_ids": "Localities", "topics": "Topics"}
CHOICES = {
    "listed": "Other members find me in the directory",
    "email_shown": "My e-mail address stands in the directory",
    "name_travels": "My name stands beside what I share beyond this county",
}
_members = guards.roles(ROLE_MEMBER, ROLE_CONVENOR, ROLE_OPERATOR)


@blueprint.get("")
@_members
def show() -> str:
    return _form(_saved())


@blueprint.post("")
@_members
def change() -> ResponseReturnValue:
    written = _written()
    try:
        clients().directory.UpdateProfile(directory_pb2.UpdateProfileRequest(profile=written))
    except Invalid as error:
        return _form(written, refused(error)), 422
    except Conflict as error:
        saved = _saved()
        written.version = saved.version
        return _form(written, refused(error), list(_both(saved, written))), 409
    flash("Your profile is saved.")
    return redirect(url_for(".show"))


def _saved() -> directory_pb2.Profile:
    return clients().directory.GetProfile(directory_pb2.GetProfileRequest()).profile


def _written() -> directory_pb2.Profile:
    form, saved = request.form, _saved()
    return directory_pb2.Profile(
        member_id=saved.member_id,
        email=saved.email,
        organisation_name=saved.organisation_name,
        name=form.get("name", ""),
        job_title=form.get("job_title", ""),
        locality_ids=form.getlist("locality_ids"),
        topics=form.getlist("topics"),
        listed="listed" in form,
        email_shown="email_shown" in form,
        name_travels="name_travels" in form,
        version=forms.expected_version(),
    )


def _form(
    profile: directory_pb2.Profile, wrong: Refused = NOTHING, both: list[tuple[str, str, str]] | None = None
) -> str:
    return render_template(
        "profile.html",
        profile=profile,
        wrong=wrong,
        labels=LABELS,
        both=both or [],
        areas=communities.area_options(),
        topics=communities.topic_options(),
    )


def _both(saved: directory_pb2.Profile, yours: directory_pb2.Profile) -> Iterator[tuple[str, str, str]]:
    """For each field that differs its label, what is saved now and what this person wrote, in words."""
    named = {"locality_ids": communities.area_names(), "topics": dict(lookups().vocabulary().topics)}
    for name, label in LABELS.items():
        now, mine = getattr(saved, name), getattr(yours, name)
        if name in named:
            now, mine = (", ".join(sorted(named[name].get(code, code) for code in each)) for each in (now, mine))
        if now != mine:
            yield label, now, mine
    for name, label in CHOICES.items():
        if getattr(saved, name) != getattr(yours, name):
            yield label, _yes_or_no(saved, name), _yes_or_no(yours, name)


def _yes_or_no(profile: directory_pb2.Profile, choice: str) -> str:
    return "Yes" if getattr(profile, choice) else "No"
