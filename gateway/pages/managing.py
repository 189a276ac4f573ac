"""What a convenor changes about a member: words, roles, the invitation link, and that somebody left."""

from collections.abc import Iterator

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER, ROLE_OPERATOR, Role
from fosse.membership.v1 import directory_pb2, links_pb2, membership_pb2
from gateway import forms, guards
from gateway.clients import clients
from gateway.community_words import GIVEN
from gateway.pages import communities
from gateway.pages.members import organisation_options, read
from gateway.pages.refused import NOTHING, Refused, refused
from services.common.errors import Conflict, Invalid, NotAllowed
from services.common.ids import new_id
from services.common.vocabulary import ROLE_GROUPS

blueprint = Blueprint("managing", __name__, url_prefix="/members/<member_id>")
LABELS = {
    "name": "Name",
    "email": "E-mail address",
    "job_title": "Job title",
    "role_group": "Role group",
    "organisation_id": "Organisation",
    "locality_ids": "Localities",
    "roles": "May also be",
}
_convenors = guards.roles(ROLE_CONVENOR, ROLE_OPERATOR)


@blueprint.get("/edit")
@_convenors
def edit(member_id: str) -> str:
    seen = _managed(member_id)
    return _form(seen, seen.member)


@blueprint.post("/edit")
@_convenors
def change(member_id: str) -> ResponseReturnValue:
    seen = _managed(member_id)
    wanted = _wanted(seen.member)
    try:
        clients().membership.PutMember(membership_pb2.PutMemberRequest(member=wanted))
    except (Invalid, NotAllowed) as error:
        return _form(seen, wanted, refused(error)), 422
    except Conflict as error:
        # Both are shown: what is saved now beside each field, and what was typed in it.
        wanted.version = seen.version
        return _form(seen, wanted, refused(error), both=list(_both(seen.member, wanted))), 409
    flash("What is written of this member is saved.")
    return redirect(url_for("members.show", member_id=member_id))


@blueprint.get("/invitation")
@_convenors
def ask_invitation(member_id: str) -> str:
    return render_template("member_invitation.html", seen=_managed(member_id), id=new_id(), link="")


@blueprint.post("/invitation")
@_convenors
def invite(member_id: str) -> ResponseReturnValue:
    seen, form_id = _managed(member_id), request.form.get("id", "")
    made = clients().membership.CreateInvitation(
        membership_pb2.CreateInvitationRequest(id=form_id, member_id=member_id)
    )
    # Not of the address that this request says it came to: a link is for others.
    link = f"{current_app.config['PUBLIC_ORIGIN']}{url_for('auth.invitation', code=made.code)}"
    return render_template("member_invitation.html", seen=seen, id=form_id, link=link, until=made.expires_at)


@blueprint.get("/left")
@_convenors
def ask_left(member_id: str) -> str:
    return render_template("member_left.html", seen=_managed(member_id))


@blueprint.post("/left")
@_convenors
def left(member_id: str) -> ResponseReturnValue:
    wanted = _managed(member_id).member
    wanted.left = "back" not in request.form
    wanted.version = forms.expected_version()
    clients().membership.PutMember(membership_pb2.PutMemberRequest(member=wanted))
    flash("They have left. Their sign-in ends within a minute." if wanted.left else "They are a member again.")
    return redirect(url_for("members.show", member_id=member_id))


@blueprint.post("/links")
@guards.roles(ROLE_MEMBER, ROLE_CONVENOR, ROLE_OPERATOR)
def end_links(member_id: str) -> ResponseReturnValue:
    ended = clients().links.RevokeLinks(links_pb2.RevokeLinksRequest(member_id=member_id)).revoked
    flash("No link in an earlier mail works any more." if ended else "No link was open. Nothing needed to be ended.")
    own = request.form.get("own")
    return redirect(url_for("profile.show") if own else url_for("members.show", member_id=member_id))


def _managed(member_id: str) -> directory_pb2.GetMemberResponse:
    seen = read(member_id)
    if not seen.may_manage:
        raise NotAllowed("Only a convenor of this member's community may change what is written of them.")
    return seen


def _wanted(before: membership_pb2.Member) -> membership_pb2.Member:
    form, wanted = request.form, membership_pb2.Member()
    wanted.CopyFrom(before)
    for name in ("name", "email", "job_title", "role_group", "organisation_id"):
        setattr(wanted, name, form.get(name, ""))
    del wanted.locality_ids[:], wanted.roles[:]
    wanted.locality_ids.extend(form.getlist("locality_ids"))
    given = {code for code, _, _ in GIVEN}
    kept = [role for role in before.roles if role not in given]
    wanted.roles.extend([*kept, *(Role.ValueType(code) for code in given if str(code) in form.getlist("roles"))])
    wanted.version = forms.expected_version()
    return wanted


def _form(
    seen: directory_pb2.GetMemberResponse,
    written: membership_pb2.Member,
    wrong: Refused = NOTHING,
    both: list[tuple[str, str, str]] | None = None,
) -> str:
    return render_template(
        "member_edit.html",
        seen=seen,
        written=written,
        wrong=wrong,
        labels=LABELS,
        both=both or [],
        groups=[("", "Not said"), *ROLE_GROUPS.items()],
        homes=organisation_options(seen.community_id, "None"),
        areas=communities.area_options(),
        given=[(str(code), name, about) for code, name, about in GIVEN],
    )


def _both(theirs: membership_pb2.Member, yours: membership_pb2.Member) -> Iterator[tuple[str, str, str]]:
    for name in ("name", "email", "job_title", "role_group"):
        if getattr(theirs, name) != getattr(yours, name):
            yield LABELS[name], getattr(theirs, name), getattr(yours, name)
