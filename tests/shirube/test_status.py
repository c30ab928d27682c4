"""`shirube status`: the ledger as the digest itself reads it, day by day, and what is being done about each gap."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.months import days
from db import holds
from db.engine import make_engine, make_sessions
from db.migrate import upgrade
from db.models import Window
from shirube import calendar, terminal
from tests.shirube.command import CLOSED, DRAFT, run
from tests.shirube.conftest import MONTH, Store
from tests.upstream import Upstream

GAP, BROKEN = "2026-10-13", "2026-10-22"
FAILED = ("2026-10-05", "2026-10-06", "2026-10-07")
MONDAY = "             Mon 12    Tue 13    Wed 14    Thu 15    Fri 16    Sat 17    Sun 18"


@pytest.fixture(scope="module")
def october_with_gaps(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """October with a short day, an unreadable entry and three days of Daily Papers that failed; only to be read."""
    env = {**up.environment(), "SHIRUBE_DATA_DIR": str(tmp_path_factory.mktemp("gaps") / "var")}
    up.fault("/api/query", "short-page", containing=GAP.replace("-", "") + "0000")
    up.fault("/api/query", "malformed-middle", containing=BROKEN.replace("-", "") + "0000")
    for day in FAILED:
        up.fault("/api/daily_papers", status=500, containing=day)
    made = run("pull", "--since", "2026-10-01", env=env)
    up.clear_faults()
    return Store(up, env, made)


def told(store: Store, *words: str, now: datetime = DRAFT) -> list[str]:
    ended = run("status", *words, env=store.env, now=now)
    assert (ended.code, ended.err) == (0, "")
    return ended.lines


def values(store: Store, *words: str, now: datetime = DRAFT) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("status", "--json", *words, env=store.env, now=now).out)
    return found


def test_status_names_open_days_states_and_sources_never_asked(empty: dict[str, str], up: Upstream) -> None:
    up.fault("/api/daily_papers", status=503)
    words = ("pull", "--source", "hf", "--source", "arxiv", "--since", "2026-10-05", "--until", "2026-10-06")
    assert run(*words, env=empty).code == 3
    found = json.loads(run("status", "--json", env=empty, now=DRAFT).out)
    sources = {source["source"]: source for source in found["months"][0]["sources"]}
    assert {name: source["state"] for name, source in sources.items()} == {
        "arxiv": "complete", "hf": "failed", "pwc": "absent", "labs": "absent",
    }  # fmt: skip
    assert sources["hf"]["missing_days"] == [f"2026-10-0{day}" for day in range(1, 7)]
    assert sources["arxiv"]["missing_days"] == [f"2026-10-0{day}" for day in range(1, 5)]
    assert "503" in sources["hf"]["error"]
    hf, arxiv = sources["hf"], sources["arxiv"]
    assert (hf["windows"], hf["windows_closed"], hf["expected"], hf["received"]) == (2, 0, None, 0)
    assert (arxiv["windows"], arxiv["windows_closed"]) == (2, 2)
    assert arxiv["expected"] == arxiv["received"] > 0
    assert found["last_reads"] == {"arxiv": "2026-10-31T22:00:00Z"}
    assert found["months"][1]["sources"] == []
    lines = run("status", env=empty, now=DRAFT).lines
    assert any(line.startswith("arXiv: last read in full 2026-10-31 22:00, ") for line in lines)


def test_a_week_is_a_row_and_a_day_says_how_it_stands(october_with_gaps: Store) -> None:
    lines = told(october_with_gaps, "--month", MONTH)
    week = lines[lines.index(MONDAY) :][:7]
    assert [line[:9].strip() for line in week[1:]] == ["arxiv", "expected", "missing", "hf", "pwc", "labs"]
    assert week[1][9:29] == " + C    10 ! P     5"
    assert week[2][9:29].split() == ["10", "6"]
    assert week[3].split() == ["missing", "1"]
    assert max(map(len, lines)) <= 79
    first = lines[lines.index("") + 2 :]
    assert [line.strip() for line in first if line.strip().startswith("Thu  1")]


def test_an_empty_hole_in_the_calendar_is_no_zero(october_with_gaps: Store) -> None:
    lines = told(october_with_gaps, "--month", MONTH)
    failing = next(line for line in lines if line.startswith("hf") and "x F" in line)
    assert failing[9:39].split() == ["x", "F"] * 3


def test_every_gap_says_what_came_why_and_what_is_done_about_it(october_with_gaps: Store) -> None:
    said = " ".join(" ".join(told(october_with_gaps, "--month", MONTH)).split())
    assert f"arxiv api {GAP}: in part, 5 of 6 received, 1 missing;" in said
    assert "hf daily 2026-10-05 to 2026-10-07: failed;" in said
    assert "hf daily 2026-10-01 to 2026-10-04: to be read. Asked at the next pull." in said
    assert "arxiv api: 29 recounted from 2026-11-01 18:00 on" in said


def test_the_same_as_values_under_names_that_stay(october_with_gaps: Store) -> None:
    found = values(october_with_gaps, "--month", MONTH)
    names = {"version", "at", "scheduler", "stored", "mail", "issues", "months", "last_reads", "waiting_for_a_vector"}
    assert set(found) == names
    assert found["scheduler"] == {"state": "never", "last_tick": None}
    (month,) = found["months"]
    assert set(month) == {
        "month", "issue", "papers", "ranked", "recorded", "sources", "days", "channels", "gaps", "next",
    }  # fmt: skip
    day = month["days"][12]
    assert (day["day"], day["stored"]) == (GAP, 6)
    assert day["sources"]["arxiv"] == {
        "state": "partial", "expected": 6, "received": 5, "missing": 1, "unreadable": 0,
    }  # fmt: skip
    assert day["sources"]["pwc"]["received"] is None
    gap = next(gap for gap in month["gaps"] if gap["source"] == "arxiv")
    assert (gap["from"], gap["to"], gap["state"], gap["expected"], gap["received"], gap["missing"]) == (
        GAP, GAP, "partial", 6, 5, 1,
    )  # fmt: skip
    assert gap["next"] == {"kind": "retry", "at": "2026-10-31T22:00:00Z", "says": "asked again at the next pull"}
    arxiv = next(source for source in month["sources"] if source["source"] == "arxiv")
    assert (arxiv["missing"], arxiv["unreadable"], arxiv["days"], arxiv["days_complete"]) == (1, 1, 31, 30)
    assert sum(day["sources"]["arxiv"]["received"] for day in month["days"]) == arxiv["received"]


def test_the_last_day_waits_for_its_end_and_old_gaps_name_the_pull_that_asks(october_with_gaps: Store) -> None:
    (month,) = values(october_with_gaps, "--month", MONTH)["months"]
    assert month["days"][-1]["sources"]["arxiv"]["state"] == "growing"
    waiting = {"kind": "waits-for-the-day-to-end", "windows": 1, "at": "2026-11-01T18:00:00Z"}
    assert {"source": "arxiv", "list": "api", **waiting} in month["next"]
    (later,) = values(october_with_gaps, "--month", MONTH, now=DRAFT + timedelta(days=90))["months"]
    gap = next(gap for gap in later["gaps"] if gap["source"] == "arxiv")
    assert gap["next"]["says"] == f"asked again by: shirube pull --source arxiv --since {GAP} --until {GAP}"


def test_days_nobody_asked_about_name_the_command_that_asks(empty: dict[str, str], up: Upstream) -> None:
    run("pull", "--source", "arxiv", "--since", "2026-10-05", "--until", "2026-10-06", env=empty)
    lines = told(Store(up, empty, run("status", env=empty)), "--month", MONTH)
    said = " ".join(" ".join(lines).split())
    wanted = "To ask: shirube pull --source arxiv --since 2026-10-07 --until 2026-10-31."
    assert f"arxiv 2026-10-07 to 2026-10-31: not asked. {wanted}" in said


def test_a_recorded_month_shows_what_is_stored_and_that_nobody_was_asked(empty: dict[str, str], up: Upstream) -> None:
    assert run("pull", "--source", "recorded", "--since", "2026-06-01", "--until", "2026-06-30", env=empty).code == 0
    store = Store(up, empty, run("status", env=empty))
    (month,) = values(store, "--month", "2026-06")["months"]
    assert month["recorded"] == month["papers"] > 7000
    assert [source["source"] for source in month["sources"]] == ["recorded"]
    assert sum(day["stored"] for day in month["days"]) <= month["papers"]
    assert all(day["stored"] for day in month["days"])
    lines = told(store, "--month", "2026-06")
    assert any(line.endswith("of them recorded, 0 ranked") for line in lines)
    assert "No source was asked about this month." in " ".join(lines)
    assert "arxiv" not in "".join(lines)
    assert max(map(len, lines)) <= 79


def test_a_month_without_anything_is_one_line(october_with_gaps: Store) -> None:
    lines = told(october_with_gaps)
    assert lines[lines.index("2026-09, 2026-08: nothing stored, no source asked") + 1] == ""
    assert "+ C" not in "".join(told(october_with_gaps, "--month", "2026-08"))


def test_a_list_of_announcements_that_failed_is_told_and_leaves_the_calendar_alone(mine: Store) -> None:
    day = date(2026, 10, 20)
    engine = make_engine(f"sqlite:///{mine.folder / 'shirube.db'}")
    with make_sessions(engine).begin() as session:
        session.add(
            Window(source="arxiv", channel="rss:cs.CL", from_day=day, to_day=day, state="error", error="stale: old")
        )
    engine.dispose()
    (month,) = values(mine, "--month", MONTH)["months"]
    assert {row["sources"]["arxiv"]["state"] for row in month["days"]} == {"complete", "growing"}
    assert next(source for source in month["sources"] if source["source"] == "arxiv")["state"] == "complete"
    told_of = [channel for channel in month["channels"] if channel["channel"] == "rss:cs.CL"]
    assert [(channel["windows_closed"], channel["windows"]) for channel in told_of] == [(0, 1)]
    gap = next(gap for gap in month["gaps"] if gap["channel"] == "rss:cs.CL")
    assert gap["next"] == {
        "kind": "none", "at": None, "says": "not asked again: no source in use gives these days any more",
    }  # fmt: skip
    ended = run("digest", MONTH, "--offline", "--format", "text", "--out", "-", env=mine.env)
    assert "Partly done." not in ended.out
    assert "arxiv rss:cs.CL 2026-10-20: failed; stale: old." in " ".join(" ".join(told(mine, "--month", MONTH)).split())


def test_a_month_of_real_size_fits_eighty_columns(tmp_path: Path) -> None:
    env = {"SHIRUBE_DATA_DIR": str(tmp_path)}
    engine = make_engine(f"sqlite:///{tmp_path / 'shirube.db'}")
    upgrade(engine)
    read = datetime(2026, 7, 8, tzinfo=UTC)
    with make_sessions(engine).begin() as session:
        for day in days(date(2026, 6, 1), date(2026, 6, 30)):
            many = 12_345 if day.day == 9 else 700 + day.day
            session.add(
                Window(
                    source="arxiv", channel="api", from_day=day, to_day=day, state="closed", expected=many,
                    received=many, checked_at=read, closed_at=read,
                )
            )  # fmt: skip
    engine.dispose()
    ended = run("status", "--month", "2026-06", env=env, now=read)
    assert max(map(len, ended.lines)) <= 79
    assert "arxiv     + C   701 + C   702" in ended.out
    assert "+ C 12345" in ended.out
    assert "30 of 30 days" in ended.out


def test_unreadable_entries_are_listed_short_and_escaped_and_whole_as_values(october_with_gaps: Store) -> None:
    lines = told(october_with_gaps, "--errors")
    assert lines[0] == f"2026-10-31T22:00:00Z  arxiv api {BROKEN}  2610.90148"
    assert lines[1].startswith("  no id")
    assert lines[2].startswith("  <entry>")
    assert max(map(len, lines)) <= 79
    assert "pull --retry-errors" in lines[-1]
    (entry,) = values(october_with_gaps, "--errors")["errors"]
    assert set(entry) == {
        "source", "channel", "from", "to", "id", "reason", "seen_at", "raw", "raw_base64",
    }  # fmt: skip
    assert entry["raw"].rstrip().endswith("</entry>")
    assert run("status", "--errors", "--month", MONTH, env=october_with_gaps.env).code == 2


def test_what_strangers_wrote_moves_no_cursor(tmp_path: Path) -> None:
    entry = {
        "source": "labs", "channel": "qwen", "from": "2026-10-01", "to": "2026-10-31", "id": None,
        "reason": "bad\x1b[2J \u202edate", "seen_at": "2026-10-31T22:00:00Z", "raw": None, "raw_base64": "//4=",
    }  # fmt: skip
    lines = list(calendar.error_lines([entry], 50))
    assert lines[1] == r"  bad\x1b[2J \u202edate"
    assert lines[2] == "  (base64) //4="
    assert terminal.plain("読む — ok\ud800\r\n") == r"読む — ok\ud800\r\n"


def test_an_empty_store_has_no_errors(empty: dict[str, str]) -> None:
    assert run("status", "--errors", env=empty).out == "No entry that could not be read is kept.\n"
    assert json.loads(run("status", "--errors", "--json", env=empty).out) == {"errors": []}


def test_a_final_month_is_complete(final: Store) -> None:
    lines = told(final, "--month", MONTH, now=CLOSED)
    assert any(line.startswith(f"{MONTH}: final") for line in lines)
    assert "Open:" not in lines


def test_an_empty_store_says_how_to_begin(tmp_path: Path) -> None:
    told = run("status", env={"SHIRUBE_DATA_DIR": str(tmp_path / "var")}, now=DRAFT).lines
    assert told[1] == "Nothing is stored yet. Begin with shirube doctor, then shirube digest."
    assert told[-1].endswith(": nothing stored, no source asked")
    assert len(told) == 5


def test_mail_that_is_held_stands_among_the_first_lines(tmp_path: Path) -> None:
    env = {"SHIRUBE_DATA_DIR": str(tmp_path / "var")}
    assert "Mail" not in run("status", env=env, now=DRAFT).out
    sessions = make_sessions(make_engine(f"sqlite:///{tmp_path / 'var' / 'shirube.db'}"))
    with sessions.begin() as session:
        holds.hold(session, "restored from a backup", DRAFT)
    told = " ".join(" ".join(run("status", env=env, now=DRAFT).lines[:6]).split())
    assert "Mail: HELD, restored from a backup. See shirube outbox, then shirube outbox --release." in told
    said = json.loads(run("status", "--json", env=env, now=DRAFT).out)["mail"]
    assert said == {"states": {}, "held": "restored from a backup"}
