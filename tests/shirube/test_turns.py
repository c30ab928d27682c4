"""The book of turns in the database, by the real clock: two books as two processes have them, and who still lives."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.errors import SourceError
from db.engine import Sessions, make_engine, make_sessions
from db.storing import hold
from shirube import turns
from shirube.settings import load_settings
from shirube.turns import SharedTurns, identity, is_gone
from shirube.wiring import Wiring

ARXIV = "arxiv.org"
PROC = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="this system has no /proc")


def book(sessions: Sessions) -> SharedTurns:
    """A book as one process has it."""
    return SharedTurns(lambda: sessions)


def test_two_books_take_turns(sessions: Sessions) -> None:
    mine, yours = book(sessions), book(sessions)
    assert mine.claim(ARXIV, 3, 150) == 0
    assert 0 < yours.claim(ARXIV, 3, 150) <= 0.1
    mine.give_back(ARXIV, 1)
    assert 1.5 < yours.claim(ARXIV, 3, 150) <= 2
    assert yours.claim(ARXIV, 0.5, 150) == 0


def test_a_pause_is_known_to_both_and_forgotten_by_either(sessions: Sessions) -> None:
    mine, yours = book(sessions), book(sessions)
    assert yours.paused(ARXIV) is None
    mine.pause(ARXIV, 60, "status 503")
    yours.resume(ARXIV)  # not over yet
    pause = yours.paused(ARXIV)
    assert pause is not None
    assert 50 < pause.seconds <= 60
    assert pause.why == "status 503"
    mine.pause("another", 0, "status 500")
    over = yours.paused("another")
    assert over is not None
    assert over.seconds <= 0
    yours.resume("another")
    assert mine.paused("another") is None


def test_a_clock_set_back_prolongs_no_pause(sessions: Sessions) -> None:
    now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    hour = [now]
    shared = SharedTurns(lambda: sessions, lambda session: hour[0])
    shared.pause(ARXIV, 60, "status 503")
    hour[0] = now - timedelta(hours=2)
    pause = shared.paused(ARXIV)
    assert pause is not None
    assert pause.seconds == 60
    hour[0] += timedelta(seconds=61)
    assert (over := shared.paused(ARXIV)) is not None
    assert over.seconds <= 0


def test_a_turn_is_booked_while_another_process_writes(sessions: Sessions) -> None:
    """PostgreSQL at once; SQLite, which has one writer, as soon as that one is done."""
    sqlite = sessions.kw["bind"].dialect.name == "sqlite"
    booked: list[float] = []
    thread = threading.Thread(target=lambda: booked.append(book(sessions).claim(ARXIV, 3, 150)))
    with sessions.begin() as session:
        hold(session)
        session.execute(text("UPDATE item SET title = title"))
        thread.start()
        thread.join(0.3 if sqlite else 30)
        assert booked == ([] if sqlite else [0])
    thread.join(30)
    assert booked == [0]


def test_nobody_asks_where_a_turn_cannot_be_booked(sqlite_sessions: Sessions) -> None:
    engine = make_engine(sqlite_sessions.kw["bind"].url.render_as_string())
    impatient = make_sessions(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    with sqlite_sessions.begin() as session:
        session.connection()  # the one writer
        with pytest.raises(SourceError, match=r"Whose turn it is at arxiv\.org cannot be told") as refused:
            book(impatient).claim(ARXIV, 3, 150)
    assert isinstance(refused.value.__cause__, OperationalError)
    assert "database" in refused.value.advice
    engine.dispose()


@PROC
def test_this_process_lives_and_one_that_ended_is_gone() -> None:
    assert not is_gone(identity())
    program = "import sys; from shirube.turns import identity; print(identity(), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        holder = child.stdout.readline().strip()
        assert not is_gone(holder)
        child.kill()
        _until(lambda: is_gone(holder))  # dead, and nobody has asked for how it ended yet
    assert is_gone(holder)


@PROC
def test_the_turn_of_a_process_that_was_killed_is_not_waited_for(sessions: Sessions) -> None:
    dead = book(sessions)
    dead._holder = "/".join((*identity().split("/")[:2], "4194303", "1", "00000000"))  # above the highest process id
    assert dead.claim(ARXIV, 0.2, 150) == 0
    alive = book(sessions)
    assert 0 < alive.claim(ARXIV, 0.2, 150) <= 0.2  # it may have asked at this very moment
    time.sleep(0.2)
    assert alive.claim(ARXIV, 0.2, 150) == 0


@PROC
@pytest.mark.parametrize("change", [{0: "another-boot"}, {1: "pid:[1]"}, {3: ""}, {2: "x"}])
def test_who_cannot_be_seen_from_here_is_not_called_gone(change: dict[int, str]) -> None:
    parts = identity().split("/")
    parts[2] = "4194303"
    assert is_gone("/".join(parts))
    for place, part in change.items():
        parts[place] = part
    assert not is_gone("/".join(parts))
    assert not is_gone("a name of an older version")


@PROC
def test_a_process_number_that_was_given_again_does_not_keep_a_turn() -> None:
    parts = identity().split("/")
    parts[3] = "1"  # another start than this process has
    assert is_gone("/".join(parts))


def test_without_proc_nobody_is_called_gone(tmp_path: os.PathLike[str]) -> None:
    with mock.patch.object(turns, "_PROC", tmp_path):
        mine = identity()
        assert mine.split("/")[:2] == ["", ""]
        assert not is_gone(mine)


@pytest.mark.parametrize(
    ("changed", "urls"),
    [({}, ("https://export.arxiv.org/api/query?x=1", "https://oaipmh.arxiv.org/oai", "https://rss.arxiv.org/rss/cs.CL")),
     ({"arxiv_url": "http://127.0.0.1:9", "oai_url": "http://127.0.0.1:9/oai",
       "arxiv_rss_url": "https://mirror.example/rss"},
      ("http://127.0.0.1:9/api/query", "http://127.0.0.1:9/oai", "https://mirror.example/rss/cs.CL"))],
    ids=["arxiv.org", "stand-ins"],
)  # fmt: skip
def test_arxivs_three_services_are_one_place_wherever_they_are(
    tmp_path: Path, changed: dict[str, str], urls: tuple[str, ...]
) -> None:
    guard = Wiring(load_settings(data_dir=tmp_path, arxiv_delay_seconds=2.5, **changed)).guard
    assert {(guard._lanes.of(url).name, guard._lanes.of(url).delay) for url in urls} == {("arxiv.org", 2.5)}
    for other in ("https://huggingface.co/api", "http://127.0.0.1:9/api/v1/papers/", "https://notarxiv.org/"):
        assert guard._lanes.of(other).delay == 0
    guard.close()
    assert list(tmp_path.iterdir()) == []  # who asks nobody needs no database


def _until(happens: Callable[[], bool]) -> None:
    for _ in range(500):
        if happens():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen within 5 s")
