"""The large real corpus, served in the shapes of its sources by servers that fail in every way, arrives completely.

One request in fifty is hit. A paper that came unreadable is asked for again as `pull --retry-errors` does. A list of
Daily Papers tells no total, so a shorter one cannot be told from a whole one: that is made good by reading it again for
three weeks, which the slice shows; of the whole corpus, most of it older, those two faults are spared Daily Papers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.accents import without_accents
from core.clock import iso
from core.text import clean
from db.engine import Sessions, reading
from db.models import IngestError, Item, Window
from tests.faults.conftest import Store, Told
from tests.faults.dump import CLOCK, fingerprint
from tests.faults.warm import Job, Warm
from tests.upstream import Upstream, storms
from tests.upstream.corpus import Corpus, Part
from tests.upstream.model import Paper
from tests.upstream.storms import Storm

SHARE = 0.02
MOST_PASSES = 12
LONGEST_NAME = 300  # characters kept; one author of the corpus is some twenty
WEEK = (date(2025, 3, 18), date(2025, 3, 24))
CATEGORIES = ["cs.CV", "cs.CL", "cs.AI", "cs.LG"]
REST = timedelta(hours=21)  # after so long everything that may still grow is due again
ARXIV = (*storms.ANYWHERE, *storms.QUIET, *storms.OF_XML)
DAILY = (*storms.ANYWHERE, *storms.OF_JSON)


@dataclass
class Harvest:
    """Pulls of one world into one store, hour after hour, and what each came to."""

    warm: Warm
    store: Store
    up: Upstream
    world: Corpus
    categories: list[str]
    now: datetime
    oai: bool = False
    passes: list[dict[str, Any]] = field(default_factory=list)

    def once(self, after: timedelta) -> dict[str, Any]:
        """Pull all days once, so long after the last time."""
        self.now += after
        runs = [[first.isoformat(), last.isoformat()] for first, last in self.world.runs]
        asked: dict[str, Any] = {"database": self.store.url, "url": self.up.url, "runs": runs, "oai": self.oai}
        asked |= {"now": self.now.isoformat(), "categories": self.categories, "retry_errors": bool(self.passes)}
        ended = self.warm.run(Job("tests.faults.corpus_pull:run", asked))
        assert ended.error is None, ended.error
        self.passes.append(ended.result)
        return self.passes[-1]

    def until_nothing_is_due(self) -> None:
        """Pull until every window is closed and no entry is unreadable."""
        for _ in range(MOST_PASSES):
            self.once(timedelta(hours=1))
            if not self.open_windows() and not self.unreadable():
                return
        pytest.fail(f"still open after {MOST_PASSES} pulls: {self.open_windows()}; {self.passes[-1]['failures'][:5]}")

    def open_windows(self) -> list[str]:
        """Name the windows that are not closed."""
        with reading(self.store.sessions) as session:
            return [f"{w.channel} {w.from_day}" for w in session.scalars(select(Window)) if w.state != "closed"]

    def unreadable(self) -> int:
        """Count the entries kept because nobody could read them."""
        with reading(self.store.sessions) as session:
            return len(session.scalars(select(IngestError.id)).all())


def of_source(world: Corpus) -> dict[str, str]:
    """Hash what the source says of each paper."""
    return {paper.arxiv_id: _hash(said(paper)) for paper in world.everything()}


def of_store(sessions: Sessions) -> dict[str, str]:
    """Hash the same of each paper that is stored."""
    with reading(sessions) as session:
        query = select(Item.id, Item.title, Item.authors, Item.categories, Item.submitted, Item.abstract)
        return {row.id: _hash(kept(row)) for row in session.execute(query.execution_options(yield_per=500))}


def said(paper: Paper) -> list[Any]:
    """What the source says of a paper: title, authors, categories, date, abstract, in clean text."""
    names = [legible(author.name)[:LONGEST_NAME].rstrip() for author in paper.authors]
    title, abstract = (without_accents(legible(text)) for text in (paper.title, paper.abstract))
    return [title, names, paper.categories, iso(paper.submitted), abstract]


def legible(text: str) -> str:
    """Clean a text; two dozen of the corpus are UTF-8 that was taken for Latin-1 once."""
    try:
        return clean(text.encode("latin-1").decode("utf-8"))
    except UnicodeError:
        return clean(text)


def kept(row: Any) -> list[Any]:
    """The same of a stored paper."""
    names = [author["name"] for author in row.authors]
    return [row.title, names, row.categories, iso(row.submitted) if row.submitted else None, row.abstract or ""]


def _hash(values: list[Any]) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def compare(world: Corpus, sessions: Sessions) -> int:
    """Hold ids and contents against the source's; gives how many papers there are."""
    source, stored = of_source(world), of_store(sessions)
    elsewhere = world.daily_ids() - source.keys()  # a slice's lists name papers of other days
    assert sorted(source.keys() - stored.keys()) == [], "missing"
    assert sorted(stored.keys() - source.keys() - elsewhere) == [], "invented"
    assert elsewhere <= stored.keys()
    differ = {key for key in source if source[key] != stored[key]}
    with reading(sessions) as session:
        for paper in world.everything():
            if paper.arxiv_id in differ:
                assert kept(session.get_one(Item, paper.arxiv_id)) == said(paper), f"one of {len(differ)} that differ"
    return len(source)


@pytest.fixture
def week(tmp_path: Path) -> Iterator[Corpus]:
    """A week of the corpus in four categories, some 1,500 papers."""
    world = Corpus(tmp_path, Part(*WEEK, frozenset(CATEGORIES), before="2504"))
    yield world
    world.close()


def test_a_week_of_the_corpus_arrives_completely(warm: Warm, store: Store, week: Corpus, told: Told) -> None:
    now = datetime(2025, 3, 25, 1, 0, tzinfo=UTC)
    with Upstream(world=week) as up:
        up.script.weather = Storm(0.2, 11, {"/api/query": ARXIV, "/oai": ARXIV, "/api/daily": (*DAILY, *storms.QUIET)})
        harvest = Harvest(warm, store, up, week, CATEGORIES, now, oai=True)
        harvest.until_nothing_is_due()
        hits = up.script.weather.hits
        up.clear_faults()
        harvest.once(REST)  # what a shortened list of Daily Papers withheld
        papers = compare(week, store.sessions)
        assert 1_000 < papers < 3_000
        assert sum(hits.values()) > 10
        before = fingerprint(store.sessions, CLOCK)
        again = harvest.once(REST)
        assert again["failures"] == []
        assert fingerprint(store.sessions, CLOCK) == before
        told("a week of the corpus", f"{papers:,} papers, {len(up.log)} requests, {dict(hits)}")


@pytest.mark.faults
def test_the_whole_corpus_arrives_completely(
    warm: Warm, sqlite_store: Store, tmp_path_factory: pytest.TempPathFactory, told: Told
) -> None:
    world = Corpus(tmp_path_factory.mktemp("corpus"))
    now = datetime.combine(world.today, time(23), UTC)
    with Upstream(world=world) as up:
        storm = Storm(SHARE, 4, {"/api/query": ARXIV, "/api/daily": DAILY})
        up.script.weather = storm
        harvest = Harvest(warm, sqlite_store, up, world, world.categories, now)
        harvest.until_nothing_is_due()
        up.clear_faults()
        papers, requests = compare(world, sqlite_store.sessions), len(up.log)
        before = fingerprint(sqlite_store.sessions, CLOCK)
        first = harvest.passes[0]
        again = harvest.once(REST)
        assert again["failures"] == []
        assert fingerprint(sqlite_store.sessions, CLOCK) == before
        told("the whole corpus", f"{papers:,} papers, {requests:,} requests, {sum(storm.hits.values())} of them hit")
        told("hit", ", ".join(f"{kind} {number}" for kind, number in sorted(storm.hits.items())))
        told("passes", ", ".join(f"{one['cpu']:.1f} s CPU, {one['peak']:.0f} MB" for one in harvest.passes))
        told("the same again", f"{again['cpu']:.1f} s CPU, {again['cpu'] / first['cpu']:.3f} of the first pass")
        assert papers > 110_000
        assert sum(storm.hits.values()) > 0.01 * requests
        assert again["cpu"] <= first["cpu"] / 10
    world.close()
