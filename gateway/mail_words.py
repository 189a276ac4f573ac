"""What pages say of mail: where no mail server is named it reaches nobody, and no page promises any."""

from gateway.lookups import lookups

KEPT = "This node has no mail server yet: its mails reach no mailbox. Each finds theirs under “Mail”, an operator all."


def kept() -> bool:
    return lookups().mails_kept()


def by_mail(promise: str) -> str:
    """The promise, or what is true instead of it."""
    return KEPT if kept() else promise


FILTERS = {"by_mail": by_mail}


def terms() -> dict[str, object]:
    """For templates whose words are not one whole promise."""
    return {"mails_kept": kept, "MAILS_KEPT": KEPT}
