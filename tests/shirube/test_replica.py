"""A replica whose folder may not be written: PostgreSQL holds the rows, another machine makes the files."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.clock import Clock
from db import scores
from db.engine import Sessions
from ranking.service import vector_matrix
from roadmap.model import Roadmap
from tests.api.factory import add_item
from tests.conftest import NOW
from tests.ingest.doubles import free_port

MODEL = "all-MiniLM-L6-v2"
PATIENCE = 120.0  # seconds for what a busy machine does in a few
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
AS_ROOT = () if os.geteuid() == 0 else ("--map-root-user",)
ALONE = ("unshare", *AS_ROOT, "--mount", "sh", "-c", READ_ONLY)
IDS = ("2606.00001", "2606.00002", "2606.00003")

pytestmark = pytest.mark.postgres


def can_mount(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*ALONE, str(folder), "true"], capture_output=True).returncode == 0


@pytest.fixture
def filled(postgres_sessions: Sessions, roadmap: Roadmap, clock: Clock, tmp_path: Path) -> Path:
    """Three papers, and a folder with the matrix of their vectors, as another machine made it."""
    rows = np.random.default_rng(1).normal(size=(3, 384)).astype(np.float32)
    with postgres_sessions.begin() as session:
        for number, item_id in enumerate(IDS, 1):
            add_item(session, roadmap, item_id, title=f"Clockwork herons, part {number}", abstract=None)
        values = [
            {"item_id": item_id, "text_hash": "0" * 32, "vector": row.astype("<f2").tobytes(), "made_at": NOW}
            for item_id, row in zip(IDS, rows / np.linalg.norm(rows, axis=1, keepdims=True), strict=True)
        ]
        scores.save_vectors(session, f"{MODEL}@fp32", [{**row, "model": f"{MODEL}@fp32"} for row in values])
    folder = tmp_path / "shipped"
    vector_matrix(postgres_sessions, MODEL, folder / "cache")
    return folder


@pytest.fixture
def replica(filled: Path, postgres_sessions: Sessions) -> Iterator[str]:
    """The web service over that folder, mounted read-only; gives its address."""
    if not can_mount(filled):
        pytest.skip("this machine lets nobody mount a folder read-only (unshare --mount)")
    port = free_port()
    env = {key: value for key, value in os.environ.items() if not key.startswith("SHIRUBE_")} | {
        "SHIRUBE_DATA_DIR": str(filled),
        "SHIRUBE_DATABASE_URL": postgres_sessions.kw["bind"].url.render_as_string(hide_password=False),
        "SHIRUBE_SECRET_KEY": "a key for this test alone, and nothing else",
        "SHIRUBE_BASE_URL": "https://road.example",
        "SHIRUBE_ALLOWED_HOSTS": '["127.0.0.1"]',
        "SHIRUBE_MAIL_FROM": "digest@road.example",
        "SHIRUBE_SMTP_URL": f"smtp://127.0.0.1:{free_port()}?starttls=never",  # nobody listens: letters wait
    }
    words = [sys.executable, "-m", "shirube", "serve", "--port", str(port)]
    with (filled.parent / "said.txt").open("w+") as said:
        process = subprocess.Popen([*ALONE, str(filled), *words], env=env, stderr=said)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(PATIENCE)
            said.seek(0)
            assert "Traceback" not in said.read()


def ask(url: str, **sent: object) -> Any:
    """Ask until somebody answers."""
    body = json.dumps(sent).encode() if sent else None
    end = time.monotonic() + PATIENCE
    while True:
        try:
            request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as refused:
            pytest.fail(f"{url}: {refused.code} {refused.read().decode()}")
        except OSError:
            assert time.monotonic() < end, "it does not answer"
            time.sleep(0.1)


def test_a_replica_reads_the_matrix_that_was_shipped_and_takes_sign_ups(replica: str, filled: Path) -> None:
    assert {item["id"] for item in ask(f"{replica}/api/v1/papers")["items"]} == set(IDS)
    end = time.monotonic() + PATIENCE
    while not (near := ask(f"{replica}/api/v1/papers/{IDS[0]}/similar")["items"]):
        assert time.monotonic() < end, "the matrix is not read"
        time.sleep(0.2)
    assert {item["id"] for item in near} == set(IDS[1:])
    assert ask(f"{replica}/api/v1/search?q=herons")["items"]
    ask(f"{replica}/api/v1/subscriptions", email="reader@example.org")
    assert [file.name for file in filled.iterdir()] == ["cache"], "nothing was written"
