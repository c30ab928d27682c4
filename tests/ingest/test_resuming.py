"""Imports of dumps that are cut, killed, repeated or changed: nothing is read twice, nothing is lost."""

import gzip
import io
import json
import lzma
import os
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from core.clock import Clock
from core.errors import UsageError
from db import dumps, search
from db.engine import Sessions, reading
from db.followed import EVERYTHING
from db.models import Imported, IngestError, Item, Window
from ingest.service import arriving, complete_full_text, import_snapshot, importing
from ingest.source import SourceResult
from ingest.sources import arxiv_snapshot
from tests.ingest.fake import dump
from tests.ingest.test_snapshot import line


class Killed(BaseException):
    """What a process that is killed looks like from inside: nobody catches it."""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 10)


@pytest.fixture
def lines_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the lines that were read in full."""
    read: list[str] = []
    whole = arxiv_snapshot.read_line

    def noted(raw: bytes) -> Any:
        read.append(str(arxiv_snapshot.named(raw)))
        return whole(raw)

    monkeypatch.setattr(arxiv_snapshot, "read_line", noted)
    return read


def papers(*numbers: int, **given: Any) -> list[bytes]:
    return [line(id=f"0704.{n:04d}", title=f"Brass herons {n}", **given) for n in numbers]


def written(path: Path, lines: list[bytes]) -> str:
    path.write_bytes(b"".join(lines))
    return str(path)


def killed_after(monkeypatch: pytest.MonkeyPatch, batches: int, run: Callable[[], SourceResult]) -> None:
    """Run an import whose process dies before the transaction that follows some batches."""
    whole, left = arriving.store_many, [batches]

    def dying(*given: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return whole(*given)

    with monkeypatch.context() as patched:
        patched.setattr(importing, "store_many", dying)
        with pytest.raises(Killed):
            run()


def count(sessions: Sessions) -> tuple[int, int, str, str | None]:
    """Count items and errors, and tell the state and token of the one window."""
    with reading(sessions) as session:
        items = session.scalar(select(func.count()).select_from(Item)) or 0
        errors = session.scalar(select(func.count()).select_from(IngestError)) or 0
        window = session.scalars(select(Window)).one()
    return items, errors, window.state, window.token


@pytest.mark.parametrize("suffix", ["", ".xz"])
def test_a_killed_import_goes_on_where_it_was(
    sessions: Sessions,
    clock: Clock,
    tmp_path: Path,
    lines_read: list[str],
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
) -> None:
    lines = [*papers(*range(1, 25)), b"{oops\n", *papers(*range(25, 46)), b"{oops again\n"]
    path = tmp_path / f"dump{suffix}"
    path.write_bytes(lzma.compress(b"".join(lines)) if suffix else b"".join(lines))
    killed_after(monkeypatch, 3, lambda: import_snapshot(sessions, str(path), clock))
    assert count(sessions)[:3] == (29, 1, "open")
    lines_read.clear()
    seen: list[int] = []
    result = import_snapshot(sessions, str(path), clock, on_progress=seen.append)
    assert lines_read[0] == "0704.0030"
    assert len(lines_read) == 17
    assert seen == [40, 47]
    assert (result.new, result.changed, result.unchanged, result.errors) == (45, 0, 0, 2)
    assert count(sessions) == (45, 2, "closed", None)
    with sessions.begin() as session:
        assert search.check(session) == []


def test_a_killed_import_comes_to_the_same_store(
    sessions: Sessions, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "dump", [*papers(*range(1, 35)), b"{oops\n"])
    for batches in (0, 1, 2):
        killed_after(monkeypatch, batches, lambda: import_snapshot(sessions, path, clock))
    import_snapshot(sessions, path, clock)
    assert count(sessions) == (34, 1, "closed", None)
    resumed = dump(sessions)
    import_snapshot(sessions, path, clock)
    assert dump(sessions) == resumed


def test_another_file_of_the_same_name_is_read_from_its_beginning(
    sqlite_sessions: Sessions, clock: Clock, tmp_path: Path, lines_read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "dump", [b"{oops\n", *papers(*range(1, 30))])
    killed_after(monkeypatch, 2, lambda: import_snapshot(sqlite_sessions, path, clock))
    lines_read.clear()
    written(tmp_path / "dump", papers(*range(50, 70), *range(1, 30)))
    result = import_snapshot(sqlite_sessions, path, clock)
    assert lines_read[0] == "0704.0050"
    assert len(lines_read) == 20 + 10  # of the first file, 19 papers are known by their lines
    assert (result.new, result.unchanged, result.errors) == (30, 19, 0)
    assert count(sqlite_sessions) == (49, 0, "closed", None)


def test_the_same_again_reads_no_line_and_writes_no_row(
    sessions: Sessions, clock: Clock, tmp_path: Path, lines_read: list[str]
) -> None:
    path = written(tmp_path / "dump", papers(*range(1, 30)))
    import_snapshot(sessions, path, clock)
    before = dump(sessions)
    lines_read.clear()
    again = import_snapshot(sessions, path, clock)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 29)
    assert (lines_read, dump(sessions) == before) == ([], True)


def test_a_later_dump_costs_its_changed_lines_only(
    sessions: Sessions, clock: Clock, tmp_path: Path, lines_read: list[str]
) -> None:
    import_snapshot(sessions, written(tmp_path / "june", papers(*range(1, 30))), clock)
    lines_read.clear()
    later = [*papers(1), *papers(2, comments="Accepted", update_date="2009-01-01"), *papers(*range(3, 32))]
    result = import_snapshot(sessions, written(tmp_path / "july", later), clock)
    assert lines_read == ["0704.0002", "0704.0030", "0704.0031"]
    assert (result.new, result.changed, result.unchanged) == (2, 1, 28)
    with reading(sessions) as session:
        assert session.scalars(select(Item.comment).where(Item.id == "0704.0002")).one() == "Accepted"


def test_one_paper_told_by_two_lines_settles(sessions: Sessions, clock: Clock, tmp_path: Path) -> None:
    twice = [*papers(1), *papers(*range(2, 20)), *papers(1, comments="Other")]
    path = written(tmp_path / "dump", twice)
    import_snapshot(sessions, path, clock)
    before = dump(sessions)
    again = import_snapshot(sessions, path, clock)
    assert (again.unchanged, dump(sessions) == before) == (20, True)


def test_a_line_that_names_no_paper_is_not_remembered(sqlite_sessions: Sessions, clock: Clock, tmp_path: Path) -> None:
    path = written(tmp_path / "dump", [line(title=" "), *papers(2)])
    for _ in range(2):
        assert import_snapshot(sqlite_sessions, path, clock).errors == 1
    with reading(sqlite_sessions) as session:
        assert session.scalars(select(Imported.item_id)).all() == ["0704.0002"]


def test_an_item_that_was_removed_comes_back(sqlite_sessions: Sessions, clock: Clock, tmp_path: Path) -> None:
    path = written(tmp_path / "dump", papers(1, 2))
    import_snapshot(sqlite_sessions, path, clock)
    with sqlite_sessions.begin() as session:
        session.delete(session.get_one(Item, "0704.0001"))
    assert import_snapshot(sqlite_sessions, path, clock).new == 1


def test_categories_wanted_are_part_of_what_is_resumed(
    sqlite_sessions: Sessions, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "dump", [*papers(*range(1, 20)), *papers(*range(20, 40), categories="math.CO")])
    killed_after(monkeypatch, 1, lambda: import_snapshot(sqlite_sessions, path, clock, categories=["cs.LG"]))
    result = import_snapshot(sqlite_sessions, path, clock, categories=["math.CO"])
    assert (result.new, result.unchanged) == (20, 0)
    result = import_snapshot(sqlite_sessions, path, clock)
    assert (result.new, result.unchanged) == (9, 30)


def test_full_text_left_unfilled_is_filled_by_the_next_start(
    sessions: Sessions, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "dump", papers(*range(1, 30)))
    with monkeypatch.context() as patched:
        patched.setattr(importing, "complete_full_text", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            import_snapshot(sessions, path, clock)
    with reading(sessions) as session:
        assert (search.missing(session), search.matching(session, "herons", 5)) == (29, [])
    complete_full_text(sessions)
    with sessions.begin() as session:
        assert search.check(session) == []
        assert [item_id for item_id, _ in search.matching(session, "herons 7", 1)] == ["0704.0007"]


def test_a_stream_that_breaks_leaves_what_was_read_to_be_found(
    sqlite_sessions: Sessions, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "dump.gz"
    noise = [line(id=f"0704.{n:04d}", comments=f"{n * 7919:x}" * 40) for n in range(1, 300)]
    path.write_bytes(gzip.compress(b"".join(noise))[:-200])
    with pytest.raises(UsageError, match="cannot be read to its end"):
        import_snapshot(sqlite_sessions, str(path), clock)
    with sqlite_sessions.begin() as session:
        assert search.missing(session) == 0
        assert len(search.matching(session, "herons", 500)) > 100
    assert json.loads(count(sqlite_sessions)[3] or "{}")["at"] > 0


def test_a_later_dump_of_the_same_name_goes_on_where_it_was(
    sessions: Sessions, clock: Clock, tmp_path: Path, lines_read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "dump", [b"{oops\n", *papers(*range(1, 10))])
    import_snapshot(sessions, path, clock)
    written(tmp_path / "dump", [b"{oh\n", *papers(*range(1, 10)), *papers(*range(10, 40)), b"{oh no\n"])
    killed_after(monkeypatch, 2, lambda: import_snapshot(sessions, path, clock))
    assert count(sessions)[:3] == (19, 1, "open")
    lines_read.clear()
    result = import_snapshot(sessions, path, clock)
    assert lines_read[0] == "0704.0020"
    assert (result.new, result.unchanged, result.errors) == (30, 9, 2)
    assert count(sessions) == (39, 2, "closed", None)


def test_a_dump_interrupted_tells_up_to_which_day_all_of_it_goes(
    sqlite_sessions: Sessions, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = papers(1, update_date="2009-03-04")
    path = written(tmp_path / "dump", [*newest, *papers(*range(2, 20))])
    killed_after(monkeypatch, 1, lambda: import_snapshot(sqlite_sessions, path, clock))
    with reading(sqlite_sessions) as session:
        assert (
            dumps.newest_day(session, EVERYTHING) is None
        )  # what lies behind may be older or newer: nothing is known yet
    import_snapshot(sqlite_sessions, path, clock)
    with reading(sqlite_sessions) as session:
        assert dumps.newest_day(session, EVERYTHING) == date(2009, 3, 4)


@pytest.mark.parametrize("way", ["stream", "file"])
@pytest.mark.parametrize("batches", [1, 2, 3])
def test_a_dump_that_cannot_be_resumed_comes_to_its_newest_day_all_the_same(
    sqlite_sessions: Sessions, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, batches: int
) -> None:
    """Lines that the broken-off reading had stored were passed over, and their days with them."""
    path = written(tmp_path / "dump", [*papers(1, update_date="2009-03-04"), *papers(*range(2, 32))])

    def run() -> SourceResult:
        os.utime(path, (batches, next(times)))  # fetched again
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(Path(path).read_bytes())))
            return import_snapshot(sqlite_sessions, "-" if way == "stream" else path, clock)

    times = iter((1, 2))
    killed_after(monkeypatch, batches, run)
    run()
    with reading(sqlite_sessions) as session:
        assert dumps.newest_day(session, EVERYTHING) == date(2009, 3, 4)


def test_the_day_of_a_line_that_is_passed_over_is_the_one_it_was_read_for() -> None:
    quoting = line(abstract='We write "update_date": "2031-01-01" and mean it', update_date="2009-03-04")
    assert arxiv_snapshot.updated(quoting) == "2009-03-04"
    assert arxiv_snapshot.updated(line(update_date=None)) is None
    assert arxiv_snapshot.updated(b'{"id": "0704.0001"}') is None
