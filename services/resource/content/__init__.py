"""What a file really is, by its content and never by its name; only kinds that no browser runs are let in."""

from services.resource.content.kinds import KINDS, Kind, identify

__all__ = ["KINDS", "Kind", "identify"]
