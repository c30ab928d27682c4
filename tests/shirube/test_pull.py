"""`shirube pull` says what it will ask and about how long, can be stopped and gone on with, and sums up each source."""

import json
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from sqlalchemy import func, select

from db.models import Item, Window
from ingest.results import Progress
from ingest.source import SourceResult
from ingest.source import Window as Stretch
from shirube.telling import Due, Pace, came_to, duration, place, plan, stopped
from tests.shirube.command import DRAFT, run
from tests.shirube.conftest import Store
from tests.shirube.test_digest import Stopped, state
from tests.snapshot import snapshot_line
from tests.upstream import Upstream

LAST = date(2026, 10, 31)


def due(source: str, days: int, delay: float = 0.0, counted: int = 0) -> Due:
    """What is due of a source: its last days, the newest of them only to be counted."""
    found = Due(source, delay)
    for n in range(days):
        day = LAST - timedelta(days=n)
        found.add(Stretch(source, "main", day, day), counted=n < counted)
    return found


def test_a_backfill_says_first_how_many_windows_and_requests_and_how_long() -> None:
    lines = plan([due("arxiv", 669, delay=3.0), due("hf", 669), due("labs", 0)])
    assert lines[0] == "arXiv: 669 windows due, 2026-10-31 back to 2025-01-01; about 1,338 requests, 3 s apart"
    assert lines[1].startswith("Daily Papers: 669 windows due")
    assert "About 1 h 7 min for the pauses that arXiv asks for" in lines[2]
    assert len(lines) == 3


def test_counting_costs_one_request_and_short_work_needs_no_estimate() -> None:
    (line,) = plan([due("arxiv", 3, delay=3.0, counted=2)])
    assert line == (
        "arXiv: 3 windows due, 2026-10-31 back to 2026-10-29, 2 of them only counted; about 4 requests, 3 s apart"
    )
    assert plan([due("arxiv", 0, delay=3.0)]) == ["Nothing is due: everything asked for is complete."]


def test_what_is_left_follows_the_pace_measured_and_never_beats_the_delay() -> None:
    pace = Pace([due("arxiv", 100, delay=3.0), due("hf", 10)], 0.0)
    assert pace.left() == ", about 10 min left"  # 200 requests, 3 s apart
    for n in range(1, 11):
        pace.note("arxiv", 12.0 * n)
    assert pace.left() == ", about 18 min left"  # 90 windows at 12 s
    quick = Pace([due("arxiv", 100, delay=3.0)], 0.0)
    quick.note("arxiv", 0.1)
    assert quick.seconds() == pytest.approx(99 * 3.0)
    for n in range(99):
        quick.note("arxiv", 0.2 + n)
    assert quick.left() == ""


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (59, "59 s"), (61, "2 min"), (3600, "1 h 0 min"), (12_000, "3 h 20 min")]
)
def test_a_time_is_written_as_people_say_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_window_under_way_says_how_far_it_is() -> None:
    window = Stretch("arxiv", "api", LAST, LAST)
    assert place(Progress(window, 500, 1712)) == " arXiv 2026-10-31: 500 of 1,712"
    assert place(Progress(window, 500, None)) == " arXiv 2026-10-31: 500"


def test_a_failure_stands_below_the_table_with_its_advice_and_nothing_is_wider_than_a_terminal() -> None:
    failing = SourceResult(
        "arxiv", 1_234_567, 20, 1_234_567, 12, 669, 3, failure=f"answered\x1b[31m {'no ' * 60}", advice="Try later"
    )
    lines = came_to([failing, SourceResult("hf", 3, windows_closed=1)])
    assert max(map(len, lines)) <= 79
    assert lines[1].split() == ["arxiv", "1,234,567", "20", "1,234,567", "12", "669", "3"]
    said = " ".join(lines)
    assert r"arXiv: answered\x1b[31m" in said
    assert "Try later" in said
    assert lines[-1].startswith("What is open is asked again")


def test_a_stop_says_what_is_kept_and_how_to_go_on() -> None:
    results = [SourceResult("arxiv", new=400, windows_closed=12, windows_open=657), SourceResult("hf", new=5)]
    assert stopped(results, "shirube pull --since 2025-01-01") == (
        "Stopped; what was read is kept: 405 new, 12 windows complete, 657 still open. "
        "Go on with: shirube pull --since 2025-01-01"
    )


def test_ctrl_c_keeps_what_came_and_the_command_it_names_goes_on(empty: dict[str, str], up: Upstream) -> None:
    words = ("pull", "--source", "arxiv", "--since", "2026-10-01")
    ended = run(*words, env=empty, wiring=Stopped)
    assert ended.code == 3
    assert "Go on with: shirube pull --source arxiv --since 2026-10-01" in ended.err
    assert ended.lines[1].split()[5] == "2"
    assert int(ended.lines[1].split()[6]) >= 29
    store = Store(up, empty, ended)
    kept = state(store, select(func.count()).select_from(Item))[0][0]
    assert kept > 0
    asked = len(up.requests("/api/query"))
    again = run(*words, env=empty)
    assert again.code == 0
    assert "arXiv: 29 windows due, 2026-10-29 back to 2026-10-01" in again.err
    assert len(up.requests("/api/query")) - asked <= 2 * 29
    assert set(state(store, select(Window.state).where(Window.channel == "api"))) == {("closed",)}


def test_what_a_pull_came_to_as_values(empty: dict[str, str], up: Upstream) -> None:
    up.fault("/api/daily_papers", status=503)
    words = ("pull", "--source", "hf", "--source", "arxiv", "--since", "2026-10-30", "--until", "2026-10-31", "--json")
    ended = run(*words, env=empty)
    assert ended.code == 3
    found = json.loads(ended.out)
    assert (found["since"], found["until"], found["interrupted"]) == ("2026-10-30", "2026-10-31", False)
    hf, arxiv = found["sources"]
    assert set(hf) == {
        "source", "new", "changed", "unchanged", "errors", "passed_over", "noted", "windows_closed", "windows_open",
        "failure", "unreachable", "advice",
    }  # fmt: skip
    assert (hf["source"], hf["windows_open"], arxiv["failure"]) == ("hf", 2, None)
    assert "503" in hf["failure"]
    assert arxiv["new"] > 0


def test_without_a_day_it_goes_back_over_what_was_asked_before(empty: dict[str, str], up: Upstream) -> None:
    first = json.loads(run("pull", "--source", "arxiv", "--json", env=empty).out)
    assert first["since"] == "2026-10-01"
    run("pull", "--source", "arxiv", "--since", "2026-09-20", "--until", "2026-09-21", env=empty)
    later = DRAFT + timedelta(days=8)
    ended = run("pull", "--source", "arxiv", "--json", env=empty, now=later)
    assert json.loads(ended.out)["since"] == "2026-09-20"
    assert "of them only counted" in ended.err


@pytest.mark.parametrize(("newest", "first"), [("2026-09-20", "2026-09-20"), ("2026-08-01", "2026-10-01")])
def test_after_an_import_it_goes_on_where_the_dump_ends_if_that_is_not_long_ago(
    empty: dict[str, str], up: Upstream, tmp_path: Path, newest: str, first: str
) -> None:
    dump = tmp_path / "dump.json"
    dump.write_bytes(snapshot_line({"id": "2607.00001", "title": "Slow tides", "published": newest}))
    assert run("import", "arxiv-snapshot", str(dump), env=empty).code == 0
    up.log.clear()
    pulled = json.loads(run("pull", "--source", "arxiv", "--json", env=empty, now=DRAFT).out)
    assert pulled["since"] == first
    days = {parse_qs(request.query)["from"][0] for request in up.log if request.path == "/oai"}
    assert min(days) == first


def test_a_feed_that_goes_by_months_draws_no_other_source_back(empty: dict[str, str]) -> None:
    now = DRAFT + timedelta(days=8)
    run("pull", "--source", "labs", "--source", "hf", "--since", "2026-10-25", "--until", "2026-10-26", env=empty)
    found = json.loads(run("pull", "--source", "labs", "--source", "hf", "--json", env=empty, now=now).out)
    assert found["since"] == "2026-10-25"
    (labs, _) = found["sources"]
    assert labs["windows_closed"] > 5  # both months of every feed


def test_nothing_due_says_so_and_asks_nobody(mine: Store) -> None:
    run("pull", "--since", "2026-10-01", env=mine.env)  # what a digest has no use for: changes, announcements
    asked = len(mine.up.log)
    ended = run("pull", "--source", "hf", "--source", "labs", "--since", "2026-10-01", env=mine.env)
    assert (ended.code, len(mine.up.log)) == (0, asked)
    assert ended.err == "Nothing is due: everything asked for is complete.\n"
