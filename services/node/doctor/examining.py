"""Looks a node over from outside it: its folder or certificate first, which say why nobody would answer."""

import stat
from collections.abc import Iterator
from pathlib import Path

from services.common import version
from services.common.clock import utc_now
from services.common.errors import Conflict, Refusal
from services.common.topics import SERVICES
from services.common.wires import AUTHORITY, IDENTITY, expires_at
from services.node import settings
from services.node.calling import running
from services.node.doctor.asking import Report, look_over
from services.node.doctor.judging import LOW_BYTES, Problem, problems
from services.node.folder import Folder


def examined(data: Path) -> tuple[Report, list[Problem]]:
    """How the node is, and what of it needs a person; a node that does not run is such a thing too."""
    tls_dir = settings.load({"data": data}).tls_dir
    names = (*SERVICES, "gateway") if tls_dir else SERVICES
    found = [] if tls_dir else [Problem("folder", sentence) for sentence in _folder(Folder(data))]
    try:
        if tls_dir:
            _own_certificate(tls_dir)
        with running(data) as node:
            report = look_over(node, names, utc_now, deployed=tls_dir is not None)
    except Refusal as refused:
        return Report(utc_now(), tls_dir is not None), [*found, Problem("node", refused.sentence)]
    return report, found + problems(report, version.running())


def _own_certificate(tls_dir: Path) -> None:
    """Raises `Conflict` where ours is missing or ran out: then nobody would answer, for no fault of theirs."""
    missing = [name for name in (AUTHORITY, IDENTITY) if not (tls_dir / name).exists()]
    if missing or expires_at(tls_dir / IDENTITY) <= utc_now():
        what = f"lacks {' and '.join(missing)}" if missing else "has a certificate that ran out"
        raise Conflict(f"The folder {tls_dir} {what}. `docker compose up -d --wait` makes what is missing or old.")


def _folder(folder: Folder) -> Iterator[str]:
    if not folder.path.is_dir():
        yield f"There is no folder {folder.path}. Name the node's folder with --data."
        return
    if folder.free_bytes() < LOW_BYTES:
        yield f"Less than 500 MB are free under {folder.path}. Make room soon: a full disk refuses every change."
    for private in ("keys", "run", "provider"):
        path = folder.path / private
        for each in [path, *path.rglob("*")] if path.is_dir() else []:
            if stat.S_IMODE(each.stat().st_mode) & 0o077 and not _in_private(each, path):
                yield f"Others on this machine can reach {each}. Close it with `chmod go= {each}`."


def _in_private(path: Path, top: Path) -> bool:
    return path != top and not stat.S_IMODE(top.stat().st_mode) & 0o077
