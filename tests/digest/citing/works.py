"""Invented items to cite, in the shapes that real ones have; nothing is stored."""

from datetime import UTC, datetime
from typing import Any

from db.models import Code, Item

SEEN = datetime(2026, 7, 1, 6, 0, tzinfo=UTC)


def item(item_id: str = "2606.00001", **given: Any) -> Item:
    """Make an item that lives in memory alone, everything loaded."""
    paper = ":" not in item_id
    columns: dict[str, Any] = {
        "id": item_id,
        "kind": "paper" if paper else "post",
        "arxiv_id": item_id if paper else None,
        "title": "A clockwork heron",
        "folded_title": "",
        "abstract": "We build a heron out of clockwork.",
        "authors": people("Ada Moorhen", "Ivo van der Plover"),
        "categories": ["cs.LG", "cs.CL"] if paper else [],
        "submitted": datetime(2026, 6, 2, 17, 30, tzinfo=UTC) if paper else None,
        "first_seen": SEEN,
        "updated": SEEN,
        "month": "2026-06",
        "version": 2 if paper else None,
        "withdrawn": False,
        "url": f"https://arxiv.org/abs/{item_id}" if paper else "https://qwen.example/herons",
        "pdf_url": f"https://arxiv.org/pdf/{item_id}" if paper else None,
        "code": [],
        "topics": [],
        "labs": [],
        "rating": None,
    }
    return Item(**(columns | given))


def people(*names: str) -> list[dict[str, str | None]]:
    """Write authors as they are stored."""
    return [{"name": name, "affiliation": None} for name in names]


def repository(url: str) -> Code:
    """Make a repository of an item."""
    return Code(url=url, official=True, stars=7, source="pwc", first_seen=SEEN, checked_at=SEEN)


def samples() -> list[Item]:
    """Give works of every shape: a paper, an old id, a team, a post, a withdrawn one, titles full of signs."""
    return [
        item(code=[repository("https://github.com/heron/clock")]),
        item(
            "math/0309136",
            title="On $O(n^2)$ herons & 100% of their {springs}: BERT_base, #1 for $5 \\'a la carte",
            authors=people("Lim S. T.", "Martin Grebe, Jr.", "Zo\\\"{e} d'Avocet"),
            submitted=None,
            month="2003-09",
            categories=["math.DG"],
            doi="10.1000/reed_{1}",
            journal_ref="Reed J. 12 (2004) 1-9",
        ),
        item("2606.00003", authors=people("The Heron Collaboration", "OpenAI", "Ivo Plover"), withdrawn=True),
        item("qwen:clockwork-herons", authors=[], title="Release Notes for a Small Heron", abstract=None),
        item("2606.00005", authors=[], abstract=None, submitted=datetime(2026, 12, 31, 23, 59, tzinfo=UTC)),
    ]
