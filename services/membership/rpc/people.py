"""The gRPC doors for people: the directory, imports, and who asks to join."""

from datetime import UTC, datetime
from typing import Any

from fosse.membership.v1 import (
    directory_pb2,
    directory_pb2_grpc,
    importing_pb2,
    importing_pb2_grpc,
    joining_pb2,
    joining_pb2_grpc,
)
from services.common import access, ids, pages
from services.common.clock import Clock
from services.common.database import Database
from services.membership.domain.joining import JoinRequest
from services.membership.messages import people as messages
from services.membership.provider import Provider
from services.membership.usecases import directory, importing, joining

MOST_MEMBER_IDS = 1_000


class Directory(directory_pb2_grpc.DirectoryServicer):
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def ListDirectory(
        self, request: directory_pb2.ListDirectoryRequest, context: Any
    ) -> directory_pb2.ListDirectoryResponse:
        limit = pages.page_size(request.page_size)
        entries, total = directory.list_directory(
            self._db,
            messages.sought_in(request),
            asker=access.person(context),
            after_id=_after(request.page_token),
            limit=limit,
        )
        following = pages.encode_token(entries[-1].member.id) if len(entries) == limit else ""
        return directory_pb2.ListDirectoryResponse(
            entries=[messages.entry_out(each) for each in entries], next_page_token=following, total=total
        )

    def GetMember(self, request: directory_pb2.GetMemberRequest, context: Any) -> directory_pb2.GetMemberResponse:
        return messages.seen_out(directory.get_member(self._db, request.member_id, asker=access.asker(context)))

    def GetProfile(self, request: directory_pb2.GetProfileRequest, context: Any) -> directory_pb2.GetProfileResponse:
        found = directory.get_profile(self._db, access.person(context).member_id)
        return directory_pb2.GetProfileResponse(profile=messages.profile_out(*found))

    def UpdateProfile(
        self, request: directory_pb2.UpdateProfileRequest, context: Any
    ) -> directory_pb2.UpdateProfileResponse:
        person = access.person(context)
        found = directory.update_profile(
            self._db,
            person.member_id,
            lambda before: messages.profile_in(request.profile, before),
            asker=person,
            now=self._clock(),
        )
        return directory_pb2.UpdateProfileResponse(profile=messages.profile_out(*found))

    def ListOrganisations(
        self, request: directory_pb2.ListOrganisationsRequest, context: Any
    ) -> directory_pb2.ListOrganisationsResponse:
        limit = pages.page_size(request.page_size)
        found = directory.list_organisations(
            self._db,
            request.community_id,
            asker=access.asker(context),
            after_id=_after(request.page_token),
            limit=limit,
        )
        following = pages.encode_token(found[-1].id) if len(found) == limit else ""
        return directory_pb2.ListOrganisationsResponse(
            organisations=[messages.organisation_entry_out(each) for each in found], next_page_token=following
        )

    def ListMemberIds(
        self, request: directory_pb2.ListMemberIdsRequest, context: Any
    ) -> directory_pb2.ListMemberIdsResponse:
        found = directory.list_member_ids(
            self._db, request.community_id, after_id=request.after_id, limit=MOST_MEMBER_IDS
        )
        return directory_pb2.ListMemberIdsResponse(member_ids=found)


class Importing(importing_pb2_grpc.ImportingServicer):
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def CheckImport(self, request: importing_pb2.CheckImportRequest, context: Any) -> importing_pb2.CheckImportResponse:
        found = importing.check_import(
            self._db,
            ids.checked(request.id),
            community_id=request.community_id,
            content=request.csv,
            asker=access.asker(context),
            now=self._clock(),
        )
        return importing_pb2.CheckImportResponse(**{"import": messages.import_out(found)})

    def GetImport(self, request: importing_pb2.GetImportRequest, context: Any) -> importing_pb2.GetImportResponse:
        limit = pages.page_size(request.page_size)
        after = pages.decode_token(request.page_token, int)
        found, bad, notices = importing.get_import(
            self._db, request.id, asker=access.asker(context), after=after[0] if after else 0, limit=limit
        )
        return importing_pb2.GetImportResponse(
            **{"import": messages.import_out(found)},
            bad_cells=[messages.cell_out(each) for _, each in bad],
            next_page_token=pages.encode_token(bad[-1][0]) if len(bad) == limit else "",
            notices=[messages.cell_out(each) for each in notices],
        )

    def ApplyImport(self, request: importing_pb2.ApplyImportRequest, context: Any) -> importing_pb2.ApplyImportResponse:
        found = importing.apply_import(self._db, request.id, asker=access.asker(context), now=self._clock())
        return importing_pb2.ApplyImportResponse(**{"import": messages.import_out(found)})

    def DropImport(self, request: importing_pb2.DropImportRequest, context: Any) -> importing_pb2.DropImportResponse:
        importing.drop_import(self._db, request.id, asker=access.asker(context))
        return importing_pb2.DropImportResponse()


class Joining(joining_pb2_grpc.JoiningServicer):
    def __init__(self, db: Database, clock: Clock, provider: Provider) -> None:
        self._db = db
        self._clock = clock
        self._provider = provider

    def AskToJoin(self, request: joining_pb2.AskToJoinRequest, context: Any) -> joining_pb2.AskToJoinResponse:
        now = self._clock()
        wanted = JoinRequest(
            id=ids.checked(request.id),
            community_id=request.community_id,
            name=request.name.strip(),
            organisation=request.organisation.strip(),
            about=request.about.strip().replace("\r\n", "\n"),
            asked_at=now,
            sign_in=self._provider.signed_in(request.access_token, now),
        )
        return joining_pb2.AskToJoinResponse(asked_before=joining.ask_to_join(self._db, wanted, now=now))

    def ListJoinRequests(
        self, request: joining_pb2.ListJoinRequestsRequest, context: Any
    ) -> joining_pb2.ListJoinRequestsResponse:
        limit = pages.page_size(request.page_size)
        token = pages.decode_token(request.page_token, str, str)
        found = joining.list_requests(
            self._db,
            request.community_id,
            asker=access.asker(context),
            after=(_instant(token[0]), token[1]) if token else None,
            limit=limit,
        )
        last = found[-1] if len(found) == limit else None
        return joining_pb2.ListJoinRequestsResponse(
            requests=[messages.request_out(each) for each in found],
            next_page_token=pages.encode_token(last.asked_at.isoformat(), last.id) if last else "",
        )

    def GetJoinRequest(
        self, request: joining_pb2.GetJoinRequestRequest, context: Any
    ) -> joining_pb2.GetJoinRequestResponse:
        found = joining.get_request(self._db, request.join_request_id, asker=access.asker(context))
        return joining_pb2.GetJoinRequestResponse(request=messages.request_out(found))

    def VouchFor(self, request: joining_pb2.VouchForRequest, context: Any) -> joining_pb2.VouchForResponse:
        member_id = joining.vouch_for(
            self._db,
            request.join_request_id,
            member_id=request.member_id,
            organisation_id=request.organisation_id,
            asker=access.person(context),
            now=self._clock(),
        )
        return joining_pb2.VouchForResponse(member_id=member_id)

    def DeclineJoin(self, request: joining_pb2.DeclineJoinRequest, context: Any) -> joining_pb2.DeclineJoinResponse:
        joining.decline(self._db, request.join_request_id, asker=access.asker(context), now=self._clock())
        return joining_pb2.DeclineJoinResponse()


def _after(token: str) -> str:
    found = pages.decode_token(token, str)
    return str(found[0]) if found else ""


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise pages.unknown() from error
