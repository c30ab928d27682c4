"""Invented items, ready to be saved, for tests that need a filled database."""

from datetime import UTC, datetime
from typing import Any

from core.text import fold
from db.storing import Stored

THEN = datetime(2026, 7, 1, 6, 0, tzinfo=UTC)


def stored(item_id: str, **given: Any) -> Stored:
    """Make the columns of an item with a made-up title; anything can be given otherwise."""
    arxiv = ":" not in item_id
    title = given.pop("title", f"On the taming of clockwork herons, part {item_id}")
    values: Stored = {
        "id": item_id,
        "kind": "paper" if arxiv else "post",
        "arxiv_id": item_id if arxiv else None,
        "title": title,
        "folded_title": fold(title),
        "abstract": None,
        "authors": [{"name": "Ada Moorhen", "affiliation": None}],
        "categories": ["cs.LG"],
        "submitted": None,
        "submitted_from": "id" if arxiv else None,
        "feed_date": None,
        "announced": None,
        "first_seen": THEN,
        "updated": THEN,
        "month": f"20{item_id[:2]}-{item_id[2:4]}" if arxiv else "2026-06",
        "version": None,
        "withdrawn": False,
        "url": f"https://arxiv.org/abs/{item_id}",
        "pdf_url": None,
        "doi": None,
        "journal_ref": None,
        "comment": None,
        "votes": None,
        "votes_at": None,
        "discussion": None,
        "daily_date": None,
        "organization": None,
        "organizations": [],
        "project_url": None,
        "keywords": [],
        "tasks": [],
        "sources": ["arxiv"],
        "provenance": {},
        "code": [],
        "evidence": [],
        "versions": [],
        "history": [],
        "aliases": [],
    }
    assert given.keys() <= values.keys()
    return values | given


def code(item_id: str, url: str = "https://github.com/heron/clockwork") -> dict[str, Any]:
    """Make a code row."""
    times = {"first_seen": THEN, "checked_at": THEN}
    return {"item_id": item_id, "url": url, "official": True, "stars": 3, "source": "pwc", **times}
