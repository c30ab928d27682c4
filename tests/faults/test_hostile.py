"""Row 13 of reliability.md, from the wire to the page: what strangers put into every field is stored as harmless text.

That each kind of output is inert is shown where it is made (docs/reliability.md lists the tests); here the words come
in through each source, in the characters its format can carry, on both databases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any, NamedTuple

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from db.engine import Sessions, reading
from db.models import IngestError, Item
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS
from tests.api.test_pages import HOSTILE, assert_inert
from tests.faults import world
from tests.faults.test_failing_sources import ROUTES, harvest
from tests.upstream import Upstream

WORDS = [
    *HOSTILE,
    "Reading \u202etxt.exe\u202c Orders \u2066twice\u2069",
    '=HYPERLINK("javascript:alert(1)") & \'DROP TABLE item;--',
    "A & B 100% sure, $5 and $10, {unbalanced $ \\def\\x{\\x\\x}\\x",
]
OF_JSON = ["NUL \x00 bell \x07 escape \x1b[31m red", "half a pair \ud800 here", "del \x7f c1 \x85 bom \uffff"]
HUGE = "long " * 200_000
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
FIRST = 90_001


class Door(NamedTuple):
    """A way in: the route, the words its format can carry, and the answer that carries them."""

    words: list[str]
    body: Callable[[list[str]], str]


def ids(words: list[str]) -> list[str]:
    """An id for each."""
    return [f"2610.{FIRST + place}" for place in range(len(words))]


def daily(words: list[str]) -> str:
    """A day of Daily Papers."""
    return json.dumps([_daily(arxiv_id, text) for arxiv_id, text in zip(ids(words), words, strict=True)])


def _daily(arxiv_id: str, text: str) -> dict[str, Any]:
    paper = {"id": arxiv_id, "title": text, "summary": text + HUGE, "publishedAt": text, "upvotes": text}
    names = {"authors": [{"name": text}, {"name": {}}], "organization": {"name": text}, "ai_keywords": [text, 7]}
    links = {"projectPage": "javascript:alert(1)", "githubRepo": f"javascript:{text}", "githubStars": -1}
    return {"paper": {**paper, **names, **links}, "title": text, "numComments": 10**12}


def catalogue(words: list[str]) -> str:
    """A page of Papers with Code; the filters it confirms are put in by the test."""
    results = [
        {
            "arxiv_id": arxiv_id,
            "title": text,
            "abstract": text + HUGE,
            "authors": [text],
            "tasks": [{"name": text}],
            "organizations": [{"name": text}],
            "repositories": [{"url": f"javascript:{text}", "is_official": text, "num_stars": text}],
        }
        for arxiv_id, text in zip(ids(words), words, strict=True)
    ]
    filters = {"start_date": "2026-10-29", "end_date": "2026-10-31"}
    return json.dumps({"results": results, "count": len(results), "next_page": None, "applied_filters": filters})


def atom(words: list[str]) -> str:
    """A page of arXiv's API."""
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/{arxiv_id}v1</id><title>{escape(text)}</title>"
        f"<summary>{escape(text)}{HUGE}</summary><updated>2026-10-30T10:00:00Z</updated>"
        f"<published>2026-10-30T10:00:00Z</published><category term={escape(text)!r}/>"
        f"<arxiv:comment>{escape(text)}</arxiv:comment><arxiv:journal_ref>{escape(text)}</arxiv:journal_ref>"
        f"<author><name>{escape(text)}</name><arxiv:affiliation>{escape(text)}</arxiv:affiliation></author></entry>"
        for arxiv_id, text in zip(ids(words), words, strict=True)
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
        f"<opensearch:totalResults>{len(words)}</opensearch:totalResults>{entries}</feed>"
    )


def feed(words: list[str]) -> str:
    """A laboratory's feed."""
    items = "".join(
        f"<item><title>{escape(text)}</title><description>{escape(text)}{HUGE[:50_000]}</description>"
        f"<link>https://www.anthropic.com/news/post-{place}</link><category>{escape(text)}</category>"
        "<pubDate>Fri, 30 Oct 2026 10:00:00 GMT</pubDate></item>"
        for place, text in enumerate(words)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Lab</title>{items}</channel></rss>'


DOORS = {
    "api": Door(WORDS, atom),
    "hf": Door([*WORDS, *OF_JSON], daily),
    "pwc": Door([*WORDS, *OF_JSON], catalogue),
    "labs": Door(WORDS, feed),
}


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(world=world.tiny()) as running:
        yield running


@pytest.mark.parametrize("name", DOORS)
def test_hostile_words_come_in_as_harmless_text(sessions: Sessions, roadmap: Roadmap, up: Upstream, name: str) -> None:
    words, body = DOORS[name]
    up.clear_faults()
    up.fault(ROUTES[name].prefix, status=200, body=body(words))
    harvest(sessions, up, (name,))
    with reading(sessions) as session:
        items = session.scalars(select(Item).order_by(Item.id)).all()
        broken = session.scalars(select(IngestError)).all()
        times = len(world.WITH_FEED) if name == "labs" else 1
        assert len(items) + len(broken) == times * len(words)
        assert len(broken) == 0 or name == "labs"  # a title that is all markup is none
        assert len(items) > len(broken)
        for item in items:
            text = [value for value in flattened(vars(item)) if UNSAFE.search(value)]
            assert text == []
            assert len(item.title) <= 2_000
            assert len(item.abstract or "") <= 50_000
            assert not [value for value in (item.url, item.pdf_url, item.project_url) if value and value[:4] != "http"]
    with TestClient(create_app(sessions, roadmap, lambda: world.NOW, OPTIONS)) as client:
        for item in items:
            page = client.get(f"/papers/{item.id}")
            assert page.status_code == 200
            assert_inert(page.text)
            assert client.get(f"/api/v1/papers/{item.id}").json()["title"] == item.title


def flattened(value: Any) -> Iterator[str]:
    """All texts in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for part in value.values() for text in flattened(part))
    elif isinstance(value, list):
        yield from (text for part in value for text in flattened(part))
