"""Notification as a process of its own."""

from services.common import process
from services.notification.consumer import NAME
from services.notification.service import build
from services.notification.settings import Settings

if __name__ == "__main__":
    process.main(NAME, Settings, build)
