"""Resource as a process of its own."""

from services.common import process
from services.resource.service import NAME, build
from services.resource.settings import Settings

if __name__ == "__main__":
    process.main(NAME, Settings, build)
