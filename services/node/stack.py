"""Where the parts of a deployed node are, for commands that work on all of them at once."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stack:
    """`volumes` holds the data folder of each service that has one, `secrets` the password of each."""

    # Its short label.
    node: str
    volumes: Path
    secrets: Path
    # Where PostgreSQL answers.
    host: str

    def database(self, name: str) -> str:
        return database_of(self.secrets, self.host, name)


def database_of(secrets: Path, host: str, name: str) -> str:
    """The address of a process's database."""
    return f"postgresql://{name}@{host}/{name}?passfile={secrets / name / 'pgpass'}"
