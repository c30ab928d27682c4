"""The door of the schedule: who may run what, on both databases; the hours are passed in."""

import sqlite3
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError

from core.errors import RefusedError, UsageError
from db import jobs as runs
from db.engine import Sessions
from db.fence import FencedOffError, fenced, holding
from db.jobs import Held
from db.models import Place
from db.models_jobs import JobRun
from shirube.jobs import Outcome
from shirube.stopping import StoppedError, Stopping
from shirube.wiring import Wiring
from shirube.worker import find
from tests.shirube.command import DRAFT
from tests.shirube.working import RHYTHM, Bell, Hours, all_runs, elsewhere, worker

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def write(wiring: Wiring, name: str = "written") -> None:
    with wiring.sessions.begin() as session:
        session.add(Place(name=name))


def written(sessions: Sessions) -> list[str]:
    with sessions() as session:
        return list(session.scalars(select(Place.name)))


def test_each_moment_of_the_schedule_is_run_once_by_whoever_comes_first(sessions: Sessions) -> None:
    hours, bell = Hours(), Bell()
    one, other = (worker(sessions, hours, bell) for _ in range(2))
    for _ in range(10):
        for each in (one, other, one):
            each.look()
        hours.pass_(150)
    assert len(bell.rung) == 5
    found = all_runs(sessions)
    assert [run.state for run in found] == ["done"] * 5
    assert [run.scheduled_for for run in found] == [DRAFT + timedelta(minutes=5 * n) for n in range(5)]
    assert [run.token for run in found] == [1, 2, 3, 4, 5]
    assert found[0].counts == {"rung": 1}


def test_many_who_come_at_one_instant_ring_once(sessions: Sessions) -> None:
    hours, bell = Hours(), Bell()
    workers = [worker(sessions, hours, bell) for _ in range(6)]
    gate = threading.Barrier(len(workers))

    def come(number: int) -> None:
        gate.wait()
        workers[number].enter(workers[number].jobs[0], hours.now)

    for round_ in range(5):
        threads = [threading.Thread(target=come, args=(number,)) for number in range(len(workers))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(bell.rung) == round_ + 1
        hours.pass_(300)


def test_one_run_of_a_job_at_a_time_though_its_next_moment_has_come(sessions: Sessions) -> None:
    hours, bell, let_in = Hours(), Bell(), list[str | None]()
    other = worker(sessions, hours, bell)

    def late(_wiring: Wiring, _stop: Stopping) -> None:
        hours.pass_(100)
        elsewhere(one.beat)
        hours.pass_(100)
        elsewhere(one.beat)
        hours.pass_(100)
        assert other.due(hours.now) == []
        elsewhere(lambda: let_in.append(other.enter(other.jobs[0], hours.now)))

    bell.during = late
    one = worker(sessions, hours, bell)
    assert one.knock(one.jobs[0]) == "done"
    assert let_in == [None]
    bell.during = lambda wiring, stop: None
    other.look()
    assert len(bell.rung) == 2


def test_what_was_missed_is_made_up_for_once(sessions: Sessions) -> None:
    hours, bell = Hours(), Bell(cron="0 * * * *")
    worker(sessions, hours, bell).look()
    hours.now += timedelta(days=3, minutes=10)
    again = worker(sessions, hours, bell)
    again.look()
    again.look()
    assert len(bell.rung) == 2
    assert all_runs(sessions)[-1].scheduled_for == DRAFT + timedelta(days=3)


def test_an_interrupted_run_is_begun_again(sessions: Sessions) -> None:
    hours, bell = Hours(), Bell()

    def stopped(_wiring: Wiring, stop: Stopping) -> None:
        stop.ask()
        stop.check()

    bell.during = stopped
    first = worker(sessions, hours, bell)
    assert first.knock(first.jobs[0]) == "interrupted"
    assert first.knock(first.jobs[0]) is None, "it was asked to stop"
    (run,) = all_runs(sessions)
    assert (run.state, run.lease_until, run.attempt) == ("interrupted", None, 1)
    bell.during = lambda wiring, stop: None
    worker(sessions, hours, bell).look()
    (run,) = all_runs(sessions)
    assert (run.state, run.attempt, run.token, run.error) == ("done", 2, 2, None)


def test_what_does_not_stop_in_time_is_given_up_and_can_write_no_more(sessions: Sessions) -> None:
    hours, bell, seen = Hours(), Bell(), list[object]()

    def deaf(wiring: Wiring, _stop: Stopping) -> None:
        elsewhere(lambda: seen.append(one.close()))
        seen.append(all_runs(sessions)[0].state)
        write(wiring)

    bell.during = deaf
    one = worker(sessions, hours, bell)
    assert one.knock(one.jobs[0]) == "lost"
    assert seen == [["bell"], "interrupted"]
    assert written(sessions) == []
    assert 6 <= hours.passed < 8


def test_the_successor_of_a_silent_holder_takes_over_and_the_late_one_writes_nothing(sessions: Sessions) -> None:
    hours, bell = Hours(), Bell()
    successor = worker(sessions, hours, bell)

    def asleep(wiring: Wiring, _stop: Stopping) -> None:
        write(wiring, "before")
        bell.during = lambda wiring, stop: write(wiring, "successor")
        elsewhere(successor.look)
        assert len(bell.rung) == 1, "the lease is not over"
        hours.pass_a_lease()
        elsewhere(successor.look)
        assert len(bell.rung) == 2
        write(wiring, "zombie")

    bell.during = asleep
    first = worker(sessions, hours, bell)
    assert first.knock(first.jobs[0]) == "lost"
    assert set(written(sessions)) == {"before", "successor"}
    (run,) = all_runs(sessions)
    assert (run.state, run.attempt, run.token) == ("done", 2, 2)


def test_a_holder_whose_process_is_gone_is_succeeded_at_once(sessions: Sessions) -> None:
    hours, bell = Hours(), Bell()
    successor = worker(sessions, hours, bell)
    successor._gone = lambda holder: True

    def killed(_wiring: Wiring, _stop: Stopping) -> None:
        bell.during = lambda wiring, stop: None
        elsewhere(successor.look)
        raise KeyboardInterrupt

    bell.during = killed
    with pytest.raises(KeyboardInterrupt):
        worker(sessions, hours, bell).look()
    (run,) = all_runs(sessions)
    assert (run.state, run.attempt) == ("done", 2)


@pytest.mark.parametrize("jump", [DAY, -2 * HOUR, 3650 * DAY], ids=str)
def test_a_wall_clock_that_jumps_takes_no_run_from_a_living_holder(sessions: Sessions, jump: timedelta) -> None:
    hours, bell = Hours(), Bell()
    other = worker(sessions, hours, bell)

    def living(_wiring: Wiring, _stop: Stopping) -> None:
        elsewhere(other.look)
        hours.now += jump
        elsewhere(other.look)
        for _ in range(20):
            elsewhere(one.beat)
            elsewhere(other.look)
            hours.pass_(RHYTHM.beat)

    bell.during = living
    one = worker(sessions, hours, bell)
    assert one.knock(one.jobs[0]) == "done"
    assert len(bell.rung) == 1


def test_a_lease_given_by_a_clock_that_was_ahead_blocks_nobody_for_years(sessions: Sessions) -> None:
    hours, bell = Hours(), Bell()
    with sessions.begin() as session:
        ahead = hours.now + 3650 * DAY
        runs.take(session, "bell", hours.now, "a holder", ahead, RHYTHM.lease, lambda run: False)
    other = worker(sessions, hours, bell)
    other.look()
    assert bell.rung == []
    hours.pass_(2 * RHYTHM.beat)
    other.look()
    assert len(bell.rung) == 1


def test_a_clock_set_back_runs_nothing_again_and_one_that_was_ahead_skips_what_it_ran(sessions: Sessions) -> None:
    hours, bell = Hours(), Bell(cron="0 * * * *")
    one = worker(sessions, hours, bell)
    for _ in range(3):
        one.look()
        hours.pass_(3600)
    hours.now -= 2 * HOUR
    for _ in range(4):
        one.look()
        hours.pass_(1800)
    assert len(bell.rung) == 3
    assert {run.scheduled_for for run in all_runs(sessions)} == {DRAFT + n * HOUR for n in range(3)}
    hours.now += DAY
    one.look()
    hours.now -= DAY
    one.look()
    assert len(bell.rung) == 5


def test_a_run_that_kills_its_holder_every_time_is_not_begun_for_ever(sessions: Sessions) -> None:
    hours, bell = Hours(), Bell(cron="0 0 * * *")

    def killed(_wiring: Wiring, _stop: Stopping) -> None:
        raise KeyboardInterrupt

    bell.during = killed
    for _ in range(6):
        each = worker(sessions, hours, bell)
        each._gone = lambda holder: True
        try:
            each.look()
        except KeyboardInterrupt:
            continue
    assert len(bell.rung) == runs.ATTEMPTS
    (run,) = all_runs(sessions)
    assert (run.state, run.attempt) == ("lost", 3)


def test_a_failure_is_noted_without_secrets_and_stops_nothing(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    hours, bad, good = Hours(), Bell("bad"), Bell("good")

    def fail(wiring: Wiring, _stop: Stopping) -> None:
        write(wiring)
        raise RuntimeError("the pond of reader@example.org is dry:\nsmtp://me:hush@host")

    bad.during = fail
    worker(sessions, hours, bad, good).look()
    failed, done = all_runs(sessions)
    assert (failed.state, failed.error) == ("failed", "RuntimeError: the pond of (address) is dry:")
    assert done.state == "done"
    assert "job failed name=bad" in caplog.text
    worker(sessions, hours, bad, good).look()
    assert len(bad.rung) == 1, "the next moment tries again, not this one"


def test_a_database_error_is_noted_without_the_values_of_its_statement(sessions: Sessions) -> None:
    hours, bell = Hours(), Bell()

    def twice(wiring: Wiring, _stop: Stopping) -> None:
        write(wiring, "a secret name")
        write(wiring, "a secret name")

    bell.during = twice
    worker(sessions, hours, bell).look()
    (run,) = all_runs(sessions)
    assert run.error is not None
    assert run.error.startswith("IntegrityError: ")
    assert "parameters" not in run.error


def test_what_failed_in_part_says_so(sessions: Sessions) -> None:
    hours, bell = Hours(), Bell(during=lambda wiring, stop: Outcome({"open": 2}, "the source was silent"))
    worker(sessions, hours, bell).look()
    (run,) = all_runs(sessions)
    assert (run.state, run.error, run.counts) == ("partly", "the source was silent", {"open": 2})


def test_one_job_is_run_now_through_the_same_door(sessions: Sessions) -> None:
    hours, bell = Hours(), Bell(cron="0 0 1 1 *")
    assert worker(sessions, hours, bell).run_now("bell") == "done"
    assert all_runs(sessions)[0].scheduled_for == hours.now
    with pytest.raises(UsageError, match="no job 'gong'"):
        worker(sessions, hours, bell).run_now("gong")
    with sessions.begin() as session:
        runs.take(session, "bell", hours.now + HOUR, "a holder", hours.now, RHYTHM.lease, lambda run: False)
    with pytest.raises(RefusedError, match="another worker"):
        worker(sessions, hours, bell).run_now("bell")


def test_a_job_run_now_that_cannot_be_begun_or_noted_is_told_as_what_it_is(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as one that was cut off: nobody asked it to stop."""
    hours, bell = Hours(), Bell()

    def full(*_given: object) -> bool:
        raise OperationalError("UPDATE job_run", {}, sqlite3.OperationalError("database or disk is full"))

    for part in ("end", "take"):
        monkeypatch.setattr(runs, part, full)
        with pytest.raises(OperationalError, match="disk is full"):
            worker(sessions, hours, bell).run_now("bell")


def test_a_job_run_now_that_does_not_stop_in_time_is_told_as_cut_off(sessions: Sessions) -> None:
    hours, stop, go_on = (
        Hours(),
        Stopping(lambda: hours.passed, lambda seconds: hours.pass_(seconds)),
        threading.Event(),
    )

    def deaf(_wiring: Wiring, _stop: Stopping) -> None:
        stop.ask()
        assert go_on.wait(30)

    before = set(threading.enumerate())
    assert worker(sessions, hours, Bell(during=deaf), stop=stop).run_now("bell") is None
    go_on.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(30)  # or it writes into the database of the next test
    (run,) = all_runs(sessions)
    assert (run.state, run.error) == ("interrupted", "cut off when its worker was stopped")


def test_runs_are_forgotten_but_for_the_newest_of_each_job(sessions: Sessions) -> None:
    hours, bell, gong = Hours(), Bell(), Bell("gong", "0 0 1 1 *")
    one = worker(sessions, hours, bell, gong)
    for _ in range(3):
        one.look()
        hours.pass_(300)
    with sessions.begin() as session:
        assert runs.forget(session, hours.now + HOUR, hours.now) == 2
        assert sorted((run.job, run.token) for run in session.scalars(select(JobRun))) == [
            ("bell", 3),
            ("gong", 1),
        ]


def test_without_a_job_nothing_is_checked_and_a_savepoint_is(sessions: Sessions) -> None:
    fenced(sessions)
    with sessions.begin() as session:
        session.add(Place(name="free"))
    with holding(Held(404, 1, 1)), sessions() as session:
        session.add(Place(name="refused"))
        with pytest.raises(FencedOffError, match="another worker"):
            session.commit()
    assert written(sessions) == ["free"]


def test_find_lists_the_names() -> None:
    with pytest.raises(UsageError) as told:
        find([Bell("a").job, Bell("b").job], "c")
    assert told.value.advice == "Jobs are a, b"


def test_signals_ask_first_and_then_end() -> None:
    ended: list[int] = []
    stop = Stopping(lambda: 0.0, lambda seconds: None, ended.append)
    stop.check()
    stop.signalled(15)
    assert ended == []
    with pytest.raises(StoppedError):
        stop.check()
    stop.signalled(15)
    assert ended == [15]


def test_a_worker_that_stops_in_the_middle_of_its_heartbeat_is_let_go_of(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL would keep the row locked for it, and every other worker waiting, for as long as it is paused."""
    if sessions.kw["bind"].dialect.name != "postgresql":
        pytest.skip("SQLite has one writer at a time, who waits for no row")
    monkeypatch.setattr(runs, "PAUSE", "100ms")
    lease = timedelta(minutes=1)
    with sessions.begin() as session:
        held = runs.take(session, "rank", DRAFT, "first", DRAFT, lease, lambda _run: False)
    assert held
    paused = sessions()
    assert runs.beat(paused, [held], DRAFT + lease, lease) == {held}
    with sessions.begin() as session:
        assert runs.take(session, "rank", DRAFT, "second", DRAFT + 3 * lease, lease, lambda _run: True)
    with pytest.raises(DBAPIError):
        paused.commit()
    paused.close()
    assert [(run.holder, run.token) for run in all_runs(sessions)] == [("second", 2)]
