"""Promise 22, of its second half: keys and passwords that everybody knows from samples are accepted nowhere."""

import itertools
from hashlib import sha256
from pathlib import Path

from nacl.encoding import HexEncoder
from nacl.signing import SigningKey

from fosse.common.v1.housekeeping_pb2 import GetHousekeepingStatusResponse, SecretFile
from services.common import given_secrets
from services.common.clock import utc_now
from services.common.errors import Invalid
from services.common.files import write_private
from services.common.version import Version
from services.federation import keys
from services.federation.usecases import enrolment
from services.node.doctor.asking import Process, Report
from services.node.doctor.judging import problems
from services.node.setup.secrets import DATABASES, lay_out
from tests.databases import SqliteDatabases, open_database
from tests.federations import Region, a_node, a_region
from tests.promises.planted import planted
from tests.promises.promise import promise

SEED = 22
PASSWORDS = (
    *("postgres", "password", "changeme", "ChangeMe1234!", "admin", "admin123", "secret", "secret123456", "letmein"),
    *("keycloak", "fosse", "Fosse-2026-abc", "example-password", "test-test-test", "qwertyuiop12", "123456789012"),
    *("welcome-to-fosse", "default-secret-1", "sample-password-1", "change-me-please", "aaaaaaaaaaaaaaaa", ""),
)
FILES = (
    *(f"{name}/pgpass" for name in DATABASES),
    *("postgres/superuser-password", "keycloak/admin-password", "keycloak/client-secret", "gateway/client-secret"),
    *("keycloak/accounts-secret", "membership/accounts-secret"),
)
GOOD = "0123456789abcdef" * 4
SEEDS = [bytes(32)] + [
    sha256(f"fosse sample key {name}".encode()).digest() for name in ("hub", "notts", "derbys", "leics", "lincs")
]


def held(folder: Path, file: str, password: str) -> Path:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    user = path.parent.name
    write_private(path, (f"*:*:{user}:{user}:{password}" if path.name == "pgpass" else password).encode())
    return path


def set_up_takes(folder: Path, file: str, password: str) -> bool:
    path = held(folder, file, password)
    try:
        lay_out(folder, "notts", utc_now())
    except Invalid as refused:
        assert str(path) in refused.sentence
        return False
    finally:
        held(folder, file, GOOD)
    return True


def doctor_passes(path: Path) -> bool:
    seen = [SecretFile(path=str(each.path), weak=each.weak) for each in given_secrets.look_at([path], b"k" * 32)]
    status = GetHousekeepingStatusResponse(service="events", version="1", disk_free_bytes=10**10, secrets=seen)
    said = problems(Report(utc_now(), True, [Process("events", status, None, 0.0)], None), Version("1", ""))
    return not any(str(path) in each.sentence for each in said)


def passwords_accepted(folder: Path) -> list[str]:
    folder.mkdir()
    found = []
    for file, password in itertools.product(FILES, PASSWORDS):
        if set_up_takes(folder, file, password):
            found.append(f"{file}:{password}")
    for password in filter(None, PASSWORDS):
        if doctor_passes(held(folder.parent / "seen", "notification/smtp-password", password)):
            found.append(f"doctor:{password}")
    return found


def test_no_password_of_a_sample_is_started_with(tmp_path: Path) -> None:
    found = passwords_accepted(tmp_path / "sound")
    good = set_up_takes(tmp_path / "sound", FILES[0], GOOD)
    with planted((given_secrets, "weak", lambda password: False)):
        caught = passwords_accepted(tmp_path / "planted")

    tried = len(FILES) * len(PASSWORDS) + len(PASSWORDS) - 1
    figures = f"tried={tried} accepted={len(found)} good={int(good)} planted[all are fine]={len(caught)}"
    ok = not found and good and len(caught) == tried
    promise(22, "stack", "default passwords accepted", ok, " ".join([figures, *found]), SEED)


def keys_accepted(region: Region, folder: Path, databases: SqliteDatabases) -> list[str]:
    """Where a sample is taken: in a node's own folder, and at the hub from a county that was made to use it."""
    found = []
    for number, (seed, name) in enumerate(itertools.product(SEEDS, (keys.SIGNING, keys.SEALING))):
        kept = folder / str(number)
        (kept / "keys").mkdir(parents=True)
        keys.create(kept / "keys")
        write_private(kept / "keys" / name, SigningKey(seed).encode(HexEncoder) + b"\n")
        try:
            keys.load(kept / "keys")
            found.append(f"own:{number}")
        except Invalid:
            pass
        with planted((keys, "refuse_sample", lambda public: None)):
            county = a_node(open_database(databases, "federation"), kept, region.clock, f"county{number}")
        try:
            region.ask(county, region.code())
            found.append(f"hub:{number}")
        except Invalid:
            pass
    return found


def test_no_sample_key_signs_or_joins(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    region = a_region(lambda name: open_database(sqlite_databases, name), tmp_path / "region")
    found = keys_accepted(region, tmp_path / "sound", sqlite_databases)
    with planted((enrolment, "refuse_sample", lambda public: None)):
        caught = keys_accepted(region, tmp_path / "planted", sqlite_databases)

    tried = 4 * len(SEEDS)
    figures = f"tried={tried} accepted={len(found)} planted[the hub takes them]={len(caught)}"
    ok = not found and len(caught) == 2 * len(SEEDS)
    promise(22, "embedded", "sample keys accepted", ok, " ".join([figures, *found]), SEED)
