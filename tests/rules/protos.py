"""What `make protos` and `make lint` do with the protos: generate, style, compatibility, freshness."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import google.api
import grpc_tools

ROOT = Path(__file__).parents[2]
PROTOS = ROOT / "protos"
# Every message and rpc that was ever generated from: later protos must stay readable by whoever has these.
BASELINE = PROTOS / "baseline.binpb"
GOOGLE = Path(next(iter(google.api.__path__))).parents[1]
WELL_KNOWN = Path(next(iter(grpc_tools.__path__))) / "_proto"


def sources(protos: Path) -> list[str]:
    return sorted(str(path.relative_to(protos)) for path in (protos / "fosse").rglob("*.proto"))


def generate(protos: Path, out: Path) -> None:
    """Code for every proto under `protos/fosse`, into `out` at the same paths."""
    plugins = ("python_out=", "grpc_python_out=", "mypy_out=quiet:", "mypy_grpc_out=quiet:")
    arguments = [f"--{plugin}{out}" for plugin in plugins]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{protos}", f"-I{GOOGLE}", f"-I{WELL_KNOWN}"]
    found = f"{Path(sys.executable).parent}:/usr/bin:/bin"  # where protoc looks for mypy's plugins
    subprocess.run([*command, *arguments, *sources(protos)], check=True, env={"PATH": found})


def stale(protos: Path) -> list[str]:
    """Generated files that are not what the protos would give today, are missing, or have no proto."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(protos, fresh)
        made = {str(path.relative_to(fresh)) for path in fresh.rglob("*.py*") if path.is_file()}
        there = {str(path.relative_to(protos)) for path in (protos / "fosse").rglob("*_pb2*.py*")}
        there = {name for name in there if "__pycache__" not in name}
        same = {name for name in made & there if (fresh / name).read_bytes() == (protos / name).read_bytes()}
    return sorted((made | there) - same)


def buf(protos: Path, *arguments: str) -> str:
    """What buf objects to in a workspace of these protos and Google's annotations; empty: nothing."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        shutil.copytree(protos, workspace, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "*.pyi", "__py*"))
        for name in ("api/annotations.proto", "api/http.proto"):
            copy = workspace / "google" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(GOOGLE / "google" / name, copy)
        command = [str(Path(sys.executable).parent / "buf"), *arguments]
        done = subprocess.run(command, cwd=workspace, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def breaking(protos: Path, baseline: Path) -> str:
    return buf(protos, "breaking", "--against", str(baseline))


def extend(protos: Path, baseline: Path) -> None:
    buf(protos, "build", "--exclude-source-info", "-o", str(baseline))


def problems(protos: Path, baseline: Path) -> list[str]:
    found = [buf(protos, "lint")]
    if not baseline.exists():
        found.append(f"{baseline.name} is missing: make protos\n")
    else:
        found.append(breaking(protos, baseline))
    found += [f"{name} is not what its proto gives: make protos\n" for name in stale(protos)]
    return [problem for problem in found if problem]


def main(verb: str) -> int:
    if verb == "check":
        found = problems(PROTOS, BASELINE)
        print("".join(found) or "Protos: style, compatibility and generated code are fine.")
        return 1 if found else 0
    if BASELINE.exists() and (found_breaking := breaking(PROTOS, BASELINE)):
        print(f"{found_breaking}These changes would break whoever has the protos as they were; add, do not alter.")
        return 1
    generate(PROTOS, PROTOS)
    extend(PROTOS, BASELINE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
