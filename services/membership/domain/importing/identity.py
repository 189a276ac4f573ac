"""Who a row is about: the community, the e-mail address and the name together, because a home may share a mailbox."""

import hashlib


def folded(name: str) -> str:
    return " ".join(name.casefold().split())


def member_id_of(community_id: str, email: str, name: str) -> str:
    """The same row always makes the same member."""
    return made_of(community_id, "member", email.strip().casefold(), folded(name))


def made_of(*words: str) -> str:
    return hashlib.sha256("\x1f".join(words).encode()).hexdigest()[:32]
