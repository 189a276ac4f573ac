"""The directory, imports and people who ask to join, as protos and back."""

from dataclasses import replace

from fosse.membership.v1 import directory_pb2 as directory_pb
from fosse.membership.v1 import importing_pb2 as importing_pb
from fosse.membership.v1 import joining_pb2 as joining_pb
from services.common.instants import stamp
from services.membership.domain import Member, Organisation
from services.membership.domain.directory import Entry, Seen, Sought
from services.membership.domain.importing import Finding, Import
from services.membership.domain.joining import JoinRequest
from services.membership.messages import members

MOST_WORDS = 8


def sought_in(request: directory_pb.ListDirectoryRequest) -> Sought:
    return Sought(
        community_id=request.community_id,
        words=tuple(request.words[:200].split()[:MOST_WORDS]),
        role_group=request.role_group,
        organisation_id=request.organisation_id,
        locality_id=request.locality_id,
        topic=request.topic,
    )


def entry_out(entry: Entry) -> directory_pb.DirectoryEntry:
    member = entry.member
    return directory_pb.DirectoryEntry(
        member_id=member.id,
        name=member.name,
        job_title=member.job_title,
        role_group=member.role_group,
        organisation_id=member.organisation_id,
        organisation_name=entry.organisation_name,
        locality_ids=member.locality_ids,
        topics=member.topics,
        email=entry.email,
        roles=members.roles_out(entry.roles),
        bound=entry.bound,
        listed=member.listed,
    )


def seen_out(seen: Seen) -> directory_pb.GetMemberResponse:
    member = seen.entry.member
    return directory_pb.GetMemberResponse(
        entry=entry_out(seen.entry),
        community_id=seen.entry.community_id,
        may_manage=seen.managing,
        version=member.version,
        member=members.member_out(member) if seen.managing else None,
    )


def profile_out(member: Member, organisation_name: str) -> directory_pb.Profile:
    return directory_pb.Profile(
        member_id=member.id,
        name=member.name,
        email=member.email,
        job_title=member.job_title,
        role_group=member.role_group,
        organisation_id=member.organisation_id,
        organisation_name=organisation_name,
        locality_ids=member.locality_ids,
        topics=member.topics,
        listed=member.listed,
        email_shown=member.email_shown,
        name_travels=member.name_travels,
        version=member.version,
    )


def profile_in(profile: directory_pb.Profile, before: Member) -> Member:
    return replace(
        before,
        name=profile.name.strip(),
        job_title=profile.job_title.strip(),
        locality_ids=tuple(sorted(set(profile.locality_ids))),
        topics=tuple(sorted(set(profile.topics))),
        listed=profile.listed,
        email_shown=profile.email_shown,
        name_travels=profile.name_travels,
        version=profile.version,
    )


def organisation_entry_out(organisation: Organisation) -> directory_pb.OrganisationEntry:
    shown = members.organisation_out(organisation)
    return directory_pb.OrganisationEntry(
        **{field.name: value for field, value in shown.ListFields()},
    )


def import_out(found: Import) -> importing_pb.Import:
    return importing_pb.Import(
        id=found.id,
        community_id=found.community_id,
        state=importing_pb.ImportState.ValueType(int(found.state)),
        rows=found.rows,
        done=found.done,
        new_members=found.counts.new_members,
        changed_members=found.counts.changed_members,
        unchanged_members=found.counts.unchanged_members,
        new_organisations=found.counts.new_organisations,
        bad_rows=found.counts.bad_rows,
        problem=found.problem,
        began_at=stamp(found.began_at),
        read_as=found.read_as,
        changed_organisations=found.counts.changed_organisations,
        retrying=bool(found.faults),
    )


def cell_out(finding: Finding) -> importing_pb.BadCell:
    return importing_pb.BadCell(line=finding.line, column=finding.column, reason=finding.reason)


def request_out(request: JoinRequest) -> joining_pb.JoinRequest:
    return joining_pb.JoinRequest(
        id=request.id,
        community_id=request.community_id,
        name=request.name,
        organisation=request.organisation,
        about=request.about,
        asked_at=stamp(request.asked_at),
    )
