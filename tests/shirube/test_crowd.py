"""Fifty readers of one small machine while it pulls, ranks and mails: nobody is refused, and the wait is stated."""

import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from db.engine import make_engine, make_sessions, reading
from db.models import Item, Rating
from db.models_mail import Outbox
from tests import memory
from tests.faults.test_mailing import Server, serving
from tests.ingest.doubles import free_port
from tests.shirube.command import CLOSED, run
from tests.shirube.conftest import MONTH, Store

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
READERS, PEOPLE = 50, 60
PAUSE = 2.0  # seconds between a reader's questions: a page is read before the next
WARMING = 25.0  # seconds before: what answers by meaning is read meanwhile, and answers are kept
IDLE = 60.0  # seconds of the figure to compare with
GROWTH = 1.05  # a server's memory at most in their last two thirds, over that at most in the first
ENOUGH = '{"read": "", "search": "", "feed": ""}'  # all readers come from one address here, and would share its limit
PATHS = (
    *("/", f"/digests/{MONTH}", "/stages/5", "/papers/2610.90001", "/topics/rag"),
    *("/api/v1/papers?limit=50", f"/api/v1/digests/{MONTH}", "/search?q=attention", "/feeds/topics/rag.atom"),
)
MAIL = {"SHIRUBE_BASE_URL": "https://road.example", "SHIRUBE_MAIL_FROM": "Shirube <digest@road.example>"}


def test_fifty_readers_while_a_pull_a_rank_and_an_outbox_run(
    final: Store, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    store, sink = final.copied(tmp_path / "crowd"), Server()
    subscribe(store)
    before = counts(store)
    with serving(sink) as smtp, served(store) as (port, process):
        env = {**store.env, **MAIL, "SHIRUBE_SMTP_URL": smtp, "SHIRUBE_MAIL_PAUSE_SECONDS": "0"}
        asked(port, after(WARMING))
        with measured(process) as held:
            idle = asked(port, after(IDLE))
        busy, ended = while_it_works(port, env, tmp_path)
    assert ended == {"pull": 0, "rank": 0, "send": 0}, errors(tmp_path)
    assert {status for status, _ in (*idle, *busy)} == {200}
    assert not [line for line in errors(tmp_path).splitlines() if "locked" in line]
    early, late = max(held[: len(held) // 3]), max(held[len(held) // 3 :])
    assert late < GROWTH * early, held
    items, rated, sent = counts(store)
    assert (items > before[0], rated > before[1], sent) == (True, True, PEOPLE)
    assert len(sink.mails) == PEOPLE
    record_property(f"memory of serve in {IDLE:.0f} s", f"{early:.0f}, then {late:.0f} MB at most")
    record_property(f"p99 of {READERS} readers, idle", f"{p99(idle):.0f} ms of {len(idle)} answers")
    record_property(
        f"p99 of {READERS} readers while it pulls, ranks and mails", f"{p99(busy):.0f} ms of {len(busy)} answers"
    )


def subscribe(store: Store) -> None:
    for number in range(PEOPLE):
        words = ("subscribers", "add", f"reader{number}@road.example", "--consent", "asked in person, 1 May 2026")
        assert run(*words, env=store.env, now=CLOSED).code == 0


def counts(store: Store) -> tuple[int, int, int]:
    """Items, ratings, and mails sent."""
    engine = make_engine(f"sqlite:///{store.folder}/shirube.db")
    with reading(make_sessions(engine)) as session:
        counted = [select(func.count()).select_from(table) for table in (Item, Rating)]
        counted.append(select(func.count()).select_from(Outbox).where(Outbox.state == "sent"))
        items, rated, sent = (session.execute(query).scalar_one() for query in counted)
    engine.dispose()
    return items, rated, sent


def command(words: Sequence[str], env: dict[str, str], said: Path) -> "subprocess.Popen[bytes]":
    clean = {key: value for key, value in os.environ.items() if not key.startswith("SHIRUBE_")}
    with said.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faults.crowd", CLOSED.isoformat(), *words],
            stdout=out, stderr=out, cwd=ROOT, env=clean | env,
        )  # fmt: skip


@contextmanager
def served(store: Store) -> Iterator[tuple[int, int]]:
    """`shirube serve`, a process of its own: its port, and its number."""
    port = free_port()
    env = {**store.env, "SHIRUBE_RATE_LIMITS": ENOUGH}
    process = command(["serve", "--port", str(port)], env, store.folder.parent / "serve.said")
    try:
        until = time.monotonic() + 180
        while not answers(port):
            assert process.poll() is None, errors(store.folder.parent)
            assert time.monotonic() < until
            time.sleep(0.2)
        yield port, process.pid
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0


@contextmanager
def measured(process: int) -> Iterator[list[float]]:
    """Note every second how much memory a process holds, in MB."""
    held: list[float] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(1):
            held.append(memory.held(process) / 1000)

    watching = threading.Thread(target=watch)
    watching.start()
    yield held
    over.set()
    watching.join()


def answers(port: int) -> bool:
    try:
        asking = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
        asking.request("GET", "/healthz")
        return asking.getresponse().status == 200
    except OSError:
        return False


def after(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def asked(port: int, enough: Callable[[], bool]) -> list[tuple[int, float]]:
    """Let readers ask one page after another until it is enough, all pages at least once: (status, seconds)."""
    found: list[tuple[int, float]] = []

    def read(number: int) -> None:
        asking = http.client.HTTPConnection(LOOPBACK, port, timeout=120)
        time.sleep(PAUSE * number / READERS)
        for step in range(10**6):
            began = time.monotonic()
            asking.request("GET", PATHS[(number + step) % len(PATHS)])
            answer = asking.getresponse()
            answer.read()
            found.append((answer.status, time.monotonic() - began))
            if step >= len(PATHS) - 1 and enough():
                break
            time.sleep(PAUSE)
        asking.close()

    threads = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def while_it_works(port: int, env: dict[str, str], folder: Path) -> tuple[list[tuple[int, float]], dict[str, int]]:
    """Ask while another month is pulled, everything is ranked again and the issue is mailed, all at once."""
    words = {
        "pull": ["pull", "--since", "2026-09-01", "--until", "2026-09-30"],
        "rank": ["rank", "--rebuild"],
        "send": ["send"],
    }
    running = {name: command(given, env, folder / f"{name}.said") for name, given in words.items()}
    found = asked(port, lambda: all(process.poll() is not None for process in running.values()))
    # What the pull brought is ranked as well, as the schedule would.
    last = command(["rank"], env, folder / "last.said").wait(timeout=600)
    return found, {name: process.wait(timeout=600) or last for name, process in running.items()}


def errors(folder: Path) -> str:
    return "\n".join(file.read_text() for file in folder.glob("*.said"))


def p99(found: list[tuple[int, float]]) -> float:
    """In milliseconds."""
    spent = sorted(seconds for _, seconds in found)
    return spent[int(len(spent) * 0.99)] * 1000
