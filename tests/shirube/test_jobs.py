"""The schedule: each job does its part over one store; logs keep secrets out."""

import json
import logging
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import func, select

from db.models import Issue, Item, Window
from shirube import jobs, logs
from shirube.settings import load_settings
from shirube.stopping import StoppedError, Stopping
from tests.shirube.command import CLOSED, DRAFT, Bench, run
from tests.shirube.conftest import MONTH
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


def run_all(wiring: Bench) -> dict[str, jobs.Outcome]:
    return {job.name: job.run(wiring, Stopping()) for job in jobs.schedule()}


def test_the_jobs_make_and_close_an_issue(empty: dict[str, str], up: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    wiring = bench(empty, monkeypatch)
    first = run_all(wiring)
    assert {name for name, outcome in first.items() if outcome.failure} == set()
    with wiring.sessions() as session:
        assert session.scalar(select(Issue.status).where(Issue.month == MONTH)) == "draft"
        papers = select(func.count()).select_from(Item).where(Item.month == MONTH, Item.kind == "paper")
        stored = session.scalar(papers)
        assert stored == sum(paper.submitted.month == 10 for paper in up.catalogue)
    assert first["rank"].counts["embedded"] >= stored
    assert first["close"].counts == {"closed": 1}  # September
    wiring.engine.dispose()
    later = Bench(wiring.settings, lambda: CLOSED)
    assert run_all(later)["close"].counts == {"closed": 1}
    with later.sessions() as session:
        assert session.scalar(select(Issue.status).where(Issue.month == MONTH)) == "final"
    later.engine.dispose()


def test_the_draft_of_last_month_grows_until_it_may_close(
    empty: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The papers of its last days come in the next month's first."""
    with Upstream() as up:
        held = next(p for p in up.catalogue if p.submitted.date() == date(2026, 10, 30) and not p.daily)
        up.catalogue.hold(held.arxiv_id)
        wiring = bench({**empty, **up.environment()}, monkeypatch)
        considered = []
        for hour in (DRAFT, DRAFT + timedelta(days=2), CLOSED):
            now = Bench(wiring.settings, lambda hour=hour: hour)  # type: ignore[misc]
            jobs.pull("arxiv", now, Stopping())
            jobs.rank(now, Stopping())
            with now.sessions() as session:
                issue = session.get_one(Issue, MONTH)
                considered.append((issue.status, issue.digest["considered"]))
            now.engine.dispose()
            up.catalogue.release(held.arxiv_id)
    (_, before), (_, after), last = considered
    assert after > before
    assert last == ("draft", after), "to close it is another job's"


def test_votes_are_asked_for_days_that_the_pull_reads_no_more(
    empty: dict[str, str], up: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiring = bench(empty, monkeypatch)
    pull_hf = jobs.schedule()[1]
    pull_hf.run(wiring, Stopping())
    later = Bench(wiring.settings, lambda: CLOSED)
    pull_hf.run(later, Stopping())
    asked = len(up.log)
    jobs.votes(later, Stopping())
    days = {parse_qs(request.query)["date"][0] for request in up.log[asked:]}
    assert "2026-09-10" in days
    assert f"{CLOSED:%Y-%m-%d}" not in days, "read just now"
    for one in (wiring, later):
        one.engine.dispose()


def test_what_stayed_open_is_read_again_however_old_it_is(
    empty: dict[str, str], up: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiring = bench(empty, monkeypatch)
    up.fault("/api/daily_papers", status=500, containing="2026-10-05")
    words = ["pull", "--source", "hf", "--since", "2026-10-05", "--until", "2026-10-06"]
    assert run(*words, env=empty).code == 3
    up.clear_faults()
    later = Bench(wiring.settings, lambda: DRAFT + timedelta(days=200))
    assert jobs.reread(later, Stopping()).counts["windows"] == 1
    with later.sessions() as session:
        assert set(session.scalars(select(Window.state))) == {"closed"}
        assert len(session.scalars(select(Window)).all()) == 2, "no day besides"
    assert jobs.reread(later, Stopping()).counts["windows"] == 0
    later.engine.dispose()


def test_a_job_stops_between_two_windows_when_asked_to(empty: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    wiring, stop = bench(empty, monkeypatch), Stopping()
    stop.ask()
    for job in jobs.schedule():
        if job.name == "reread":  # nothing was pulled, so that nothing is left open
            continue
        with pytest.raises(StoppedError):
            job.run(wiring, stop)
    with wiring.sessions() as session:
        assert session.scalars(select(Item)).first() is None
    wiring.engine.dispose()


def test_the_schedule_can_be_read_and_every_job_says_what_a_missed_run_means() -> None:
    table = jobs.schedule()
    assert len({job.name for job in table}) == len(table)
    for job in table:
        CronTrigger.from_crontab(job.cron, timezone="UTC")
        assert job.does
        assert job.missed
    close = next(job for job in table if job.name == "close")
    assert close.cron == "20 */2 * * *", "a month that stayed open past its month's end is tried on, whatever the day"
    assert set(close.after) == {job.name for job in table if job.name.startswith("pull-")}


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
        jobs.pull("arxiv", wiring, Stopping())
        up.catalogue.release(held.arxiv_id)
        for days, found in ((2, False), (40, True)):  # an old day is counted weekly
            hour = DRAFT + timedelta(days=days)
            later = Bench(wiring.settings, lambda hour=hour: hour)  # type: ignore[misc]
            later.__dict__["engine"] = wiring.engine
            jobs.pull("arxiv", later, Stopping())
            with later.sessions() as session:
                sources = session.scalar(select(Item.sources).where(Item.id == held.arxiv_id)) or []
                assert ("arxiv" in sources) == found
                counted = session.execute(select(Window.received, Window.expected).where(Window.channel == "api"))
                assert all(received == expected for received, expected in counted)
        wiring.engine.dispose()


def test_the_log_names_windows_papers_and_entries_that_could_not_be_read(
    empty: dict[str, str], up: Upstream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wiring = bench(empty, monkeypatch)
    up.fault("/api/query", "malformed-middle", how="no-title", times=1)
    with caplog.at_level(logging.INFO, "shirube.jobs"):
        jobs.pull("arxiv", wiring, Stopping())
    closed = [vars(one) for one in caplog.records if one.message == "window closed"]
    assert {one["source"] for one in closed} == {"arxiv"}
    assert sum(one["new"] for one in closed) > 0
    unread = [vars(one) for one in caplog.records if one.message == "entry kept unread"]
    assert [one["levelname"] for one in unread] == ["WARNING"]
    assert unread[0]["item"] in {paper.arxiv_id for paper in up.catalogue}
    assert unread[0]["reason"]
    wiring.engine.dispose()
