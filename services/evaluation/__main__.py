"""Evaluation as a process of its own."""

from services.common import process
from services.evaluation.service import NAME, build
from services.evaluation.settings import Settings

if __name__ == "__main__":
    process.main(NAME, Settings, build)
