"""The index on disk: made from resources, asked by search, written by one follower."""

import json
import os
import shutil
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tantivy import Document, Index, IndexWriter, Schema, SchemaBuilder

from services.common.facts import Place
from services.resource.domain.audience import Audience
from services.resource.domain.resource import Resource, State
from services.resource.domain.vocabulary import Vocabulary
from services.resource.search.query import EVERYBODY, HERE, MEMBERS, STEMMED, WHOLE, Asked, Queries, analyzers

# Grows when the schema does: an index of another form is made anew.
FORM = 1
_HEAP = 20_000_000
_KEPT_STATE = "place.json"


@dataclass(frozen=True)
class Found:
    """Ids in order, best or newest first, and how many there are in all."""

    ids: list[str]
    total: int


class ShelfIndex:
    """Safe to ask from many threads; written by one."""

    def __init__(self, folder: Path, vocabulary: Vocabulary) -> None:
        self._folder = folder
        self._vocabulary = vocabulary
        self._writer: IndexWriter | None = None
        self._open()

    @property
    def place_age_s(self) -> float:
        """Seconds since the place was noted last, by the disk's clock."""
        return time.time() - (self._folder / _KEPT_STATE).stat().st_mtime

    @property
    def place(self) -> Place | None:
        """Up to which fact the index has followed; None: it has to be made."""
        try:
            kept = json.loads((self._folder / _KEPT_STATE).read_text("utf-8"))
            return Place(int(kept["tx"]), int(kept["number"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def search(self, asked: Asked, limit: int, offset: int) -> Found:
        words = self._queries.words(asked.words)
        if not words:
            # Signs that are no words are not in any resource; nothing asked at all means everything.
            return Found([], 0) if asked.words.strip() else self._found(asked, [], limit, offset)
        found = self._found(asked, words, limit, offset)
        # Nothing has every word: then what has most of them is better than nothing.
        return found if found.total or len(words) == 1 else self._found(asked, words, limit, offset, every=False)

    def write(self, put: Iterable[Resource], gone: Collection[str], place: Place) -> None:
        """Replaces these resources, drops those that are gone, and notes how far the facts were followed.

        A crash between the two repeats the batch, which changes nothing.
        """
        with self._writing() as writer:
            for resource in put:
                writer.delete_documents_by_term("id", resource.id)
                self._add(writer, resource)
            for resource_id in gone:
                writer.delete_documents_by_term("id", resource_id)
        self.note(place)

    def replace_all(self, batches: Iterable[Iterable[Resource]], place: Place) -> int:
        """Makes the index anew; until the end the old one is asked. Returns how many resources were read."""
        (self._folder / _KEPT_STATE).unlink(missing_ok=True)
        # With a writer of its own: deleting everything begins tantivy's counting anew, and what a used writer deleted
        # before would be deleted once more, after it was added again.
        self.stop()
        count = 0
        with self._writing() as writer:
            writer.delete_all_documents()
            for resource in (resource for batch in batches for resource in batch):
                self._add(writer, resource)
                count += 1
        self.note(place)
        return count

    def note(self, place: Place) -> None:
        """Facts up to this place need no change of the index, or it was made."""
        whole = self._folder / f"{_KEPT_STATE}.new"
        whole.write_text(json.dumps(place._asdict()), "utf-8")
        os.replace(whole, self._folder / _KEPT_STATE)

    def start(self) -> None:
        """Nothing to do: the index is written when there is something to write."""

    def stop(self) -> None:
        """Lets the folder go, so that another process may write it."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.wait_merging_threads()

    def _open(self) -> None:
        form = self._folder / f"form{FORM}"
        try:
            self._index = Index(_schema(), path=str(form))
        except ValueError:
            # None yet, or a damaged one, or of an older form: it is derived, and made from the database again.
            shutil.rmtree(self._folder, ignore_errors=True)
            form.mkdir(mode=0o700, parents=True)
            self._index = Index(_schema(), path=str(form))
        for name, analyzer in analyzers().items():
            self._index.register_tokenizer(name, analyzer)
        self._index.config_reader("manual")
        self._index.reload()
        self._queries = Queries(self._index.schema)

    def _found(self, asked: Asked, words: list[str], limit: int, offset: int, *, every: bool = True) -> Found:
        searcher = self._index.searcher()
        if words:
            query = self._queries.best(asked, words, every=every)
            result = searcher.search(query, limit, offset=offset)
        else:
            query = self._queries.all(asked)
            result = searcher.search(query, limit, offset=offset, order_by_field="shown_at")
        ids = [str(searcher.doc(address)["id"][0]) for _, address in result.hits]
        return Found(ids, result.count)  # type: ignore[attr-defined]  # the library's stub lacks it

    @contextmanager
    def _writing(self) -> Iterator[IndexWriter]:
        """Committed and readable at the end of the block; after a fault, such as a full disk, nothing of it stays."""
        if self._writer is None:
            self._writer = self._index.writer(heap_size=_HEAP, num_threads=1)
        writer, self._writer = self._writer, None
        yield writer
        writer.commit()
        self._index.reload()
        self._writer = writer

    def _add(self, writer: IndexWriter, resource: Resource) -> None:
        if resource.state is State.PUBLISHED and resource.published:
            writer.add_document(self._document(resource))

    def _document(self, of: Resource) -> Document:
        words, vocabulary = of.words, self._vocabulary
        newest = of.published[-1]
        topics = [vocabulary.topics.get(code, code) for code in words.topics]
        readers = [vocabulary.readers.get(code, code) for code in words.readers]
        about = [vocabulary.types.get(words.type, words.type), *topics, *readers]
        text = [words.summary, *(part.title for part in newest.parts)]
        who = [of.authors, of.organisation, of.community]
        assert newest.published_at is not None
        return Document(
            id=of.id,
            title=words.title,
            about=about,
            text=text,
            who=who,
            words=[words.title, *about, *who, words.summary],
            type=words.type,
            topic=list(words.topics),
            origin=of.origin_node_id or HERE,
            licence=sorted({part.licence for part in newest.parts}),
            seen_by=_seen_by(of),
            evidence=words.evidence_level,
            shown_at=int(newest.published_at.timestamp() * 1000),
        )


def _seen_by(of: Resource) -> str:
    if of.audience is Audience.PUBLIC:
        return EVERYBODY
    return of.community_id if of.own and of.audience is Audience.COMMUNITY else MEMBERS


def _schema() -> Schema:
    building = SchemaBuilder()
    building.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for field in ("title", "about", "text", "who"):
        building.add_text_field(field, tokenizer_name=STEMMED, index_option="freq")
    building.add_text_field("words", tokenizer_name=WHOLE, index_option="basic")
    for field in ("type", "topic", "origin", "licence", "seen_by"):
        building.add_text_field(field, tokenizer_name="raw", index_option="basic")
    building.add_integer_field("evidence", indexed=True, fast=True)
    building.add_integer_field("shown_at", fast=True)
    return building.build()
