"""Turns lines of the large real corpus, where it is at hand, into the shape of arXiv's public metadata dump."""

import json
import lzma
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "papers.jsonl.xz"


def snapshot_lines(limit: int | None = None) -> Iterator[bytes]:
    """Give up to `limit` lines of the corpus as lines of the dump; skips the test where there is no corpus."""
    if not CORPUS.exists():
        pytest.skip(f"the real corpus is not at {CORPUS}")
    with lzma.open(CORPUS, "rt", encoding="utf-8") as lines:
        for line in islice(lines, limit):
            yield snapshot_line(json.loads(line))


def snapshot_line(paper: dict[str, Any]) -> bytes:
    """Write one paper as a line of the dump; a paper without a date counts as of its id's first day."""
    day = paper.get("published") or f"20{paper['id'][:2]}-{paper['id'][2:4]}-01"
    created = datetime.fromisoformat(day).replace(tzinfo=UTC)
    names = paper.get("authors") or []
    parsed = [[name.rpartition(" ")[2], name.rpartition(" ")[0], ""] for name in names]
    line = {
        "id": paper["id"],
        "submitter": names[0] if names else None,
        "authors": ", ".join(names),
        "title": paper["title"],
        "comments": None,
        "journal-ref": None,
        "doi": None,
        "report-no": None,
        "categories": " ".join(paper.get("categories") or ()),
        "license": None,
        "abstract": f"  {paper.get('abstract') or ''}\n",
        "versions": [{"version": "v1", "created": format_datetime(created, usegmt=True)}],
        "update_date": day,
        "authors_parsed": parsed,
    }
    return json.dumps(line).encode() + b"\n"
