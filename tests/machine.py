"""What this machine offers to tests: a container engine, a browser; and what happens without."""

import functools
import os
import shutil
from pathlib import Path
from typing import NoReturn

import docker
import pytest
from testcontainers.core.config import ConnectionMode, testcontainers_config

# Testcontainers would pull a clean-up image, and inside a container would be given the bridge's address.
testcontainers_config.ryuk_disabled = True
testcontainers_config.connection_mode_override = ConnectionMode.docker_host

ROOT = Path(__file__).parents[1]
POSTGRES_IMAGE = os.environ.get("POSTGRES_IMAGE", "postgres:17")
PYTHON_IMAGE = os.environ.get("PYTHON_IMAGE", "python:3.11-slim-bookworm")
KAFKA_IMAGE = os.environ.get("KAFKA_IMAGE", "apache/kafka:4.3.1")
NGINX_IMAGE = os.environ.get("NGINX_IMAGE", "nginx:1.28")
KEYCLOAK_IMAGE = os.environ.get("KEYCLOAK_IMAGE", "quay.io/keycloak/keycloak:26.7")
# For the engine: on a busy machine it takes a while to remove what was large.
PATIENT = {"timeout": 300}
REQUIRED = frozenset(filter(None, os.environ.get("FOSSE_REQUIRE", "").split(",")))
FULL = os.environ.get("FULL") == "1"


def without(what: str, reason: str) -> NoReturn:
    """Skips the test, or fails it where FOSSE_REQUIRE names what is lacking."""
    if what in REQUIRED:
        pytest.fail(f"FOSSE_REQUIRE asks for {what}, but {reason}")
    pytest.skip(f"no {what} here: {reason}")


@functools.cache
def container_problem(image: str) -> str:
    """Why this image cannot be run here; empty when it can."""
    try:
        client = docker.from_env(timeout=120)
    except docker.errors.DockerException:
        return "no Docker engine answers"
    try:
        client.images.get(image)
    except docker.errors.ImageNotFound:
        try:
            client.images.pull(image)
        except docker.errors.APIError:
            return f"the image {image} is not here and cannot be pulled"
    except (docker.errors.DockerException, OSError):
        return "no Docker engine answers"
    finally:
        client.close()
    return ""


def need_containers(*images: str) -> None:
    for image in images:
        if problem := container_problem(image):
            without("containers", problem)


def environment(**variables: str) -> dict[str, str]:
    """What a program of ours is started with: this process's variables, our two import roots, and these."""
    return {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'protos'}", **variables}


def chromium_path() -> str | None:
    """Debian's browser; None: playwright's own, if it has one."""
    return shutil.which("chromium")
