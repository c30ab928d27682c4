"""What runs by itself, as the status tells it: the page in words people understand, the API by names, neither more."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.schedule import Planned
from api.status_page import job_name
from core.clock import iso
from db.engine import Sessions
from db.models_jobs import JobRun
from digest.service import Collecting
from digest.words import voice
from roadmap.model import Roadmap
from shirube.jobs import schedule
from tests.api.conftest import OPTIONS
from tests.api.test_queries import statements
from tests.api.test_status_page import NextHour, window

NOW = datetime(2026, 7, 20, 9, tzinfo=UTC)
HOST = "pier.internal:4711"
PLANNED = (
    Planned("pull-hf", lambda now: now + timedelta(hours=4)),
    Planned("rank", lambda now: now + timedelta(minutes=45)),
    Planned("close", lambda _now: None),
)
Open = Callable[..., TestClient]


@pytest.fixture
def open_at(sessions: Sessions, roadmap: Roadmap) -> Open:
    """Open the app of a service with three jobs that it may tell of."""

    def open_(planned: tuple[Planned, ...] = PLANNED) -> TestClient:
        known = Collecting(steps=lambda _month, _final: NextHour())
        app = create_app(sessions, roadmap, lambda: NOW, replace(OPTIONS, jobs=planned), collecting=known)
        return TestClient(app, raise_server_exceptions=False)

    return open_


def add_run(sessions: Sessions, job: str, ago: timedelta, state: str = "done", **given: Any) -> None:
    """Store a run that took 80 seconds; one under way is heard of until now."""
    start, over = NOW - ago, state != "running"
    plain: dict[str, Any] = {
        "scheduled_for": start, "token": 1, "attempt": 1, "holder": HOST, "started_at": start,
        "lease_until": None if over else NOW + timedelta(minutes=2),
        "heartbeat_at": start + timedelta(seconds=80) if over else NOW,
        "ended_at": start + timedelta(seconds=80) if over else None,
        "counts": {"sent": 214}, "error": None if state == "done" else f"http://{HOST} answered 503",
    }  # fmt: skip
    with sessions.begin() as session:
        session.add(JobRun(job=job, state=state, **(plain | given)))


def rows(page: str) -> list[str]:
    """Give the lines of the table of jobs, without marks."""
    table = re.search(r'aria-labelledby="ran">\s*<thead>.*?</table>', page, re.DOTALL)
    found = re.findall(r"<tr><th scope=\"row\">.*?</tr>", table[0]) if table else []
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", row)).replace("\xa0", " ").split()) for row in found]


def section(page: str) -> str:
    found = page.partition('<h2 id="ran">')[2].partition("</section>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found)).replace("\xa0", " ").split())


def test_each_job_is_told_with_its_last_run_how_long_it_took_and_its_next(sessions: Sessions, open_at: Open) -> None:
    add_run(sessions, "pull-hf", timedelta(hours=8), "failed")
    add_run(sessions, "pull-hf", timedelta(hours=4), "partly", token=2)
    add_run(sessions, "rank", timedelta(minutes=10), "running", token=7)
    assert rows(open_at().get("/status").text) == [
        "Read Hugging Face Daily Papers 20 Jul 2026, 05:00 UTC done in part 1 min 20 Jul 2026, 13:00 UTC",
        "Rank what is new, write the draft anew 20 Jul 2026, 08:50 UTC under way – 20 Jul 2026, 09:45 UTC",
        "Close months that are due not yet – not by itself",
    ]
    told = open_at().get("/api/v1/status").json()
    assert told["worker"] == {"state": "ticking", "last_seen": iso(NOW)}
    assert told["jobs"] == [
        {
            "job": "pull-hf", "state": "partly", "started_at": iso(NOW - timedelta(hours=4)),
            "ended_at": iso(NOW - timedelta(hours=4) + timedelta(seconds=80)), "seconds": 80.0,
            "next": iso(NOW + timedelta(hours=4)),
        },
        {
            "job": "rank", "state": "running", "started_at": iso(NOW - timedelta(minutes=10)), "ended_at": None,
            "seconds": None, "next": iso(NOW + timedelta(minutes=45)),
        },
        {"job": "close", "state": None, "started_at": None, "ended_at": None, "seconds": None, "next": None},
    ]  # fmt: skip


def test_where_no_worker_ever_ran_that_is_said_in_place_of_a_table(open_at: Open) -> None:
    page = open_at().get("/status").text
    assert rows(page) == []
    assert "Nothing runs by itself here" in section(page)
    assert "自動では何も実行されません" in section(open_at().get("/status?lang=ja").text)
    told = open_at().get("/api/v1/status").json()
    assert told["worker"] == {"state": "never", "last_seen": None}
    assert [job["next"] for job in told["jobs"]] == [None] * 3


def test_no_source_is_asked_next_while_nobody_runs_the_jobs(sessions: Sessions, open_at: Open) -> None:
    window(sessions, "hf", date(2026, 7, 1), date(2026, 7, 31), state="error", error="x", closed_at=None)

    def next_tries() -> set[str | None]:
        told = open_at().get("/api/v1/status").json()
        of_gaps = {gap["next_try"] for gap in told["months"][0]["open"] if gap["source"] == "hf"}
        return of_gaps | {source["next_try"] for source in told["sources"] if source["source"] == "hf"}

    assert next_tries() == {None}
    add_run(sessions, "rank", timedelta(minutes=5))
    assert next_tries() == {iso(NOW + timedelta(hours=1))}


def test_a_source_with_days_that_were_not_asked_is_asked_by_its_next_job(sessions: Sessions, open_at: Open) -> None:
    window(sessions, "arxiv", date(2026, 7, 1), date(2026, 7, 31))
    add_run(sessions, "rank", timedelta(minutes=5))
    tries = {source["source"]: source["next_try"] for source in open_at().get("/api/v1/status").json()["sources"]}
    later = open_at((Planned("pull-pwc", lambda now: now + timedelta(hours=2)),)).get("/api/v1/status").json()
    assert tries["pwc"] is None  # no job here reads it
    assert [one["next_try"] for one in later["sources"] if one["source"] == "pwc"] == [iso(NOW + timedelta(hours=2))]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (40.4, "40 s"), (59.9, "59 s"), (60, "1 min"), (3700, "1 h 2 min")]
)
def test_how_long_a_run_took_is_told_in_the_units_of_reading_times(
    sessions: Sessions, open_at: Open, seconds: float, words: str
) -> None:
    start = NOW - timedelta(hours=3)
    add_run(sessions, "rank", timedelta(hours=3), ended_at=start + timedelta(seconds=seconds), heartbeat_at=NOW)
    assert f" done {words} " in rows(open_at().get("/status").text)[1]


def test_a_worker_that_fell_silent_promises_no_next_run(sessions: Sessions, open_at: Open) -> None:
    add_run(sessions, "rank", timedelta(hours=2))
    page = open_at().get("/status").text
    assert "Nothing has run by itself since 20 Jul 2026, 07:01 UTC" in section(page)
    assert rows(page)[1].endswith("07:00 UTC done 1 min not by itself")
    told = open_at().get("/api/v1/status").json()
    assert told["worker"]["state"] == "silent"
    assert [job["next"] for job in told["jobs"]] == [None] * 3


@pytest.mark.parametrize(
    ("state", "en", "ja"),
    [
        ("done", "done", "完了"),
        ("partly", "done in part", "一部完了"),
        ("failed", "failed", "失敗"),
        ("interrupted", "interrupted", "中断"),
        ("lost", "broken off", "途絶"),
        ("running", "under way", "実行中"),
    ],
)
def test_every_end_of_a_run_has_words_in_both_languages(
    sessions: Sessions, open_at: Open, state: str, en: str, ja: str
) -> None:
    add_run(sessions, "rank", timedelta(minutes=5), state)
    for lang, words in (("en", en), ("ja", ja)):
        assert f" {words} " in rows(open_at().get(f"/status?lang={lang}").text)[1]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_job_that_is_told_has_a_name_for_people(lang: str) -> None:
    told = [job.name for job in schedule() if job.told]
    names = {name: str(job_name(voice(lang), name)) for name in told}
    assert all(names[name] not in ("", name) for name in told)
    assert len(set(names.values())) == len(told) == len(schedule()) - 2  # but for backup and prune


def test_errors_hosts_and_counts_are_the_operators_alone(sessions: Sessions, open_at: Open) -> None:
    add_run(sessions, "pull-hf", timedelta(hours=4), "failed")
    add_run(sessions, "backup", timedelta(hours=1), "failed")
    for address in ("/status", "/status?lang=ja", "/api/v1/status"):
        said = open_at().get(address).text
        assert HOST not in said
        assert "503" not in said
        assert "214" not in said
        assert "backup" not in said.lower()


def test_a_site_without_jobs_says_nothing_of_them(sessions: Sessions, open_at: Open) -> None:
    add_run(sessions, "rank", timedelta(minutes=5))
    page = open_at(()).get("/status").text
    assert 'id="ran"' not in page
    assert open_at(()).get("/api/v1/status").json()["jobs"] == []


@pytest.mark.parametrize("address", ["/status", "/api/v1/status"])
def test_more_runs_cost_no_more_statements(sessions: Sessions, open_at: Open, address: str) -> None:
    add_run(sessions, "rank", timedelta(hours=9))
    few = statements(sessions, lambda: open_at().get(address))
    for token in range(2, 40):
        add_run(sessions, "rank", timedelta(hours=9) - timedelta(minutes=token), token=token)
        add_run(sessions, "pull-hf", timedelta(hours=8) - timedelta(minutes=token), token=token)
    assert statements(sessions, lambda: open_at().get(address)) == few
