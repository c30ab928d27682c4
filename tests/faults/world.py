"""A tiny world behind the stand-in: some thirty papers of four days, with everything in it that makes a pull difficult.

A paper that three sources know, posts of two laboratories, one of which is a paper, and two entries nobody can read.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from tests.upstream import Upstream
from tests.upstream.catalogue import Catalogue, catalogue
from tests.upstream.labs import LABS

START, END = date(2026, 10, 28), date(2026, 10, 30)
NOW = datetime(2026, 10, 30, 22, 0, tzinfo=UTC)
CATEGORIES = ("cs.CL", "cs.LG")
WITH_FEED = ("anthropic", "meta-fair")
UNREADABLE = (("/api/query", "20261029"), ("/api/daily_papers", "2026-10-30"))


def tiny() -> Catalogue:
    """Keep of October what two categories have of its last days, and the posts of the month up to its last evening."""
    whole = catalogue(("2026-10",))
    papers = [p for p in whole.papers.values() if p.submitted.date() >= date(2026, 10, 27) and _followed(p.categories)]
    kept = {paper.arxiv_id for paper in papers}
    posts = [replace(post, published=min(post.published, NOW - timedelta(hours=3))) for post in whole.posts]
    world = Catalogue(papers, [post for post in posts if post.arxiv_id is None or post.arxiv_id in kept], END)
    world.oai_page = 3  # lists of several pages, so that a reading is resumed by its token
    for paper in papers:
        if paper.daily and paper.submitted.date() >= START:
            paper.daily.day = min(paper.daily.day, END)
    return world


def upstream() -> Upstream:
    """Serve the tiny world, with the last entry of two lists unreadable for ever."""
    up = Upstream(world=tiny())
    for prefix, day in UNREADABLE:
        up.fault(prefix, "malformed-last", containing=day)
    return up


def environment(up: Upstream, database: str, folder: str) -> dict[str, str]:
    """The settings of a pull of this world into a database."""
    feeds = {lab.key: f"{up.url}/feeds/{lab.key}.xml" if lab.key in WITH_FEED else "" for lab in LABS}
    return {
        **up.environment(),
        "SHIRUBE_LAB_FEEDS": json.dumps(feeds),
        "SHIRUBE_ARXIV_DELAY_SECONDS": "0.001",  # more than none, so that turns are booked in the database
        "SHIRUBE_CATEGORIES": " ".join(CATEGORIES),
        "SHIRUBE_DATABASE_URL": database,
        "SHIRUBE_DATA_DIR": folder,
    }


def _followed(categories: list[str]) -> bool:
    return any(name in CATEGORIES for name in categories)
