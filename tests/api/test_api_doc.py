"""Every curl example of docs/api.md and docs/feeds.md, run as it is printed against the real server."""

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from api.app import create_app
from core.apikeys import make_key
from core.clock import Clock
from db import keys
from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS
from tests.api.factory import add_item, fill, make_issue
from tests.api.people import KEYS, Post
from tests.conftest import NOW

DOCS = Path(__file__).resolve().parents[2] / "docs"
WRITTEN = "http://127.0.0.1:8000"
CURL = shutil.which("curl")


def examples() -> list[str]:
    """List the commands, each once."""
    blocks = [block for name in ("api.md", "feeds.md") for block in _blocks(DOCS / name)]
    return list(dict.fromkeys(line for block in blocks for line in block.splitlines() if line.startswith("curl")))


def _blocks(file: Path) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def address(sqlite_sessions: Sessions, roadmap: Roadmap, clock: Clock, tmp_path: Path) -> Iterator[str]:
    """A server of this process over a store that holds what the examples ask for; its key lies in key.txt."""
    fill(sqlite_sessions, roadmap, 3, topics={"rag": 0.9}, labs={"qwen": 0.9})
    key = make_key()
    with sqlite_sessions.begin() as session:
        for item_id in ("1706.03762", "math/0309136"):
            add_item(session, roadmap, item_id)
        keys.add(session, key.prefix, key.hash, "the examples", ["feedback:read"], NOW)
    (tmp_path / "key.txt").write_text(key.text, encoding="ascii")
    make_issue(sqlite_sessions, roadmap, "2026-06", NOW)
    options = replace(OPTIONS, base_url=WRITTEN, secret_keys=KEYS)
    server = uvicorn.Server(
        uvicorn.Config(create_app(sqlite_sessions, roadmap, clock, options, Post()), port=0, log_level="warning")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(30)


@pytest.mark.skipif(CURL is None, reason="no curl on this machine: the examples of docs/api.md are not run")
def test_every_example_is_answered_well(address: str, tmp_path: Path) -> None:
    assert len(examples()) > 30
    for line in examples():
        command = line.replace(WRITTEN, address).replace(
            "curl", "curl -sS --fail-with-body -w '%{stderr}%{http_code}'", 1
        )
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        status = 304 if "--etag-compare" in line or " -z " in line else 202 if "--json" in line else 200
        assert done.stderr.endswith(str(status)), f"{line}: {done.stderr}"
