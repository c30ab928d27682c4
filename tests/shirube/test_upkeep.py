"""What doctor says of the schedule, backups, mail and windows of a store, and that it says how to mend it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from db import holds, windows
from db.engine import Sessions
from db.models import Window
from db.models_jobs import JobRun
from shirube import upkeep
from shirube.checks import Check
from shirube.settings import load_settings
from tests.shirube.command import DRAFT, Bench

YEAR = timedelta(days=365)


@pytest.fixture
def upkept(sessions: Sessions, tmp_path: Path) -> Callable[..., dict[str, Check]]:
    """What doctor says of schedule, backups and mail of a database of either kind."""
    made = load_settings(data_dir=tmp_path)

    def look(*rows: object) -> dict[str, Check]:
        with sessions.begin() as session:
            session.add_all(rows)
        wiring = Bench(made, lambda: DRAFT)
        vars(wiring)["sessions"] = sessions
        checks = [
            check
            for look_at in (upkeep.scheduler, upkeep.backup, upkeep.ledger, upkeep.waiting)
            for check in look_at(wiring)
        ]
        return {check.name: check for check in checks}

    return look


def heard(ago: timedelta) -> JobRun:
    """A run whose worker was heard of so long ago."""
    moment = DRAFT - ago
    return JobRun(
        job="rank", scheduled_for=moment, state="done", token=1, attempt=1, holder="x", lease_until=None,
        heartbeat_at=moment, started_at=moment, ended_at=moment, counts={}, error=None,
    )  # fmt: skip


def test_a_store_without_a_schedule_needs_neither_it_nor_backups(upkept: Callable[..., dict[str, Check]]) -> None:
    checks = upkept()
    assert [check.well for check in checks.values()] == [True, True]
    assert checks["scheduler"].found == "off: it never ran here"
    assert checks["backups"].found.startswith("none in ")


@pytest.mark.parametrize(("minutes", "well"), [(5, True), (25, False)])
def test_a_scheduler_that_fell_silent_is_told(
    upkept: Callable[..., dict[str, Check]], minutes: int, well: bool
) -> None:
    check = upkept(heard(timedelta(minutes=minutes)))["scheduler"]
    assert check.well is well
    assert check.found.endswith(f", {minutes} min ago")


def test_windows_that_a_clock_ahead_noted_are_told_until_a_pull_asks_them_again(
    upkept: Callable[..., dict[str, Check]], sessions: Sessions
) -> None:
    assert "ledger" not in upkept()
    days = [DRAFT.date() - timedelta(days=100), DRAFT.date() + timedelta(days=1)]
    asked = [
        Window(source="hf", channel="daily", from_day=day, to_day=day, state="closed", checked_at=DRAFT + YEAR)
        for day in days
    ]
    check = upkept(*asked)["ledger"]
    assert not check.well
    assert check.found == "2 windows were asked by a clock that was ahead, 1 of them of days that are over"
    assert "shirube pull --since 2026-07-23 asks them again" in check.fix
    with sessions.begin() as session:
        windows.take_back(session, [("hf", "daily", days[0], days[0])], DRAFT)
    assert upkept()["ledger"].well


def test_a_scheduler_heard_of_by_a_clock_that_was_ahead_is_not_well(upkept: Callable[..., dict[str, Check]]) -> None:
    check = upkept(heard(timedelta(days=-730)))["scheduler"]
    assert (check.well, check.found) == (False, "last heard of 2028-10-30T22:00:00Z, by a clock that was ahead")


@pytest.mark.parametrize(("ages", "well"), [((), False), ((30, 80), True), ((49, 80), False)])
def test_backups_are_young_where_the_schedule_runs(
    upkept: Callable[..., dict[str, Check]], tmp_path: Path, ages: tuple[int, ...], well: bool
) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "shirube-notes.txt").touch()
    for hours in ages:
        (tmp_path / "backups" / f"shirube-{DRAFT - timedelta(hours=hours):%Y%m%dT%H%M%SZ}.zip").touch()
    check = upkept(heard(timedelta(minutes=1)))["backups"]
    assert check.well is well
    assert "shirube db backup" in check.fix


def test_mail_that_is_held_is_told_with_what_lets_it_go(
    upkept: Callable[..., dict[str, Check]], sessions: Sessions
) -> None:
    assert "outbox" not in upkept()
    with sessions.begin() as session:
        holds.hold(session, "restored from a backup", DRAFT)
    check = upkept()["outbox"]
    assert not check.well
    assert "restored from a backup" in check.found
    assert "shirube outbox --release" in check.fix
