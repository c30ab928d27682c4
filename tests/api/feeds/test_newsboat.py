"""A feed reader that people use reads our feeds from a running server: newsboat (https://newsboat.org)."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

from core.clock import Clock
from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.factory import TOPIC
from tests.api.feeds.store import address, fill_all
from tests.api.live import serving

NEWSBOAT = shutil.which("newsboat")
pytestmark = pytest.mark.skipif(NEWSBOAT is None, reason="no newsboat here: no feed reader read the feeds")
Stored = list[tuple[str, str, str, str, str]]


@pytest.mark.parametrize("suffix", ["atom", "rss"])
def test_newsboat_reads_every_feed_and_finds_nothing_new_the_second_time(
    sqlite_sessions: Sessions, roadmap: Roadmap, clock: Clock, tmp_path: Path, suffix: str
) -> None:
    ids = fill_all(sqlite_sessions, roadmap, 3)
    names = (f"topics/{TOPIC}", "digests", "picks", "search")
    with serving(sqlite_sessions, roadmap, clock) as base:
        urls = [base + address(name, suffix) for name in names]
        first = _reload(tmp_path, urls)
        again = _reload(tmp_path, urls)
    expected = {f"tag:shirube,2026:{item_id}" for item_id in ids} | {"tag:shirube,2026:digests/2026-06"}
    assert {row[0] for row in first} == expected
    assert again == first
    guid, title, author, url, content = next(row for row in first if row[0].endswith("00001"))
    assert (title, author) == ("A clockwork heron, part 2606.00001", "Ada Moorhen, Ivo Plover")
    assert url.endswith("/papers/2606.00001")
    assert "when the router forgets them" in content, guid


def test_newsboat_takes_in_the_list_of_all_feeds(
    sqlite_sessions: Sessions, roadmap: Roadmap, clock: Clock, tmp_path: Path
) -> None:
    with serving(sqlite_sessions, roadmap, clock) as base, urlopen(f"{base}/feeds.opml") as answer:
        (tmp_path / "feeds.opml").write_bytes(answer.read())
    (tmp_path / "urls").write_text("")
    _newsboat(tmp_path, "-i", str(tmp_path / "feeds.opml"))
    taken = (tmp_path / "urls").read_text(encoding="utf-8")
    assert taken.count("/feeds/") == 2 + 8 + len(roadmap.topics) + len(roadmap.labs)


def _reload(folder: Path, urls: list[str]) -> Stored:
    (folder / "urls").write_text("\n".join(urls) + "\n")
    _newsboat(folder, "-x", "reload")
    with closing(sqlite3.connect(folder / "cache.db")) as cache:
        return cache.execute("SELECT guid, title, author, url, content FROM rss_item ORDER BY guid, feedurl").fetchall()


def _newsboat(folder: Path, *arguments: str) -> None:
    """Run newsboat with files of its own; it asks nobody but the addresses it is given."""
    (folder / "config").touch()
    own = ["-u", str(folder / "urls"), "-c", str(folder / "cache.db"), "-C", str(folder / "config")]
    kept = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    done = subprocess.run([str(NEWSBOAT), *own, *arguments], env=kept, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
