"""The one container image: small, sealed, known to its last package, and each of its commands says what it lacks."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from packaging.utils import canonicalize_name

from deploy import check_locks
from tests import images, machine
from tests.containers.county import EVERYBODY

# The first build of a machine fetches and installs everything.
pytestmark = [pytest.mark.xdist_group("image"), pytest.mark.timeout(900)]
LARGEST_OVER_BASE_MB = 350
TOOLS = "pip pip3 gcc cc c++ make git curl wget"
# Asks every half second; one program that waits costs less than a program for each question.
ASK_HEALTH = """
import urllib3
patient = urllib3.Retry(120, backoff_factor=0.1, backoff_max=0.5)
print(urllib3.PoolManager(retries=patient).request("GET", "http://127.0.0.1:8400/health").status)
"""
GATEWAY = {"FOSSE_GATEWAY_DATABASE": "sqlite:////data/gateway.db", "FOSSE_GATEWAY_LISTEN": "127.0.0.1:8400"}


def test_nobody_in_the_image_is_root_and_nothing_in_it_can_be_changed() -> None:
    image = images.inspect(images.built())
    done = images.run("sh", "-c", "id -u; id -g; touch /srv/x")
    # On a read-only file system nothing counts as writable, whatever its mode.
    looking = ("find", "/srv", "/venv", "/usr", "/etc", "/data", "-xdev", "-writable", "-not", "-type", "l")
    writable = images.docker("run", "--rm", "--network", "none", images.built(), *looking)

    assert image["Config"]["User"] == "10001:10001"
    assert done.stdout.split() == ["10001", "10001"]
    assert "Read-only file system" in done.stderr
    assert writable.stdout.split() == ["/data"]


def test_the_folders_for_data_and_sockets_belong_to_the_process() -> None:
    writable = "touch /data/x /run/fosse/x && stat -c '%u %a %n' /data /run/fosse"
    done = images.docker("run", "--rm", "--network", "none", images.built(), "sh", "-c", writable)

    assert done.stdout.splitlines() == ["10001 700 /data", "10001 700 /run/fosse"]


def test_nothing_inside_builds_installs_or_downloads() -> None:
    looking = f"for tool in {TOOLS}; do command -v $tool; done; for module in pip ensurepip setuptools; do "
    looking += (
        "for python in python /usr/local/bin/python; do $python -c \"import $module; print('$module')\"; done; done"
    )
    done = images.run("sh", "-c", looking)

    assert done.stdout == ""
    assert done.stderr.count("No module named") == 6


def test_the_image_is_small() -> None:
    over = images.inspect(images.built())["Size"] - images.inspect(machine.PYTHON_IMAGE)["Size"]

    assert over <= LARGEST_OVER_BASE_MB * 1_000_000


def test_labels_say_which_fosse_it_is() -> None:
    labels = images.inspect(images.built())["Config"]["Labels"]
    found = {name.removeprefix("org.opencontainers.image."): value for name, value in labels.items()}

    assert (found["title"], found["licenses"], found["version"]) == ("Fosse", "MIT", "0.1.0")
    assert found["revision"].removesuffix("-dirty") == revision()
    assert "communities of practice" in found["description"]


def revision() -> str:
    found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=machine.ROOT, capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else "unknown"


def test_the_sbom_lists_every_locked_package_and_nothing_else() -> None:
    lock = (machine.ROOT / "requirements.txt").read_text()
    locked = {check_locks.pin_of(entry) for entry in check_locks.entries(lock)}
    bom = images.sbom()
    listed = {(canonicalize_name(each["name"]), each["version"]) for each in bom["components"]}

    assert bom["bomFormat"] == "CycloneDX"
    assert bom["metadata"]["component"]["name"] == "fosse"
    assert listed == locked


def test_each_process_says_which_database_setting_it_lacks() -> None:
    with ThreadPoolExecutor(4) as pool:
        done = dict(zip(EVERYBODY, pool.map(images.run, EVERYBODY), strict=True))

    assert {name: each.returncode for name, each in done.items()} == dict.fromkeys(EVERYBODY, 78)
    assert [name for name, each in done.items() if f"Set FOSSE_{name.upper()}_DATABASE" not in each.stderr] == []


def test_each_process_starts_and_says_in_a_sentence_that_its_database_is_not_set_up() -> None:
    def start(name: str) -> str:
        return images.run(name, settings={f"FOSSE_{name.upper()}_DATABASE": f"sqlite:////data/{name}.db"}).stderr

    with ThreadPoolExecutor(2) as pool:
        said = dict(zip(EVERYBODY, pool.map(start, EVERYBODY), strict=True))

    assert [name for name, words in said.items() if "run the set-up step" not in words] == []
    assert [name for name, words in said.items() if "Traceback" in words] == []


def test_a_service_with_a_database_asks_for_kafka() -> None:
    settings = {"FOSSE_EVENTS_DATABASE": "sqlite:////data/events.db"}
    done = images.run("sh", "-c", "entrypoint events --migrate && exec entrypoint events", settings=settings)

    assert "Set FOSSE_EVENTS_KAFKA" in done.stderr


def test_the_command_line_is_there_and_no_or_an_unknown_word_is_explained() -> None:
    status, nothing, unknown = images.run("fosse", "status"), images.run(), images.run("memberships")

    assert "No node is running" in status.stderr
    for done in (nothing, unknown):
        assert (done.returncode, "Say which process to run" in done.stderr) == (64, True)


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        (["sh", "-c", "entrypoint gateway --migrate && exec entrypoint gateway"], GATEWAY),
        (["fosse", "node", "--data", "/data/node"], {}),
    ],
    ids=["gateway", "node"],
)
def test_it_runs_sealed_and_ends_by_itself_when_it_is_told(command: list[str], settings: dict[str, str]) -> None:
    settings = {**settings, "FOSSE_GATEWAY_SECRET_KEY_FILE": "/data/gateway.key"}
    with images.running(*command, settings=settings) as container:
        answered = images.docker("exec", container, "python", "-c", ASK_HEALTH).stdout.strip()
        # After ten seconds the engine would kill it, and the status would be 137.
        images.docker("stop", "--time", "10", container)
        status = images.docker("inspect", "-f", "{{.State.ExitCode}}", container).stdout.strip()

        assert (answered, status) == ("200", "0")
        assert "Traceback" not in images.docker("logs", container).stderr
