"""Events as a process of its own."""

from services.common import process
from services.events.service import NAME, build
from services.events.settings import Settings

if __name__ == "__main__":
    process.main(NAME, Settings, build)
