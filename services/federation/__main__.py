"""The federation service as a process of its own."""

from services.common import process
from services.federation.service import NAME, build
from services.federation.settings import Settings

if __name__ == "__main__":
    process.main(NAME, Settings, build)
