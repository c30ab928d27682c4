"""What `shirube jobs` says, and what `status` and `doctor` say of a schedule that nobody runs any more."""

import json
import logging
import os
import re
import sqlite3
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from db import jobs as runs
from db.engine import Sessions, make_engine, make_sessions, reading
from db.gauges import gauges
from db.migrate import upgrade
from shirube import joblist, ticking
from shirube.doctor import examine
from shirube.jobs import Outcome
from shirube.settings import load_settings
from shirube.turns import identity, is_gone
from shirube.worker import Worker
from tests.shirube.command import DRAFT, Bench, run
from tests.shirube.conftest import Store
from tests.shirube.working import Bell, Hours, worker

LATER = DRAFT + timedelta(hours=5, minutes=1)


def values(env: dict[str, str], *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("jobs", *words, "--json", env=env).out)
    return found


def test_the_schedule_is_listed_with_what_is_due_and_how_it_went(empty: dict[str, str]) -> None:
    found = values(empty)
    assert found["scheduler"]["state"] == "never"
    jobs = {job["name"]: job for job in found["jobs"]}
    assert jobs["outbox"]["overdue_since"] == "2026-10-31T22:00:00Z"
    assert jobs["outbox"]["next"] == "2026-10-31T22:05:00Z"
    assert jobs["close"]["runs"] == []
    listed = run("jobs", env=empty)
    assert "now, overdue" in listed.out
    assert "Scheduler: never ran here" in listed.out


def test_one_job_is_explained_and_run_now(empty: dict[str, str]) -> None:
    told = run("jobs", "close", env=empty)
    assert told.lines[0] == "close: closes every month that is due, in order."
    assert "A missed run: made up for; months keep their order." in told.out
    assert told.lines[-1] == "It has not run yet."
    ran = run("jobs", "run", "close", env=empty)
    assert ran.code == 0
    assert re.fullmatch(r"\S+ \S+  done in \d+ s", ran.lines[-1])
    (job_run,) = values(empty, "close")["runs"]
    assert (job_run["state"], job_run["counts"], job_run["scheduled_for"]) == (
        "done", {"closed": 0}, "2026-10-31T22:00:00Z",
    )  # fmt: skip


def test_a_run_that_failed_in_part_ends_with_three_and_a_wrong_name_with_the_names(empty: dict[str, str]) -> None:
    away = {**empty, "SHIRUBE_HF_URL": "http://127.0.0.1:9"}
    ran = run("jobs", "run", "pull-hf", env=away)
    assert ran.code == 3
    assert "partly" in ran.out
    wrong = run("jobs", "run", "pull", env=empty)
    assert wrong.code == 2
    assert "Jobs are pull-arxiv, pull-hf" in wrong.err
    assert run("jobs", "run", "close", "rank", env=empty).code == 2


def test_a_run_that_was_cut_off_ends_with_three(empty: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends at once, without the way of an exception: its job still works in a thread."""
    monkeypatch.setattr(Worker, "run_now", lambda worker, name: None)
    monkeypatch.setattr(os, "_exit", sys.exit)
    monkeypatch.setattr(logging, "shutdown", lambda: None)
    assert run("jobs", "run", "close", env=empty).code == 3


def test_a_run_that_the_machine_refuses_ends_with_one_and_says_why(
    empty: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_given: object) -> None:
        raise OperationalError("BEGIN IMMEDIATE", {}, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr(runs, "take", held)
    ended = run("jobs", "run", "close", env=empty)
    assert ended.code == 1
    assert "Another program holds the database" in ended.err
    assert "Traceback" not in ended.err


def test_runs_are_told_with_attempt_counts_and_error(sessions: Sessions) -> None:
    hours = Hours()
    bell = Bell(during=lambda wiring, stop: Outcome({"new": 1_200, "open": 0}, "the source was silent"))
    one = worker(sessions, hours, bell)
    one.look()
    with reading(sessions) as session:
        found = joblist.explained(session, one.jobs[0], hours.now)
        rows = joblist.rows(joblist.listed(session, one.jobs, hours.now))
    assert joblist.lines(found)[-1] == "2026-10-31 22:00  partly in 0 s: 1,200 new. the source was silent"
    assert rows == [("bell", "*/5 * * * *", "2026-10-31 22:05", "2026-10-31 22:00", "partly: 1,200 new", "rings")]


def test_a_scheduler_that_was_not_heard_of_for_long_is_told(sessions: Sessions) -> None:
    hours = Hours()
    worker(sessions, hours, Bell()).look()
    for minutes, state, words in ((1, "ticking", "1 min ago"), (21, "silent", "SILENT for 21 min. Start it")):
        now = hours.now + timedelta(minutes=minutes)
        with reading(sessions) as session:
            found = ticking.scheduler(session, now)
        assert found == {"state": state, "last_tick": "2026-10-31T22:00:00Z"}
        assert words in ticking.scheduler_line(found, now)


def test_a_clock_that_was_ahead_once_is_no_sign_of_a_worker(sessions: Sessions) -> None:
    """As on a machine that begins to work before it knows the hour."""
    hours = Hours(DRAFT + timedelta(days=730))
    worker(sessions, hours, Bell()).look()
    with reading(sessions) as session:
        found = ticking.scheduler(session, DRAFT)
        assert found == {"state": "silent", "last_tick": "2028-10-30T22:00:00Z"}
        assert ticking.scheduler_line(found, DRAFT) == (
            "Scheduler: SILENT; the last that was heard is dated 2028-10-30T22:00:00Z, by a clock that was ahead."
            " Start it: shirube work, or shirube serve --work."
        )
    hours.now = DRAFT
    worker(sessions, hours, Bell()).look()
    for minutes, state in ((1, "ticking"), (21, "silent")):
        with reading(sessions) as session:
            found = ticking.scheduler(session, DRAFT + timedelta(minutes=minutes))
            assert found == {"state": state, "last_tick": "2026-10-31T22:00:00Z"}
    with sessions.begin() as session:
        assert runs.forget(session, DRAFT - timedelta(days=30), DRAFT) == 1
        assert [run.scheduled_for for run in runs.last(session, "bell", 9)] == [DRAFT]


def test_a_job_run_by_hand_is_no_sign_of_a_worker(sessions: Sessions) -> None:
    """Who runs the jobs by a timer would be told for ever that the scheduler fell silent."""
    hours = Hours()
    by_hand, by_schedule = worker(sessions, hours, Bell(cron="0 0 1 1 *")), worker(sessions, hours, Bell("gong"))

    def told() -> tuple[str, float | None]:
        with reading(sessions) as session:
            return ticking.scheduler(session, hours.now)["state"], gauges(session, "tiny", hours.now).worker_sign

    assert by_hand.run_now("bell") == "done"
    assert told() == ("never", None)
    by_schedule.look()
    state, sign = told()
    assert (state, sign) == ("ticking", hours.now.timestamp())
    hours.now += timedelta(hours=1)
    assert worker(sessions, hours, Bell(cron="0 0 1 1 *")).run_now("bell") == "done"
    assert told() == ("silent", sign)


def test_a_holder_by_hand_that_is_gone_is_known_to_be() -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "from shirube.turns import identity; print(identity())"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    assert is_gone(gone) == is_gone(f"{gone}{runs.BY_HAND}")
    assert not is_gone(f"{identity()}{runs.BY_HAND}")


def test_status_and_doctor_tell_of_a_silent_scheduler(empty: dict[str, str], mine: Store) -> None:
    engine = make_engine(load_settings(data_dir=mine.folder).database)
    upgrade(engine)
    worker(make_sessions(engine), Hours(), Bell()).look()
    engine.dispose()
    assert "Scheduler: SILENT for 5 h 1 min" in run("status", env=mine.env, now=LATER).out
    assert "Scheduler: ticking" in run("status", env=mine.env, now=DRAFT).out
    wiring = Bench(load_settings(data_dir=mine.folder), lambda: LATER)
    (check,) = [check for check in examine(wiring, lambda: LATER) if check.name == "scheduler"]
    assert not check.well
    assert "Start shirube work" in check.fix
    wiring.engine.dispose()
