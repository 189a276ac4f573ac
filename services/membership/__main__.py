"""Membership as a process of its own."""

from services.common import process
from services.membership.consumer import NAME
from services.membership.service import build
from services.membership.settings import Settings

if __name__ == "__main__":
    process.main(NAME, Settings, build)
