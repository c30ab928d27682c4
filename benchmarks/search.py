"""Is a paper found by what one remembers of its title, and how fast? Our arms beside LIKE and plain full text.

Known-item search: a query is some words of one paper's title, and only that paper is right (reciprocal rank, 0 beyond
the 20th place). Speed: two words of one title over all papers of the corpus, warm, each way in turn.
"""

import json
import lzma
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from benchmarks import corpus
from benchmarks.corpus import Paper
from benchmarks.embedded import vectors
from benchmarks.vectors import many_vectors
from core.clock import system_clock
from core.querywords import terms_of
from db import search as words
from db.engine import Sessions, make_engine, make_sessions, reading
from db.migrate import upgrade
from db.models import Item
from db.papers import PaperFilter
from ingest.service import import_snapshot
from ranking import matrix
from ranking.embedder import SentenceTransformerEmbedder
from ranking.matrix import Matrix, Rows
from ranking.search import understand
from ranking.service.searching import Meaning, search, similar
from tests.snapshot import snapshot_line

MONTHS = ("2506", "2606")
QUERIES = 500
PLACES = 20
ALL = 112_000
ASKED = 200  # two-word queries timed
SCANS = 15  # of them by LIKE
KEPT = {"half of the title's words": 0.5, "three of its words": 0.0}
LEAST = 3  # words of a query

Ask = Callable[[str], Sequence[str]]


def rows(limit: int | None = None) -> Iterator[tuple[str, str]]:
    """Measure and give (what, figures) line by line; `limit` takes a small part, to prove that it runs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        papers = _dumps(folder, limit or ALL)
        yield from _known_items(folder, papers)
        yield from _speed(folder)


def remembered(titles: dict[str, str], share: float, count: int) -> list[tuple[str, str]]:
    """Draw papers and some words of their titles: (id, query), the same every time; at least three words each."""
    rng = random.Random(11)  # noqa: S311 - nothing secret
    able = [item_id for item_id, title in sorted(titles.items()) if len(terms_of(title)) > LEAST]
    drawn = rng.sample(able, min(count, len(able)))
    return [(item_id, _some_words(rng, titles[item_id], share)) for item_id in drawn]


def reciprocal_rank(found: Sequence[str], wanted: str) -> float:
    """Give one over the place of what was wanted, 0 where it is not among the first places."""
    places = list(found)[:PLACES]
    return 1 / (places.index(wanted) + 1) if wanted in places else 0.0


def _some_words(rng: random.Random, title: str, share: float) -> str:
    terms = terms_of(title)
    kept = sorted(rng.sample(range(len(terms)), max(LEAST, round(len(terms) * share))))
    return " ".join(terms[place] for place in kept)


def _known_items(folder: Path, papers: dict[str, Paper]) -> Iterator[tuple[str, str]]:
    embedder = SentenceTransformerEmbedder()
    known = vectors(papers, embedder)
    ordered = sorted(known)
    held = matrix.write(folder / "some", embedder.identity, "", ordered, np.array([known[one] for one in ordered]))
    sessions = _store(folder / "some.json")
    yield "", f"MRR@{PLACES} over {len(papers):,} papers: LIKE, plain FTS5, words, meaning, both"
    for name, share in KEPT.items():
        asked = remembered({item_id: paper.title for item_id, paper in papers.items()}, share, QUERIES)
        rows_of = dict(zip([query for _, query in asked], embedder.embed([query for _, query in asked]), strict=True))
        with reading(sessions) as session:
            arms = _arms(session, held, rows_of)
            figures = [np.mean([reciprocal_rank(ask(query), item_id) for item_id, query in asked]) for ask in arms]
        yield f"{name}, {len(asked)} titles", "  ".join(f"{figure:.3f}" for figure in figures)


def _arms(session: Session, held: Matrix, rows_of: dict[str, NDArray[np.float32]]) -> list[Ask]:
    wanted = PaperFilter(limit=PLACES)

    def both(query: str) -> Sequence[str]:
        return search(session, understand(query, {}), wanted, {}, Meaning(rows_of[query], held)).ids

    return [
        lambda query: scan(session, query),
        lambda query: plain(session, query),
        lambda query: search(session, understand(query, {}), wanted, {}, None).ids,
        lambda query: [item_id for item_id, _ in held.nearest(rows_of[query], PLACES)],
        both,
    ]


def scan(session: Session, query: str, order: str = "submitted") -> Sequence[str]:
    """Search as most small sites do: every word anywhere in title or abstract, newest first.

    By `submitted` an index of ours ends it at the twentieth hit; by `+submitted`, as without one, it reads the table.
    """
    terms = {f"w{n}": f"%{term}%" for n, term in enumerate(terms_of(query))}
    each = " AND ".join(f"(title LIKE :{name} OR abstract LIKE :{name})" for name in terms)
    statement = text(f"SELECT id FROM item WHERE {each} ORDER BY {order} DESC LIMIT {PLACES}")  # noqa: S608
    return list(session.scalars(statement, terms))


def plain(session: Session, query: str) -> Sequence[str]:
    """Search as FTS5 does by itself: all words, each field counting the same."""
    statement = text(
        "SELECT r.item_id FROM item_fts JOIN item_fts_row AS r ON r.number = item_fts.rowid"
        " WHERE item_fts MATCH :query ORDER BY bm25(item_fts) LIMIT :most"
    )
    quoted = " ".join(f'"{term}"' for term in terms_of(query))
    return list(session.scalars(statement, {"query": quoted, "most": PLACES}))


def _speed(folder: Path) -> Iterator[tuple[str, str]]:
    sessions = _store(folder / "all.json")
    with reading(sessions) as session:
        titles = {row.id: row.title for row in session.execute(select(Item.id, Item.title).order_by(Item.id))}
        held = matrix.write(folder / "all", "model", "", sorted(titles), many_vectors(len(titles)))
        yield from _search_speed(session, titles, held)
        yield from _similar_speed(session, held)


def _search_speed(session: Session, titles: dict[str, str], held: Matrix) -> Iterator[tuple[str, str]]:
    rng = random.Random(12)  # noqa: S311 - nothing secret
    able = [terms for title in titles.values() if len(terms := terms_of(title)) > 1]
    pairs = [" ".join(rng.sample(terms, 2)) for terms in rng.sample(able, min(ASKED, len(able)))]
    scanned = _times(lambda query: scan(session, query, "+submitted"), pairs[:SCANS])
    stopped = _times(lambda query: scan(session, query), pairs[:SCANS])
    ours = _times(lambda query: words.matching(session, query, PLACES), pairs)
    share = statistics.median(ours) / statistics.median(scanned)
    yield f"two words over {len(titles):,}: LIKE scan", _spread(scanned)
    yield "the same, ended by our index of days at twenty hits", _spread(stopped)
    yield f"two words over {len(titles):,}: full text", f"{_spread(ours)}, 1/{1 / share:.0f} of the scan"
    embedder = SentenceTransformerEmbedder()
    wanted = PaperFilter(limit=PLACES)

    def both(query: str) -> object:
        meaning = Meaning(embedder.embed([query])[0], held)
        return search(session, understand(query, {}), wanted, {}, meaning)

    both(pairs[0])
    yield "the same by words and meaning, the query embedded", _spread(_times(both, pairs[: ASKED // 4]))


def _similar_speed(session: Session, held: Matrix) -> Iterator[tuple[str, str]]:
    rng = random.Random(13)  # noqa: S311 - nothing secret
    asked = rng.sample(list(held.ids), min(50, len(held.ids)))
    rows_held: Rows = np.array(held.rows)

    def brute(item_id: str) -> object:
        cosines = rows_held @ rows_held[held.ids.index(item_id)]
        return np.argsort(-cosines)[: PLACES + 1]

    wanted = PaperFilter(limit=PLACES)
    yield "similar: numpy, all products, full sort", _spread(_times(brute, asked))
    ours = _times(lambda item_id: similar(session, item_id, wanted, {}, held, None), asked)
    yield "similar: ours, exact, twins folded, titles read", _spread(ours)


def _times(ask: Callable[[str], object], queries: Sequence[str]) -> list[float]:
    found = []
    for query in queries:
        start = time.perf_counter()
        ask(query)
        found.append(time.perf_counter() - start)
    return found


def _spread(times: Sequence[float]) -> str:
    return f"p50 {np.median(times) * 1e3:.1f} ms, p95 {np.quantile(times, 0.95) * 1e3:.1f} ms"


def _store(dump: Path) -> Sessions:
    engine = make_engine(f"sqlite:///{dump.with_suffix('.db')}")
    upgrade(engine)
    sessions = make_sessions(engine)
    import_snapshot(sessions, str(dump), system_clock)
    return sessions


def _dumps(folder: Path, count: int) -> dict[str, Paper]:
    """Write the corpus as a dump, and its two full months as another; gives the papers of those."""
    some: dict[str, Paper] = {}
    with (
        lzma.open(corpus.SHARED / "corpus" / "papers.jsonl.xz", "rt", encoding="utf-8") as lines,
        (folder / "all.json").open("wb") as every,
        (folder / "some.json").open("wb") as months,
    ):
        for line in islice(lines, count):
            row = json.loads(line)
            every.write(snapshot_line(row))
            if row["id"].startswith(MONTHS) or count < ALL:
                months.write(snapshot_line(row))
                some[row["id"]] = Paper(row["id"], row["title"], row.get("abstract") or None)
    return some
