"""The tools for AI clients, driven by the protocol's own client: in this process, over HTTP, and as a command."""

import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import uvicorn
from fastapi.testclient import TestClient
from mcp import Client, StdioServerParameters

from api.app import create_app
from api.headers import POLICY
from api.mcp import MOST
from core.clock import Clock
from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS
from tests.api.factory import TOPIC, add_item, fill, make_issue
from tests.conftest import NOW

TOOLS = {"search", "papers", "paper", "similar", "digest", "road", "coverage"}
Script = Callable[[Client], Awaitable[Any]]


@pytest.fixture
def filled(sessions: Sessions, roadmap: Roadmap) -> Sessions:
    """A store with thirty papers, an old id and an issue."""
    fill(sessions, roadmap, 30)
    with sessions.begin() as session:
        add_item(session, roadmap, "math/0309136", abstract="word " * 2_000)
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


def test_a_paper_is_given_whole_but_for_a_very_long_abstract(ask: Callable[..., dict[str, Any]]) -> None:
    found = ask("paper", name="arXiv:math/0309136v1")
    assert found["id"] == "math/0309136"
    assert len(found["abstract"]) <= 4_000
    assert found["topics"][0]["key"] == TOPIC
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


def test_nothing_is_similar_before_there_are_vectors(ask: Callable[..., dict[str, Any]]) -> None:
    assert ask("similar", name="math/0309136")["items"] == []


@pytest.fixture
def served(sqlite_sessions: Sessions, roadmap: Roadmap, clock: Clock) -> Iterator[str]:
    """The address of a real server on loopback over a store with one paper."""
    fill(sqlite_sessions, roadmap, 1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app = create_app(sqlite_sessions, roadmap, clock, OPTIONS)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        server.should_exit = True
        thread.join()


def test_the_official_client_asks_over_http(served: str) -> None:
    async def run() -> Any:
        async with Client(served) as client:
            return await client.call_tool("papers", {"topic": TOPIC})

    assert len(anyio.run(run).structured_content["items"]) == 1


def test_a_body_that_is_no_message_is_refused(filled: Sessions, roadmap: Roadmap, clock: Clock) -> None:
    with TestClient(create_app(filled, roadmap, clock, OPTIONS), base_url="https://road.example") as client:
        answers = [client.post("/mcp", content=b"rubbish"), client.get("/mcp")]
    assert answers[0].status_code in (400, 406, 415)
    assert (answers[1].status_code, answers[1].headers["content-type"]) == (405, "application/problem+json")
    assert all(answer.headers["content-security-policy"] == POLICY for answer in answers)


def test_the_command_speaks_over_its_standard_streams(tmp_path: Path) -> None:
    env = {**os.environ, "SHIRUBE_DATA_DIR": str(tmp_path / "var")}
    command = StdioServerParameters(command=sys.executable, args=["-m", "shirube", "mcp"], env=env)

    async def run() -> Any:
        async with Client(command) as client:
            return await client.call_tool("road", {})

    assert len(anyio.run(run).structured_content["stages"]) == 8
