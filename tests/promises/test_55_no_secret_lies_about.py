"""Promise 55: no secret lies in the repository, in the image or what the engine is told; no container is open."""

import csv
import json
import posixpath
import secrets
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests import images, machine
from tests.composed import configured
from tests.promises.promise import promise
from tests.promises.secret_shapes import found_in, found_in_ours, password_in_address, secret_by_name
from tests.rules.tree import EVERYTHING, modules

SEED = 55
LARGEST = 2 * 1024 * 1024
OURS = "fosse:image"
NODE = {"FOSSE_SLUG": "notts", "FOSSE_TLS_DIR": "./tls", "FOSSE_IMAGE": OURS, "FOSSE_DOOR_ADDRESS": "hub.example:8420"}
# What each brings up, and which of it may be reached from outside.
STACKS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "a county": ((), {"gateway": "127.0.0.1"}),
    "behind TLS": (("deploy/tls/compose.yml",), {"gateway": "127.0.0.1", "tls": ""}),
    "a hub": (("deploy/region/compose.yml",), {"gateway": "127.0.0.1", "federation": ""}),
    "watched": (
        ("deploy/observability/compose.yml",),
        {"gateway": "127.0.0.1", "prometheus": "127.0.0.1", "jaeger": "127.0.0.1"},
    ),
}


def a_key() -> bytes:
    made = generate_private_key(SECP256R1())
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def history() -> Iterator[tuple[str, bytes]]:
    """Every version of every file that this repository ever had, and every commit's words; without git, today's."""
    listed = subprocess.run(["git", "rev-list", "--objects", "HEAD"], cwd=machine.ROOT, capture_output=True, text=True)
    if listed.returncode:
        yield from ((str(each.path), each.text.encode()) for each in modules(machine.ROOT, EVERYTHING))
        return
    names = dict(line.partition(" ")[::2] for line in listed.stdout.splitlines())
    asked = "\n".join(names).encode()
    told = subprocess.run(["git", "cat-file", "--batch"], cwd=machine.ROOT, input=asked, capture_output=True).stdout
    at = 0
    while at < len(told):
        end = told.index(b"\n", at)
        object_, kind, size = told[at:end].split()
        if kind in {b"blob", b"commit"}:
            yield names[object_.decode()] or "a commit", told[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)


def secrets_of(files: Iterator[tuple[str, bytes]]) -> tuple[int, list[str]]:
    """How many were looked at, and what lies in them. Tests may make up addresses with passwords, and look for them."""
    seen, found = 0, []
    for path, content in files:
        seen += 1
        kinds = [*found_in_ours(content)]
        if password_in_address(content) and not path.startswith("tests/"):
            kinds.append("address")
        if secret_by_name(path):
            kinds.append("name")
        found += [f"{path}:{kind}" for kind in kinds]
    return seen, found


def planted_files() -> Iterator[tuple[str, bytes]]:
    """Put together here, so that the test itself holds none."""
    yield "deploy/identity.pem", a_key()
    yield "gateway/settings.py", b'CLIENT_SECRET = "' + b"0a1b2c3d" * 4 + b'"'
    yield "docker-compose.yml", b"DATABASE: postgresql://events:" + b"hunter22@postgres/events"
    yield "deploy/backup.txt", b"AGE-SECRET-KEY-" + b"1" + b"QPZRY9X8" * 7
    yield ".env", b"FOSSE_SLUG=notts"


def test_no_version_of_any_file_holds_a_secret() -> None:
    seen, found = secrets_of(history())
    planted, caught = secrets_of(planted_files())

    figures = f"looked_at={seen} found={len(found)} planted={planted} caught={len(caught)}"
    ok = seen > 100 and not found and len(caught) == planted
    promise(55, "embedded", "secrets in the repository", ok, " ".join([figures, *found]), SEED)


@pytest.fixture
def image_with_secrets(tmp_path: Path) -> Iterator[str]:
    """Ours, and on top of it what a careless build leaves: a key in a layer and a token in the settings."""
    (tmp_path / "identity.pem").write_bytes(a_key())
    # A build begins with a name, and looks for a number elsewhere.
    ours = f"fosse-with-secrets:{secrets.token_hex(4)}"
    images.docker("tag", images.built(), ours)
    lines = (f"FROM {ours}", "COPY identity.pem /srv/x.pem", "ENV INDEX_TOKEN=0a1b2c3d0a1b2c3d0a1b2c3d")
    (tmp_path / "Dockerfile").write_text("\n".join(lines))
    made = images.docker("build", "-q", tmp_path)
    assert made.returncode == 0, made.stderr
    yield made.stdout.strip()
    images.docker("rmi", "--force", made.stdout.strip(), ours)


def secrets_in_layers(image: str, saved: Path, base: int) -> list[tuple[int, str]]:
    """What lies in each layer above the base, by the layer's number; what a later layer removed is still there."""
    done = images.docker("save", "-o", saved, image)
    assert done.returncode == 0, done.stderr
    found = []
    with tarfile.open(saved) as whole:
        (manifest,) = json.loads(_read(whole, "manifest.json"))
        for number, layer in enumerate(manifest["Layers"][base:]):
            inside = whole.extractfile(layer)
            assert inside
            with tarfile.open(fileobj=inside) as files:
                found += [(number, each) for each in _secrets_in(files)]
    saved.unlink()
    return found


def _secrets_in(files: tarfile.TarFile) -> Iterator[str]:
    public = _published(files)
    for each in files.getmembers():
        if not each.isfile() or each.name in public:
            continue
        if secret_by_name(each.name):
            yield f"{each.name}:name"
        if each.size <= LARGEST:
            content = _read(files, each)
            kinds = found_in_ours(content) if each.name.startswith("srv/") else found_in(content)
            yield from (f"{each.name}:{kind}" for kind in kinds)


def _published(files: tarfile.TarFile) -> set[str]:
    """What packages brought: everybody can download it, and some hold the keys of their own tests."""
    found = set[str]()
    for each in files.getmembers():
        if each.name.endswith(".dist-info/RECORD"):
            rows = csv.reader(_read(files, each).decode().splitlines())
            place = PurePosixPath(each.name).parents[1]
            found |= {posixpath.normpath(place / row[0]) for row in rows}
    return found


def _read(files: tarfile.TarFile, which: tarfile.TarInfo | str) -> bytes:
    opened = files.extractfile(which)
    assert opened
    return opened.read()


def told_by(image: str) -> list[str]:
    """Secrets in an image's settings and in the commands that made it."""
    config = images.inspect(image)["Config"]
    steps = images.docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image).stdout
    settings = dict(each.partition("=")[::2] for each in config["Env"])
    return [*secret_settings(settings), *found_in_ours((steps + json.dumps(config)).encode())]


def secret_settings(settings: Mapping[str, str | None]) -> list[str]:
    """Names of settings that hold a secret themselves, and not the name of a file."""
    words = ("PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL")
    named = [name for name, value in settings.items() if value and any(word in name.upper() for word in words)]
    return [name for name in named if not name.endswith("_FILE")]


@pytest.mark.xdist_group("image")
@pytest.mark.timeout(900)
def test_no_layer_of_the_image_holds_a_secret(image_with_secrets: str, tmp_path: Path) -> None:
    ours = images.inspect(images.built())
    layers, base = len(ours["RootFS"]["Layers"]), len(images.inspect(machine.PYTHON_IMAGE)["RootFS"]["Layers"])

    everything = secrets_in_layers(image_with_secrets, tmp_path / "image.tar", base)
    found = [what for number, what in everything if number < layers - base] + told_by(images.built())
    caught = [what for number, what in everything if number >= layers - base] + told_by(image_with_secrets)

    figures = f"layers={layers - base} found={len(found)} planted=2 caught={len(caught)}"
    ok = not found and len(caught) >= 2 and ours["Config"]["User"] == "10001:10001"
    promise(55, "stack", "secrets in the image", ok, " ".join([figures, *found]), SEED)


def faults(found: Mapping[str, Any], published: Mapping[str, str]) -> list[str]:
    """What of the containers is more open than it has to be, and secrets that the engine would be told."""
    return [f"{name}:{fault}" for name, each in found.items() for fault in _faults(name, each, published)]


def _faults(name: str, each: Mapping[str, Any], published: Mapping[str, str]) -> Iterator[str]:
    hosts = [port.get("host_ip", "") for port in each.get("ports", ())]
    if hosts != ([published[name]] if name in published else []):
        yield f"ports {hosts}"
    if each.get("privileged") or "host" in {each.get("network_mode"), each.get("pid"), each.get("ipc")}:
        yield "privileged"
    if "no-new-privileges:true" not in each.get("security_opt", ()):
        yield "may become more"
    if any("docker.sock" in str(volume.get("source")) for volume in each.get("volumes", ())):
        yield "holds the engine"
    # The image itself says who runs in it; nothing may overrule that.
    sealed = each.get("read_only") and each.get("cap_drop") == ["ALL"] and not each.get("cap_add")
    if each["image"] == OURS and (not sealed or each.get("user", "10001") != "10001"):
        yield "not sealed"
    yield from secret_settings(each.get("environment") or {})
    yield from found_in_ours(json.dumps(each).encode())


def careless(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The same stack with one thing left open each."""
    for name, change in (
        ("postgres", {"environment": {"POSTGRES_PASSWORD": "postgres"}}),
        ("postgres", {"ports": [{"host_ip": "127.0.0.1", "target": 5432}]}),
        ("gateway", {"ports": [{"target": 8080}]}),
        ("events", {"read_only": False}),
        ("events", {"user": "root"}),
        ("events", {"cap_add": ["NET_ADMIN"]}),
        ("kafka", {"security_opt": []}),
        ("keycloak", {"privileged": True}),
        ("resource", {"volumes": [{"source": "/var/run/docker.sock"}]}),
    ):
        yield {**found, name: {**found[name], **change}}


def test_no_container_is_open_or_is_told_a_secret() -> None:
    machine.need_containers()
    left: list[str] = []
    looked = caught = planted = 0
    for files, published in STACKS.values():
        arguments = [word for file in ("docker-compose.yml", *files) for word in ("-f", file)]
        found = configured("--profile", "*", *arguments, **NODE)
        looked, left = looked + len(found), left + faults(found, published)
        each = [bool(faults(changed, published)) for changed in careless(found)]
        planted, caught = planted + len(each), caught + sum(each)

    figures = f"stacks={len(STACKS)} containers={looked} faults={len(left)} planted={planted} caught={caught}"
    promise(55, "stack", "open containers", not left and caught == planted, " ".join([figures, *left]), SEED)
