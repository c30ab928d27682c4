"""The schedule: each job does its part over one store, one that fails stops no other; logs keep secrets out."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import func, select

from db.models import Issue, Item, Window
from shirube import jobs, logs
from shirube.settings import load_settings
from tests.shirube.command import CLOSED, DRAFT, Bench
from tests.shirube.conftest import MONTH, Store
from tests.shirube.test_digest import state
from tests.upstream import Upstream


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:], root.level = handlers, level


def bench(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return Bench(load_settings(), lambda: DRAFT)


def test_the_jobs_make_and_close_an_issue(empty: dict[str, str], up: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    wiring = bench(empty, monkeypatch)
    for job in jobs.JOBS:
        job.run(wiring)
    with wiring.sessions() as session:
        assert session.scalar(select(Issue.status).where(Issue.month == MONTH)) == "draft"
        papers = select(func.count()).select_from(Item).where(Item.month == MONTH, Item.kind == "paper")
        assert session.scalar(papers) == sum(paper.submitted.month == 10 for paper in up.catalogue)
    wiring.engine.dispose()
    later = Bench(wiring.settings, lambda: CLOSED)
    for job in jobs.JOBS:
        job.run(later)
    with later.sessions() as session:
        assert session.scalar(select(Issue.status).where(Issue.month == MONTH)) == "final"
    later.engine.dispose()


def test_a_job_that_fails_is_logged_and_stops_nothing(caplog: pytest.LogCaptureFixture, mine: Store) -> None:
    def fail(wiring: object) -> None:
        raise RuntimeError("the pond is dry")

    wiring = Bench(load_settings(data_dir=mine.folder), lambda: DRAFT + timedelta(hours=1))
    jobs._guarded(replace(jobs.JOBS[0], run=fail), wiring)
    assert "job failed name=pull" in caplog.text
    assert "the pond is dry" in caplog.text
    jobs._guarded(next(job for job in jobs.JOBS if job.name == "close"), wiring)
    assert state(mine, select(Issue.month)) == [(MONTH,)]
    wiring.engine.dispose()


def test_the_schedule_can_be_read_and_every_job_says_what_a_missed_run_means() -> None:
    assert len({job.name for job in jobs.JOBS}) == len(jobs.JOBS)
    for job in jobs.JOBS:
        CronTrigger.from_crontab(job.cron, timezone="UTC")
        assert job.missed


@pytest.mark.parametrize("form", ["json", "console"])
def test_logs_never_hold_addresses_or_passwords(
    root_logger: logging.Logger, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    logs.configure(form)
    logging.getLogger("shirube.test").warning(
        "mail to %s by %s\nforged line", "a@example.org", "smtp://me:hush@host:587"
    )
    told = capsys.readouterr().err
    assert "a@example.org" not in told
    assert "hush" not in told
    assert len(told.splitlines()) == 1
    if form == "json":
        line = json.loads(told)
        assert line["event"].startswith("mail to (address) by smtp://")
        assert (line["level"], line["timestamp"][-1]) == ("warning", "Z")


def test_exceptions_in_logs_hold_no_addresses_either(
    root_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("json")
    try:
        raise ValueError("a@example.org is no address of smtp://me:hush@host")
    except ValueError:
        logging.getLogger("shirube.test").exception("failed")
    told = capsys.readouterr().err
    assert "ValueError" in told
    assert "a@example.org" not in told
    assert "hush" not in told


def test_the_data_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    from core.errors import ConfigError

    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be made"):
        _ = Bench(load_settings(data_dir=tmp_path / "file" / "var"), lambda: DRAFT).engine


def test_the_pull_job_finds_a_paper_that_was_held_back_for_weeks(
    empty: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Upstream() as up:
        held = next(p for p in up.catalogue if p.submitted.date() == date(2026, 10, 6) and not p.daily)
        up.catalogue.hold(held.arxiv_id)
        wiring = bench({**empty, **up.environment()}, monkeypatch)
        jobs.pull(wiring)
        up.catalogue.release(held.arxiv_id)
        for days, found in ((2, False), (40, True)):  # an old day is counted weekly
            hour = DRAFT + timedelta(days=days)
            later = Bench(wiring.settings, lambda hour=hour: hour)  # type: ignore[misc]
            later.__dict__["engine"] = wiring.engine
            jobs.pull(later)
            with later.sessions() as session:
                sources = session.scalar(select(Item.sources).where(Item.id == held.arxiv_id)) or []
                assert ("arxiv" in sources) == found
                counted = session.execute(select(Window.received, Window.expected).where(Window.channel == "api"))
                assert all(received == expected for received, expected in counted)
        wiring.engine.dispose()
