"""The container image of this tree, built once a run, and containers of it as hardened as a node's are."""

import fcntl
import functools
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import machine

BESIDE = machine.ROOT / ".data" / "image"
HARDENED = (
    *("--init", "--read-only", "--tmpfs", "/tmp", "--tmpfs", "/data:uid=10001,mode=700"),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none"),
)
Done = subprocess.CompletedProcess[str]


def docker(*arguments: str | Path) -> Done:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True)


@functools.cache
def built() -> str:
    """The image's id. The first build takes minutes, one of an unchanged tree a second."""
    need_builder()
    BESIDE.mkdir(parents=True, exist_ok=True)
    with (BESIDE / "building").open("w") as building:
        # Several workers of one run may ask for it at once.
        fcntl.flock(building, fcntl.LOCK_EX)
        made = subprocess.run(["deploy/image.sh", "fosse:tested"], cwd=machine.ROOT, capture_output=True, text=True)
        assert made.returncode == 0, made.stdout + made.stderr
        return (BESIDE / "id").read_text()


def keycloak() -> str:
    """The id of Keycloak as a node runs it."""
    base = f"KEYCLOAK_IMAGE={machine.KEYCLOAK_IMAGE}"
    made = docker("build", "-q", "-t", "fosse-keycloak:tested", "--build-arg", base, machine.ROOT / "deploy/keycloak")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def need_builder() -> None:
    machine.need_containers(machine.PYTHON_IMAGE)
    if not shutil.which("docker"):
        machine.without("containers", "no docker command, which builds images")


def build(context: Path) -> Done:
    """Of another tree that has a deploy/Dockerfile; leaves no name behind."""
    need_builder()
    base = f"PYTHON_IMAGE={machine.PYTHON_IMAGE}"
    return docker("build", "--progress", "plain", "-f", context / "deploy/Dockerfile", "--build-arg", base, context)


def inspect(image: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(docker("image", "inspect", image).stdout)
    return found[0]


def sbom() -> dict[str, Any]:
    """The one inside; `deploy/image.sh` lays the same beside the image."""
    found: dict[str, Any] = json.loads(run("cat", "/srv/fosse/sbom.cdx.json").stdout)
    return found


def run(*command: str, settings: dict[str, str] | None = None) -> Done:
    """To its end. What it said is asked for afterwards: who listens may miss the words of one that ends at once."""
    with running(*command, settings=settings) as container:
        code = int(docker("wait", container).stdout)
        said = docker("logs", container)
    return Done(command, code, said.stdout, said.stderr)


@contextmanager
def running(*command: str, settings: dict[str, str] | None = None) -> Iterator[str]:
    """Its id, until the block ends; what still runs then is killed."""
    container = docker("run", "--detach", *HARDENED, *_environment(settings), built(), *command).stdout.strip()
    try:
        yield container
    finally:
        docker("rm", "--force", container)


def _environment(settings: dict[str, str] | None) -> list[str]:
    return [f"--env={name}={value}" for name, value in (settings or {}).items()]
