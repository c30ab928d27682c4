"""Items as files to take along: one, a filtered list of any length, those of an issue."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
import rispy  # type: ignore[import-untyped]
from bibtexparser.entrypoint import parse_string
from fastapi.testclient import TestClient

from api import exports
from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.factory import TOPIC, add_item, fill, make_issue
from tests.api.test_queries import statements

JULY = datetime(2026, 7, 8, 9, tzinfo=UTC)
TYPES = {
    "jsonl": "application/x-ndjson",
    "bib": "application/x-bibtex",
    "ris": "application/x-research-info-systems",
    "csl.json": "application/vnd.citationstyles.csl+json",
    "csv": "text/csv; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
}
IDS = ["2606.00001", "math/0309136", "qwen:clockwork-herons"]


def ids_in(suffix: str, text: str) -> list[str]:
    """Read the items of a list back by a reader of its format."""
    if suffix == "jsonl":
        return [json.loads(line)["id"] for line in text.splitlines()]
    if suffix == "bib":
        return [entry.key.removeprefix("moorhen-") for entry in parse_string(text).entries]
    if suffix == "ris":
        return [one["id"].removeprefix("moorhen-") for one in rispy.loads(text)]
    if suffix == "csl.json":
        return [one["id"].removeprefix("moorhen-") for one in json.loads(text)]
    if suffix == "csv":
        return [row["id"] for row in csv.DictReader(io.StringIO(text))]
    return [line.partition("/abs/")[2].rstrip(">)") for line in text.splitlines() if line.startswith("## ")]


@pytest.mark.parametrize("suffix", TYPES)
def test_a_list_is_whole_in_every_format(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "BLOCK", 4)
    monkeypatch.setattr(exports, "PART", 3)
    monkeypatch.setattr(exports, "PIECES", 2)
    ids = fill(sessions, roadmap, 10)
    answer = client.get(f"/api/v1/papers.{suffix}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TYPES[suffix]
    assert answer.headers["content-disposition"] == f'attachment; filename="papers.{suffix}"'
    assert ids_in(suffix, answer.text) == ids[::-1]
    some = client.get(f"/api/v1/papers.{suffix}?limit=4&sort=worth").text
    assert ids_in(suffix, some) == ids[:-5:-1]
    nothing = client.get(f"/api/v1/papers.{suffix}?since=2030-01-01")
    assert (nothing.status_code, ids_in(suffix, nothing.text)) == (200, [])


@pytest.mark.parametrize("limit", [3, 6, 7])
def test_a_limit_may_fall_on_the_end_of_a_part(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "BLOCK", 3)
    monkeypatch.setattr(exports, "PART", 2)
    fill(sessions, roadmap, 6)
    assert len(client.get(f"/api/v1/papers.jsonl?limit={limit}").text.splitlines()) == min(limit, 6)


def test_a_list_is_filtered_as_the_api_filters(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", labs={"qwen": 0.9}, code=["https://github.com/heron/clock"])
        add_item(session, roadmap, "2606.00002", topics={"linear-algebra": 0.9})
        add_item(session, roadmap, "2606.00003", topics={TOPIC: 0.3})
    for query in ("", "lab=qwen", "has_code=true", "stage=1", "min_fit=0", "min_fit=0.2&sort=fit", f"topic={TOPIC}"):
        listed = client.get(f"/api/v1/papers?limit=100&{query}").json()["items"]
        lines = client.get(f"/api/v1/papers.jsonl?{query}").text.splitlines()
        assert [json.loads(line) for line in lines] == listed, query


@pytest.mark.parametrize("query", ["topic=no-such", "limit=0", "cursor=x", "tpoic=x", "sort=random"])
def test_what_cannot_be_meant_is_refused_before_the_file_begins(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/v1/papers.csv?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "content-disposition" not in answer.headers


def test_a_head_gives_the_headers_alone(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 3)
    answer = client.head("/api/v1/papers.bib")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == TYPES["bib"]


def test_parts_cost_the_same_however_many(
    sessions: Sessions, client: TestClient, roadmap: Roadmap, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sessions, roadmap, 30)
    client.get("/api/v1/papers.jsonl")
    whole = statements(sessions, lambda: client.get("/api/v1/papers.jsonl"))
    monkeypatch.setattr(exports, "PART", 10)
    parts = statements(sessions, lambda: client.get("/api/v1/papers.jsonl"))
    assert whole <= 7
    assert parts - whole == 2 * 4  # two more parts: a read, and what it loads beside


@pytest.mark.parametrize("item_id", IDS)
@pytest.mark.parametrize("suffix", ["bib", "ris", "csl.json", "md"])
def test_an_item_of_any_id_is_a_file(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, item_id: str, suffix: str
) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, item_id)
    addresses = {f"/papers/{item_id}.{suffix}", f"/papers/{item_id.replace('/', '%2F').replace(':', '%3A')}.{suffix}"}
    answers = [client.get(address) for address in addresses]
    assert {(a.status_code, a.headers["content-type"]) for a in answers} == {(200, TYPES[suffix])}
    assert len({a.text for a in answers}) == 1
    assert "clockwork heron" in answers[0].text
    name = item_id.replace("/", "-").replace(":", "-")
    assert answers[0].headers["content-disposition"] == f'attachment; filename="{name}.{suffix}"'


def test_another_form_of_an_id_leads_to_the_file(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    answer = client.get("/papers/2606.00001v2.bib")
    assert (answer.status_code, answer.headers["location"]) == (308, "/papers/2606.00001.bib")
    assert client.get("/papers/2606.99999.bib").status_code == 404


def test_what_was_withdrawn_says_so_in_every_format(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", withdrawn=True)
    for suffix in ("bib", "ris", "csl.json", "md"):
        assert "withdrawn" in client.get(f"/papers/2606.00001.{suffix}").text.lower()
    assert ",true," in client.get("/api/v1/papers.csv").text


@pytest.mark.parametrize("suffix", ["bib", "ris", "csl.json", "csv", "jsonl"])
def test_an_issue_gives_the_items_it_prints(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, suffix: str
) -> None:
    ids = fill(sessions, roadmap, 3)
    make_issue(sessions, roadmap, "2026-06", JULY)
    answer = client.get(f"/digests/2026-06.{suffix}")
    assert answer.headers["content-disposition"] == f'attachment; filename="2026-06.{suffix}"'
    assert sorted(ids_in(suffix, answer.text)) == ids
    order = [
        entry["id"] for stage in client.get("/api/v1/digests/2026-06").json()["stages"] for entry in stage["entries"]
    ]
    assert ids_in(suffix, answer.text) == order


def test_an_issue_is_given_as_text_in_the_language_asked_for(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1)
    make_issue(sessions, roadmap, "2026-06", JULY)
    assert client.get("/digests/2026-06.md?lang=ja").text.startswith('---\ntitle: "2026年6月')
    assert "June 2026" in client.get("/digests/2026-06.txt").text
    for address in ("/digests/2025-01.bib", "/digests/heron.md", "/digests/2026-06.exe"):
        assert client.get(address).status_code == 404


def test_an_issue_links_its_files(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    make_issue(sessions, roadmap, "2026-06", JULY)
    page = client.get("/digests/2026-06").text
    for suffix in ("bib", "ris", "csl.json", "csv", "md"):
        assert f'href="/digests/2026-06.{suffix}"' in page
        assert client.get(f"/digests/2026-06.{suffix}").status_code == 200
