"""Names for ids of members, asked for a hundred at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fosse.membership.v1 import directory_pb2, membership_pb2
from gateway.clients import clients

AT_ONCE = 100


@dataclass(frozen=True)
class Named:
    name: str
    organisation: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.organisation}" if self.organisation else self.name


SOMEBODY = Named("Somebody who has left")
Names = Mapping[str, Named]


def names_of(member_ids: Iterable[str], known: Names | None = None) -> Names:
    """For each of them a name; those already `known` are not asked for again.

    However many they are: whoever is still here must not be shown as somebody who has left.
    """
    names = dict(known or {})
    missing = [each for each in dict.fromkeys(member_ids) if each and each not in names]
    for start in range(0, len(missing), AT_ONCE):
        asked = membership_pb2.CardsRequest(member_ids=missing[start : start + AT_ONCE])
        for card in clients().membership.Cards(asked).members:
            names[card.member_id] = Named(card.shown_as, card.organisation_name)
    return names | {each: SOMEBODY for each in missing if each not in names}


def directory(community_id: str, words: str = "") -> directory_pb2.ListDirectoryResponse:
    """The first hundred members by name, of those that `words` fit."""
    asked = directory_pb2.ListDirectoryRequest(community_id=community_id, words=words, page_size=AT_ONCE)
    return clients().directory.ListDirectory(asked)


def names_in(found: directory_pb2.ListDirectoryResponse) -> Names:
    return {entry.member_id: Named(entry.name, entry.organisation_name) for entry in found.entries}
