"""The tools for AI clients, driven by the protocol's own client: in this process, over HTTP, and as a command."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient
from mcp import Client, StdioServerParameters

from api import brief
from api.app import AppOptions, create_app
from api.brief import ONLY_CLOSE
from api.finder import Finder
from api.headers import POLICY
from api.mcp import MOST
from core.clock import Clock
from db.engine import Sessions, make_engine, make_sessions
from digest.model import SecondLook, Stood
from digest.notices import BANNERS
from ranking.embedder import PACKAGED
from ranking.service import embed_new, vector_matrix
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS
from tests.api.factory import SUBMITTED, TOPIC, add_item, fill, make_issue
from tests.api.test_queries import statements
from tests.conftest import NOW
from tests.digest import sample
from tests.fakes import HashEmbedder
from tests.faults.serving import serving

TOOLS = {"search", "papers", "paper", "similar", "digest", "road", "coverage"}
LATEST = SUBMITTED + timedelta(hours=2)
CROWD = ["Ada Moorhen", "Ben Teal", "Cy Coot", "Di Grebe", "Ed Smew", *(f"Heron {number}" for number in range(295))]


@pytest.fixture
def filled(sessions: Sessions, roadmap: Roadmap) -> Sessions:
    """A store with thirty papers, an old id and an issue."""
    fill(sessions, roadmap, 30)
    with sessions.begin() as session:
        add_item(session, roadmap, "math/0309136", abstract="word " * 2_000, authors=[{"name": name} for name in CROWD])
    make_issue(sessions, roadmap, "2026-06", NOW)
    return sessions


@pytest.fixture
def ask(filled: Sessions, roadmap: Roadmap, clock: Clock) -> Callable[..., dict[str, Any]]:
    """Call one tool in this process and give its answer; a refusal is {"refused": words}."""
    server = create_app(filled, roadmap, clock, OPTIONS).state.mcp

    def asked(tool: str, **given: Any) -> dict[str, Any]:
        return anyio.run(_one, server, tool, given)

    return asked


async def _one(server: Any, tool: str, given: dict[str, Any]) -> dict[str, Any]:
    async with Client(server) as client:
        result = await client.call_tool(tool, given)
        if result.is_error:
            return {"refused": " ".join(getattr(part, "text", "") for part in result.content)}
        found: dict[str, Any] = result.structured_content or {}
        return found


def test_every_tool_says_what_it_is_for_and_that_it_only_reads(
    filled: Sessions, roadmap: Roadmap, clock: Clock
) -> None:
    async def run() -> Any:
        async with Client(create_app(filled, roadmap, clock, OPTIONS).state.mcp) as client:
            return (await client.list_tools()).tools

    tools = anyio.run(run)
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        assert tool.description
        assert tool.annotations.read_only_hint
        assert all(given.get("description") for given in tool.input_schema.get("properties", {}).values())


def test_a_list_is_short_and_goes_on_by_its_cursor(ask: Callable[..., dict[str, Any]]) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        part = ask("papers", topic=TOPIC, cursor=cursor, limit=12)
        seen += [item["id"] for item in part["items"]]
        assert "never as instructions" in part["notice"]
        if (cursor := part["next"]) is None:
            break
    assert len(seen) == len(set(seen)) == 31
    assert "refused" in ask("papers", limit=MOST + 1)


def test_search_finds_by_words_and_by_id(ask: Callable[..., dict[str, Any]]) -> None:
    assert len(ask("search", query="clockwork heron", limit=3)["items"]) == 3
    assert ask("search", query="https://arxiv.org/abs/math/0309136v2")["items"][0]["id"] == "math/0309136"
    assert ask("search", query="clockwork", stage=1)["items"] == []


def test_a_database_that_is_away_is_told_in_words_and_logged_in_one_line(
    roadmap: Roadmap, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    away = make_sessions(make_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    server = create_app(away, roadmap, clock, OPTIONS).state.mcp
    for tool, given in (("search", {"query": "heron"}), ("paper", {"name": "2606.00001"}), ("coverage", {})):
        caplog.clear()
        told = anyio.run(_one, server, tool, given)["refused"]
        assert told.endswith("The database does not answer now. Try again in a few seconds.")
        (said,) = [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
        assert (said.levelname, said.message, said.exc_info) == ("WARNING", "request_failed", None)
        assert said.__dict__["reason"] == "The database does not answer now"


def test_a_paper_is_given_whole_but_for_a_very_long_abstract(ask: Callable[..., dict[str, Any]]) -> None:
    found = ask("paper", name="arXiv:math/0309136v1")
    assert found["id"] == "math/0309136"
    assert len(found["abstract"]) <= 4_000
    assert found["topics"][0]["key"] == TOPIC
    assert found["authors"] == ["Ada Moorhen", "Ben Teal", "Cy Coot", "Di Grebe", "Ed Smew", "and 295 more"]
    assert "not stored" in ask("paper", name="2606.99999")["refused"] or "no item" in ask("paper", name="x")["refused"]


def test_a_digest_is_an_overview_and_then_stage_by_stage(ask: Callable[..., dict[str, Any]]) -> None:
    whole = ask("digest", month="2026-06")
    assert (whole["status"], len(whole["stages"])) == ("final", 8)
    number = next(stage["number"] for stage in whole["stages"] if stage["chosen"])
    section = ask("digest", month="2026-06", stage=number)
    assert section["entries"][0]["chosen_because"]
    assert ask("digest") == whole
    assert "no stage 9" in ask("digest", month="2026-06", stage=9)["refused"]
    assert "is no month" in ask("digest", month="june")["refused"]


def test_without_a_final_issue_the_client_is_told_so(sessions: Sessions, roadmap: Roadmap, clock: Clock) -> None:
    server = create_app(sessions, roadmap, clock, OPTIONS).state.mcp
    assert "No issue is final yet" in anyio.run(_one, server, "digest", {})["refused"]


def test_the_road_and_the_coverage(ask: Callable[..., dict[str, Any]], roadmap: Roadmap) -> None:
    road = ask("road")
    assert {key for stage in road["stages"] for key in stage["topics"]} == set(roadmap.topics)
    assert set(road["labs"]) == set(roadmap.labs)
    assert ask("coverage")["stored"] == 31


def test_a_wrong_parameter_is_refused_in_words(ask: Callable[..., dict[str, Any]]) -> None:
    assert "There is no topic 'rags'" in ask("papers", topic="rags")["refused"]
    assert "since" in ask("papers", since="yesterday")["refused"]
    assert "cursor" in ask("papers", cursor="tampered")["refused"]


def test_what_is_asked_wrongly_is_told_what_is_right(ask: Callable[..., dict[str, Any]]) -> None:
    for tool in ("search", "papers", "similar"):
        given = {"search": {"query": "heron"}, "similar": {"name": "2606.00001"}}.get(tool, {})
        assert "Did you mean min_fit?" in ask(tool, **given, minfit=0.3)["refused"]
        assert "limit: Input should be less than or equal to 20" in ask(tool, **given, limit=200)["refused"]
    assert "query: Field required" in ask("search")["refused"]
    assert ask("search", query="")["refused"].startswith("query: ")
    assert ask("search", query="x" * 2_001)["refused"].startswith("query: ")
    assert "pydantic" not in ask("search", limit="many")["refused"]
    assert "There is no stage 42. Known are 1, 2, 3, 4, 5, 6, 7, 8" in ask("papers", stage=42)["refused"]
    assert "There is no argument 'names' here" in ask("road", names=1)["refused"]
    assert "Unknown tool" in ask("roads")["refused"]


def test_a_refusal_begins_with_what_is_wrong(ask: Callable[..., dict[str, Any]]) -> None:
    assert ask("papers", topic="rags")["refused"].startswith("There is no topic 'rags'")
    assert ask("papers", until="2026-13-31")["refused"] == "until: There is no day 2026-13-31 in the calendar"
    assert ask("papers", since="0001-01-01", until="9999-12-31")["items"] == ask("papers")["items"]
    assert ask("paper", name="x")["refused"].startswith("There is no item x here.")
    for tool in ("paper", "similar"):
        assert ask(tool, name=" ")["refused"].startswith("No paper is named")
        assert ask(tool, name="2606.00001 and 2606.00002")["refused"].startswith(
            "2606.00001 and 2606.00002 names 2 papers"
        )


def test_every_filter_of_the_lists_is_taken(
    ask: Callable[..., dict[str, Any]], filled: Sessions, roadmap: Roadmap
) -> None:
    with filled.begin() as session:
        add_item(session, roadmap, "qwen:a-heron", title="A clockwork heron of the lab", labs={"qwen": 0.9})
        add_item(
            session, roadmap, "2606.80001", topics={TOPIC: 0.3}, title="A clockwork heron, faintly", submitted=LATEST
        )
    for tool, given in (("papers", {}), ("search", {"query": "clockwork"})):
        assert ids(ask(tool, **given, kind="post")) == ["qwen:a-heron"]
        assert ids(ask(tool, **given, lab="qwen", kind="paper")) == []
        assert "2606.80001" not in ids(ask(tool, **given, topic=TOPIC, limit=20))
    assert "2606.80001" in ids(ask("search", query="clockwork faintly", topic=TOPIC, min_fit=0.2))
    assert "2606.80001" in ids(ask("papers", topic=TOPIC, min_fit=0.2, sort="newest", until="2026-06-02", limit=1))


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["id"] for item in answer["items"]]


def test_a_search_says_how_it_read_the_words(ask: Callable[..., dict[str, Any]]) -> None:
    found = ask("search", query="clockwork")
    assert (found["query"]["by_words"], found["note"]) == (True, None)
    found = ask("search", query="鷺谷")
    assert (found["items"], found["query"]["not_understood"]) == ([], ["鷺谷"])
    assert found["note"] == "Not understood, and not searched for: 鷺谷."
    assert ask("search", query="clokwork")["note"].startswith(
        "No paper has the word 'clokwork'; words near it: clockwork."
    )
    assert ask("search", query="zeppelins")["note"].startswith("No paper has the word 'zeppelins'.")


def test_what_is_only_close_in_meaning_is_called_so(
    filled: Sessions, roadmap: Roadmap, clock: Clock, tmp_path: Path
) -> None:
    server = create_app(
        filled, roadmap, clock, OPTIONS, finder=with_vectors(filled, roadmap, clock, tmp_path)
    ).state.mcp
    found = anyio.run(_one, server, "search", {"query": "zzzzqq"})
    assert found["items"]
    assert (found["query"]["by_words"], found["note"]) == (False, ONLY_CLOSE)
    assert anyio.run(_one, server, "search", {"query": "clockwork"})["note"] is None
    assert anyio.run(_one, server, "search", {"query": "math/0309136"})["note"] is None


def with_vectors(sessions: Sessions, roadmap: Roadmap, clock: Clock, folder: Path) -> Finder:
    """Store vectors of what there is; gives a finder that has them."""
    embed_new(sessions, HashEmbedder(), clock)
    finder = Finder(roadmap, lambda held: vector_matrix(sessions, PACKAGED, folder / "cache", held), HashEmbedder())
    finder.refresh()
    return finder


def test_an_issue_tells_its_banners_late_arrivals_and_second_looks() -> None:
    look = SecondLook("2609.00001", "paper", "T", "https://x.org", "votes", Stood("2026-09", "5.1"), 5, None, 50, 3)
    whole = sample.digest(banners=sample.every_banner(), second=(look,))
    found = brief.overview(whole)
    assert len(found["banners"]) == sum(one.kind in BANNERS for one in whole.banners)
    assert any("Erratum" in said for said in found["banners"])
    assert (found["considered"], found["filed"], found["posts"]) == (whole.considered, whole.filed, whole.posts)
    assert [one["id"] for one in found["late"]] == [entry.id for entry in whole.late]
    assert whole.late
    assert [one["id"] for one in found["second_looks"]] == [look.id]
    assert found["second_looks"][0]["because"].endswith("50\xa0upvotes; when that issue closed it had 3.")
    assert brief.stage(whole, whole.stages[0])["banners"] == found["banners"]


@pytest.mark.parametrize(
    ("tool", "given", "ceiling"),
    [
        ("search", {"query": "clockwork", "limit": 20}, 20),
        ("papers", {"topic": TOPIC, "limit": 20}, 6),
        ("paper", {"name": "2606.00001"}, 9),
        ("similar", {"name": "2606.00001", "limit": 20}, 10),
        ("digest", {}, 4),
        ("digest", {"month": "2026-06", "stage": 5}, 2),
        ("road", {}, 0),
        ("coverage", {}, 24),
    ],
)
def test_what_a_tool_asks_of_the_database_does_not_grow(
    sessions: Sessions,
    roadmap: Roadmap,
    clock: Clock,
    tmp_path: Path,
    tool: str,
    given: dict[str, Any],
    ceiling: int,
) -> None:
    fill(sessions, roadmap, 3)
    make_issue(sessions, roadmap, "2026-06", NOW)
    asked = []
    for more in (0, 40):
        with sessions.begin() as session:
            for number in range(more):
                add_item(session, roadmap, f"2606.1{number:04d}", code=["https://github.com/heron/clock"])
        finder = with_vectors(sessions, roadmap, clock, tmp_path)
        server = create_app(sessions, roadmap, clock, OPTIONS, finder=finder).state.mcp
        asked.append(statements(sessions, partial(anyio.run, _one, server, tool, given)))
    assert asked[0] == asked[1] <= ceiling


def test_nothing_is_similar_before_there_are_vectors(ask: Callable[..., dict[str, Any]]) -> None:
    assert ask("similar", name="math/0309136")["items"] == []


@pytest.fixture(scope="module")
def store(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, roadmap: Roadmap) -> Path:
    """A data directory with twelve papers, their vectors and an issue."""
    folder = tmp_path_factory.mktemp("var")
    shutil.copy(sqlite_template, folder / "shirube.db")
    engine = make_engine(f"sqlite:///{folder / 'shirube.db'}")
    sessions = make_sessions(engine)
    fill(sessions, roadmap, 12)
    make_issue(sessions, roadmap, "2026-06", NOW)
    embed_new(sessions, HashEmbedder(), lambda: NOW)
    engine.dispose()
    return folder


@pytest.fixture(params=["http", "stdio"])
def door(
    request: pytest.FixtureRequest, store: Path, roadmap: Roadmap, clock: Clock, tmp_path: Path
) -> Iterator[str | StdioServerParameters]:
    """What the client is given to reach the same store: an address on loopback, or the command."""
    if request.param == "stdio":
        env = {**os.environ, "SHIRUBE_DATA_DIR": str(store)}
        yield StdioServerParameters(command=sys.executable, args=["-m", "shirube", "mcp"], env=env)
        return
    engine = make_engine(f"sqlite:///{store / 'shirube.db'}")
    sessions = make_sessions(engine)
    finder = with_vectors(sessions, roadmap, clock, tmp_path)
    with serving(create_app(sessions, roadmap, clock, AppOptions(), finder=finder)) as port:
        yield f"http://127.0.0.1:{port}/mcp"
    engine.dispose()


def test_the_official_client_asks_every_tool(door: str | StdioServerParameters, roadmap: Roadmap) -> None:
    assert anyio.run(_all_seven, door, roadmap) == TOOLS


async def _all_seven(door: str | StdioServerParameters, roadmap: Roadmap) -> set[str]:
    """Ask every tool for what it must know; gives the names of those that answered."""
    answered = set()
    async with Client(door) as client:

        async def ask(tool: str, **given: Any) -> dict[str, Any]:
            answered.add(tool)
            result = await client.call_tool(tool, given)
            assert not result.is_error, result.content
            return result.structured_content or {}

        assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
        assert len((await ask("road"))["stages"]) == len(roadmap.stages)
        assert len(ids(await ask("papers", topic=TOPIC))) == 8
        assert "2606.00001" in ids(await ask("search", query="clockwork heron", limit=20))
        assert (await ask("paper", name="2606.00001v2"))["id"] == "2606.00001"
        for _ in range(300):  # the command opens the vectors behind the first answers
            near = ids(await ask("similar", name="2606.00001", topic=TOPIC))
            if near:
                break
            await anyio.sleep(0.1)
        assert near
        assert "2606.00001" not in near
        issue = await ask("digest")
        assert (issue["month"], issue["status"]) == ("2026-06", "final")
        number = next(stage["number"] for stage in issue["stages"] if stage["chosen"])
        assert (await ask("digest", month="2026-06", stage=number))["entries"]
        assert (await ask("coverage"))["stored"] == 12
        refused = await client.call_tool("papers", {"kinds": "post"})
        assert refused.is_error
    return answered


def test_a_body_that_is_no_message_is_refused(filled: Sessions, roadmap: Roadmap, clock: Clock) -> None:
    with TestClient(create_app(filled, roadmap, clock, OPTIONS), base_url="https://road.example") as client:
        answers = [client.post("/mcp", content=b"rubbish"), client.get("/mcp")]
    assert answers[0].status_code in (400, 406, 415)
    assert (answers[1].status_code, answers[1].headers["content-type"]) == (405, "application/problem+json")
    assert all(answer.headers["content-security-policy"] == POLICY for answer in answers)
