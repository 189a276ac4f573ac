"""Small PDFs for the demo's resources, made from title and summary; the loader alone imports typst."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import typst

_TEMPLATE = Path(__file__).with_name("leaflet.typ")
# One moment for all, so that equal words give equal bytes.
_MADE = datetime(2026, 8, 31, tzinfo=UTC)


class Documents:
    """One compiled template; what was made once lies in a folder under the hash of its words."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._compiler: typst.Compiler | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def pdf(self, title: str, summary: str, organisation: str) -> bytes:
        words = {"title": title, "summary": summary, "organisation": organisation}
        name = hashlib.sha256("\0".join(words.values()).encode() + _TEMPLATE.read_bytes()).hexdigest()
        kept = self._folder / f"{name}.pdf"
        if not kept.exists():
            beside = kept.with_suffix(".new")
            beside.write_bytes(self._made(words))
            beside.rename(kept)
        return kept.read_bytes()

    def _made(self, words: dict[str, str]) -> bytes:
        if self._compiler is None:
            self._compiler = typst.Compiler(_TEMPLATE)
        made = self._compiler.compile(format="pdf", sys_inputs=words, timestamp=_MADE)
        if not isinstance(made, bytes):
            raise TypeError("typst made several files of one page")
        return made
