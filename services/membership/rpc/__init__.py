"""The gRPC doors of membership."""

from services.membership.rpc.links import Links
from services.membership.rpc.membership import Membership
from services.membership.rpc.people import Directory, Importing, Joining
from services.membership.rpc.standing import Standing

__all__ = ["Directory", "Importing", "Joining", "Links", "Membership", "Standing"]
