"""Somebody uses a resource of this node: what its authors are told."""

from collections.abc import Collection
from dataclasses import dataclass

from services.notification.domain.delivery import News, line

RESOURCE_ADOPTED = "resource_adopted"

# Somebody who only looks at a resource is not yet news to its author.
_VERBS = {"trialling": "is trying out", "adopted": "uses", "embedded": "uses"}


@dataclass(frozen=True)
class Adopted:
    """An adoption as its resource's authors may be told of it."""

    adoption_id: str
    stage: str
    resource_id: str
    title: str
    # County or, for somebody here, locality.
    place: str
    organisation: str
    author_ids: tuple[str, ...]
    adopter_id: str = ""


def news_of(adopted: Adopted) -> list[News]:
    """One for each author but the one who said it; none while the resource is only looked at, or no longer used."""
    verb = _VERBS.get(adopted.stage)
    if verb is None:
        return []
    words = {
        "who": adopted.organisation or adopted.place,
        "place": adopted.place,
        "verb": verb,
        "title": adopted.title,
        "resource_id": adopted.resource_id,
    }
    subject = f"{adopted.place} {verb} your resource “{adopted.title}”"
    told = dict.fromkeys(author for author in adopted.author_ids if author != adopted.adopter_id)
    return [News(RESOURCE_ADOPTED, adopted.adoption_id, author, line(subject), words) for author in told]


def place_of(node_name: str, localities: Collection[str]) -> str:
    """What to call where somebody is: the county of another node, the locality in one's own."""
    return next(iter(localities), "") or node_name or "Another county"
