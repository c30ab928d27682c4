"""SQL in every parameter of every route, on both databases: a word like any other, or refused (reliability.md, 28)."""

import re
from collections.abc import Iterator
from itertools import cycle
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from db.engine import Sessions
from db.models import Base
from roadmap.model import Roadmap
from tests.api.factory import TOPIC, fill, make_issue
from tests.api.test_security import routes
from tests.conftest import NOW

SQL = (
    "' OR '1'='1",
    "'; DROP TABLE item; --",
    '"); DELETE FROM item; --',
    "1) OR 1=1 --",
    "x' UNION SELECT email FROM subscriber --",
    "%' ESCAPE '\\",
    "a\\'; SELECT pg_sleep(9); --",
    "\0'; --",
    'NEAR(a b) AND title:* ^"',
)
OF_PAGES = {"page", "next", "from"}  # what pages take beyond the API
GOOD = {"month": "2026-06", "item_id": "2606.00001", "number": "5", "key": TOPIC, "suffix": "atom", "form": "atom"}
PLACE = re.compile(r"\{(\w+)(?::\w+)?\}")


def counts(sessions: Sessions) -> dict[str, int]:
    """Count the rows of every table."""
    with sessions() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def parameters(client: TestClient) -> list[str]:
    """Name every parameter of a query that the API describes, and those of pages."""
    paths: dict[str, Any] = client.get("/api/v1/openapi.json").json()["paths"]
    described = (one for path in paths.values() for way in path.values() for one in way.get("parameters", ()))
    return sorted({one["name"] for one in described if one["in"] == "query"} | OF_PAGES)


def addresses(path: str, names: list[str]) -> Iterator[str]:
    """Write a route's address with SQL in one place after the other, and in one parameter after the other."""
    odd = cycle(quote(text, safe="") for text in SQL)
    for place in PLACE.findall(path):
        for text in SQL:
            filled = {**GOOD, place: quote(text, safe="")}
            yield PLACE.sub(lambda found, values=filled: values.get(found[1], "x"), path)  # type: ignore[misc]
    whole = PLACE.sub(lambda found: GOOD.get(found[1], "x"), path)
    for name in names:
        yield f"{whole}?{name}={next(odd)}"


@pytest.mark.faults
def test_sql_in_every_parameter_is_a_word_or_refused(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 3, labs={"qwen": 0.9})
    make_issue(sessions, roadmap, "2026-06", NOW)
    before, names = counts(sessions), parameters(client)
    assert {"q", "topic", "lab", "stage", "since", "cursor", "limit", "lang"} <= set(names)
    for path in routes("GET"):
        for address in addresses(path, names):
            assert client.get(address).status_code < 500, address
    assert counts(sessions) == before


def test_sql_as_a_query_finds_what_its_words_find(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    """On either database: nothing where none of its words is stored, and never everything."""
    fill(sessions, roadmap, 3)
    assert len(client.get("/api/v1/search", params={"q": "heron'; --"}).json()["items"]) == 3
    for text in SQL:
        found = client.get("/api/v1/search", params={"q": text})
        assert found.status_code in {200, 422}, text
        assert found.status_code == 422 or found.json()["items"] == [], text
