"""What a person typed and ticked, as a query; whatever was typed, it is words and nothing else."""

from dataclasses import dataclass

from tantivy import FieldType, Filter, Occur, Query, Schema, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

MOST_WORDS = 12
LONGEST_QUERY = 300
LONGEST_WORD = 40
STEMMED, WHOLE = "fosse_stemmed", "fosse_whole"
FIELDS = {"title": 4.0, "about": 2.0, "text": 1.0, "who": 1.0}
EVERYBODY, MEMBERS = "public", "members"
HERE = "here"
# Words that say nothing about a resource, in queries of several words.
_EMPTY = frozenset(
    {
        "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "has", "have",
        "how", "i", "in", "is", "it", "me", "my", "of", "on", "or", "our", "that", "the", "their", "them",
        "there", "they", "this", "to", "us", "was", "we", "what", "when", "where", "which", "who", "with",
        "you", "your",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One look at the shelf. Empty filters let everything through."""

    words: str = ""
    type: str = ""
    topic: str = ""
    origin: str = ""
    licence: str = ""
    evidence_level: int = 0
    communities: frozenset[str] = frozenset()
    member: bool = False


def analyzers() -> dict[str, TextAnalyzer]:
    def plain() -> TextAnalyzerBuilder:
        simple = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(LONGEST_WORD))
        return simple.filter(Filter.lowercase()).filter(Filter.ascii_fold())

    return {WHOLE: plain().build(), STEMMED: plain().filter(Filter.stemmer("english")).build()}


class Queries:
    """Makes queries for one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._analyzers = analyzers()

    def words(self, typed: str) -> list[str]:
        """The words that are looked for, lower-case, at most twelve."""
        found = list(dict.fromkeys(self._analyzers[WHOLE].analyze(typed[:LONGEST_QUERY])))
        telling = [word for word in found if word not in _EMPTY]
        return (telling or found)[:MOST_WORDS]

    def best(self, asked: Asked, words: list[str], *, every: bool) -> Query:
        """Resources with every word, or with any; the last word may be only begun."""
        occur = Occur.Must if every else Occur.Should
        each = [(occur, self._word(word, word is words[-1])) for word in words]
        return Query.boolean_query([(Occur.Must, Query.boolean_query(each)), *self._filters(asked)])

    def all(self, asked: Asked) -> Query:
        return Query.boolean_query(self._filters(asked))

    def _word(self, word: str, last: bool) -> Query:
        ways = [
            (Occur.Should, Query.boost_query(Query.term_query(self._schema, field, stem), weight))
            for stem in self._analyzers[STEMMED].analyze(word)
            for field, weight in FIELDS.items()
        ]
        if last and len(word) > 1:
            # Without any distance this is the cheapest way to ask for a beginning; a pattern costs 0.4 ms.
            begun = Query.fuzzy_term_query(self._schema, "words", word, distance=0, prefix=True)
            ways.append((Occur.Should, Query.const_score_query(begun, 0.5)))
        return Query.boolean_query(ways)

    def _filters(self, asked: Asked) -> list[tuple[Occur, Query]]:
        seen = [EVERYBODY, *([MEMBERS, *sorted(asked.communities)] if asked.member else [])]
        # One of several terms: asking for a set of terms costs 0.1 ms more.
        must = [Query.boolean_query([(Occur.Should, self._term("seen_by", each)) for each in seen])]
        for field in ("type", "topic", "origin", "licence"):
            if value := getattr(asked, field):
                must.append(self._term(field, value))
        if asked.evidence_level > 0:
            must.append(Query.range_query(self._schema, "evidence", FieldType.Integer, asked.evidence_level, None))
        return [(Occur.Must, Query.const_score_query(each, 0.0)) for each in must]

    def _term(self, field: str, value: str) -> Query:
        return Query.term_query(self._schema, field, value)
