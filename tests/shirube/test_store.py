"""What is stored, asked for at the command line and through the web app over the same store."""

import csv
import io
import json
import socket
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.app import create_app
from db.models import IngestError, Item, TopicScore
from roadmap.model import Roadmap
from shirube.settings import load_settings
from shirube.web import app_options
from tests.ingest.doubles import free_port
from tests.shirube.command import CLOSED, DRAFT, Bench, Ended, run
from tests.shirube.conftest import MONTH, Store
from tests.shirube.test_digest import counts, state
from tests.snapshot import snapshot_line
from tests.upstream import Upstream


def listed(store: Store, *words: str) -> Ended:
    ended = run("papers", *words, env=store.env)
    assert ended.code == 0, ended.err
    return ended


def rows(store: Store, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in listed(store, *words, "--format", "jsonl").lines]


def test_papers_of_a_topic_come_best_first_and_filed(october: Store) -> None:
    found = [item["id"] for item in rows(october, "--topic", "rag", "--limit", "100")]
    query = select(TopicScore.item_id, TopicScore.fit).where(TopicScore.topic == "rag")
    fits = {id_: fit for id_, fit in state(october, query) if fit >= 0.5}
    assert len(found) >= 3
    assert found == sorted(fits, key=lambda id_: (fits[id_], id_), reverse=True)
    assert len(rows(october, "--topic", "rag", "--min-fit", "0", "--limit", "500")) > len(found)


def test_json_says_the_fits_that_were_asked_for(october: Store) -> None:
    """A list below the line is of no use to who cannot see how far below."""
    found = rows(october, "--topic", "rag", "--min-fit", "0.05", "--limit", "500")
    fits = [next(topic["fit"] for topic in item["topics"] if topic["key"] == "rag") for item in found]
    assert fits == sorted(fits, reverse=True)
    assert 0.05 <= fits[-1] < 0.5 <= fits[0]


def test_every_format_lists_the_same_papers(october: Store) -> None:
    words = ("--topic", "rag", "--limit", "5")
    wanted = [item["id"] for item in rows(october, *words)]
    assert len(wanted) == 5
    assert [item["id"] for item in json.loads(listed(october, *words, "--format", "json").out)] == wanted
    cells = list(csv.DictReader(io.StringIO(listed(october, *words, "--format", "csv").out)))
    assert [row["id"] for row in cells] == wanted
    table = listed(october, *words).out
    places = [table.index(str(id_)) for id_ in wanted]
    assert places == sorted(places)


def test_a_survey_says_so_in_every_list(october: Store) -> None:
    words = ("--min-fit", "0", "--limit", "500")
    types = {str(item["id"]): item["type"] for item in rows(october, *words)}
    surveys = [id_ for id_, told in types.items() if told == "survey"]
    assert surveys
    cells = csv.DictReader(io.StringIO(listed(october, *words, "--format", "csv").out))
    assert {row["id"]: row["type"] for row in cells} == {id_: told or "" for id_, told in types.items()}
    lines = listed(october, *words).out
    assert lines.count("(survey)") == len(surveys)


def test_filters_narrow_the_list(october: Store) -> None:
    wanted = {p.arxiv_id for p in october.up.catalogue if p.lab == "qwen" and p.submitted.month == 10}
    found = rows(october, "--lab", "qwen", "--min-fit", "0", "--limit", "500")
    papers = {str(item["id"]) for item in found if item["kind"] == "paper"}
    assert papers
    assert papers <= wanted
    assert len(papers) > 0.7 * len(wanted)
    assert {item["kind"] for item in rows(october, "--kind", "post", "--limit", "50")} == {"post"}
    assert all(item["code"] for item in rows(october, "--has-code", "--limit", "50"))
    first = rows(october, "--until", "2026-10-01", "--kind", "paper", "--limit", "500")
    assert first
    assert all(str(item["submitted"]) < "2026-10-02" for item in first)
    days = [str(item["submitted"]) for item in rows(october, "--sort", "newest", "--kind", "paper", "--limit", "20")]
    assert days == sorted(days, reverse=True)


def test_a_cell_a_spreadsheet_would_run_is_made_inert(mine: Store) -> None:
    dump = mine.folder / "dump.jsonl"
    paper = {"id": "2610.99999", "title": "=1+1 is a formula", "abstract": "Text.", "authors": ["A. Author"]}
    dump.write_bytes(snapshot_line({**paper, "published": "2026-10-09", "categories": ["cs.LG"]}))
    assert run("import", "arxiv-snapshot", str(dump), env=mine.env).code == 0
    cells = listed(mine, "--min-fit", "0", "--sort", "newest", "--limit", "500", "--format", "csv").out
    assert "'=1+1 is a formula" in cells
    assert ",=1+1" not in cells


def test_an_empty_store_lists_nothing_and_is_no_failure(empty: dict[str, str]) -> None:
    assert run("papers", "--format", "jsonl", env=empty).out == ""
    assert run("papers", "--format", "json", env=empty).out == "[]\n"
    assert run("papers", env=empty).code == 0


def test_a_pull_of_some_days_of_one_source_and_its_rank(empty: dict[str, str], up: Upstream) -> None:
    words = ("pull", "--source", "arxiv", "--since", "2026-10-05", "--until", "2026-10-06")
    ended = run(*words, env=empty)
    assert ended.code == 0
    assert "arxiv" in ended.out
    assert "complete" in ended.out
    store = Store(up, empty, ended)
    days = {f"{submitted:%Y-%m-%d}" for (submitted,) in state(store, select(Item.submitted))}
    assert days == {"2026-10-05", "2026-10-06"}
    before = counts(store)
    assert run(*words, env=empty).code == 0
    assert counts(store) == before
    stored = before["item"]
    assert run("rank", "--shard", "1/2", env=empty).code == 0
    first = counts(store)["embedding"]
    assert 0 < first < stored
    assert run("rank", "--shard", "2/2", env=empty).out.startswith(f"{stored - first:,} embedded")
    assert counts(store)["rating"] == stored
    assert run("rank", env=empty).out == "0 embedded, 0 ratings changed\n"
    assert run("rank", "--rebuild", env=empty).out == "0 embedded, 0 ratings changed\n"


def test_a_pull_that_fails_in_part_says_so(empty: dict[str, str], up: Upstream) -> None:
    store = Store(up, empty, Ended(0, "", ""))
    store.up.fault("/api/daily_papers", status=503)
    ended = run(
        "pull", "--source", "hf", "--source", "arxiv", "--since", "2026-10-05", "--until", "2026-10-06", env=empty
    )
    assert ended.code == 3
    assert "503" in ended.out
    assert "complete" in ended.out
    assert counts(store)["item"] > 0


def test_the_recorded_month_can_be_pulled_by_name(empty: dict[str, str]) -> None:
    ended = run("pull", "--source", "recorded", "--since", "2026-07-01", "--until", "2026-07-02", env=empty)
    assert ended.code == 0
    assert "recorded" in ended.out


def test_status_says_what_is_stored_and_what_is_missing(october: Store) -> None:
    found = json.loads(run("status", "--json", env=october.env).out)
    assert found["issues"] == {MONTH: "draft"}
    assert found["waiting_for_a_vector"] == 0
    month = found["months"][0]
    assert (month["month"], month["issue"], month["ranked"]) == (MONTH, "draft", month["papers"])
    sources = {source["source"]: source for source in month["sources"]}
    assert set(sources) == {"arxiv", "hf", "pwc", "labs"}
    assert sources["arxiv"]["expected"] == sources["arxiv"]["received"] > 100
    assert sources["arxiv"]["last_read"] == "2026-10-31T22:00:00Z"
    told = run("status", env=october.env).out
    assert f"{MONTH}: draft, {month['papers']:,} papers" in told


def test_the_database_is_made_by_name(empty: dict[str, str]) -> None:
    ended = run("db", "upgrade", env=empty)
    assert (ended.code, ended.out) == (0, "")
    assert (Path(empty["SHIRUBE_DATA_DIR"]) / "shirube.db").is_file()
    assert run("db", "upgrade", env=empty).code == 0


def test_a_snapshot_is_imported_once(empty: dict[str, str], up: Upstream, tmp_path: Path) -> None:
    paper = {"title": "Brass herons", "abstract": "They wade.", "authors": ["Ada Moorhen"], "categories": ["cs.LG"]}
    lines = [snapshot_line({**paper, "id": f"2605.0000{n}", "published": f"2026-05-0{n}"}) for n in range(1, 4)]
    dump = tmp_path / "dump.jsonl"
    dump.write_bytes(b"".join(lines))
    assert run("import", "arxiv-snapshot", str(dump), env=empty).out.startswith(
        "3 new, 0 changed, 0 unchanged, 0 unread"
    )
    again = run("import", "arxiv-snapshot", str(dump), env=empty)
    assert (again.code, again.out) == (0, "0 new, 0 changed, 3 unchanged, 0 unreadable\n")
    store = Store(up, empty, again)
    assert {month for (month,) in state(store, select(Item.month))} == {"2026-05"}
    dump.write_bytes(b"".join([*lines, b"{half a li\n"]))
    broken = run("import", "arxiv-snapshot", str(dump), env=empty)
    assert (broken.code, broken.out) == (3, "0 new, 0 changed, 3 unchanged, 1 unreadable\n")
    assert state(store, select(func.count()).select_from(IngestError)) == [(1,)]


PAGES = (
    "/", f"/digests/{MONTH}", f"/api/v1/digests/{MONTH}", "/api/v1/digests", "/api/v1/papers", "/api/v1/stages",
    "/api/v1/topics", "/api/v1/labs", "/feeds/topics/rag.atom", "/healthz", "/docs", "/api/v1/openapi.json",
)  # fmt: skip


@pytest.fixture(scope="module")
def web(final: Store) -> TestClient:
    """The web app as `serve` makes it, over the store of the final issue."""
    given = {"data_dir": final.folder, "secret_key": "of the tests"}
    wiring = Bench(load_settings(**given), lambda: CLOSED)
    app = create_app(wiring.sessions, wiring.roadmap, wiring.clock, app_options(wiring, "http://127.0.0.1:8000"))
    return TestClient(app, follow_redirects=False)


@pytest.mark.parametrize("path", PAGES)
def test_each_route_answers_over_the_same_store(web: TestClient, path: str) -> None:
    answer = web.get(path)
    assert answer.status_code in (200, 302, 307)
    assert "traceback" not in answer.text.lower()


def test_the_api_and_the_command_line_tell_the_same(web: TestClient, final: Store) -> None:
    ids = [item["id"] for item in web.get("/api/v1/papers?topic=rag&sort=fit&limit=5").json()["items"]]
    assert ids == [item["id"] for item in rows(final, "--topic", "rag", "--limit", "5")]
    item = web.get(f"/api/v1/papers/{ids[0]}").json()
    assert item == rows(final, "--topic", "rag", "--limit", "1")[0]
    assert web.get(f"/papers/{ids[0]}").status_code == 200


def test_the_newest_final_issue_is_the_latest(web: TestClient) -> None:
    assert web.get("/digests/latest").headers["location"].endswith(f"/digests/{MONTH}")
    answer = web.get(f"/api/v1/digests/{MONTH}").json()
    assert (answer["status"], len(answer["stages"])) == ("final", 8)


def test_serve_opens_the_app_it_is_told_to(monkeypatch: pytest.MonkeyPatch, october: Store, roadmap: Roadmap) -> None:
    served: list[tuple[object, object]] = []

    def listen(server: uvicorn.Server, sockets: list[socket.socket]) -> None:
        config, server.started = server.config, True
        answer = TestClient(config.app).get("/api/v1/stages")  # type: ignore[arg-type]
        served.append((sockets[0].getsockname(), len(answer.json()["items"])))
        assert int(answer.headers["ratelimit-limit"]) == 600

    port = free_port()
    monkeypatch.setattr("uvicorn.Server.run", listen)
    ended = run("serve", "--host", "127.0.0.1", "--port", str(port), env=october.env, now=DRAFT)
    assert (ended.code, ended.out) == (0, "")
    assert served == [(("127.0.0.1", port), len(roadmap.stages))]
    assert f"http://127.0.0.1:{port}" in ended.err
