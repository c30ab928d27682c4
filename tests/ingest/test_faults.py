"""Faults at every step of a harvest, and two harvests at once: the store ends as if nothing had happened."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from core.clock import Clock
from core.record import CodeLink, LabClaim
from db.engine import Sessions, make_engine, make_sessions, reading
from db.models import Code, Item
from ingest.service import store
from ingest.source import EntryError, Page
from tests.ingest.doubles import pull_all
from tests.ingest.fake import Fake, dump
from tests.ingest.test_service import DAY, NEXT, NOW, note, paper


class PowerCut(BaseException):
    """Not an Exception, so that nothing in the program can catch it by mistake."""


def harvest(sessions: Sessions, clock: Clock) -> None:
    """Read two days with everything in them that writes: papers, code, evidence, errors, a post that is a paper."""
    code = (CodeLink("https://github.com/heron/brass", True, 4),)
    claim = (LabClaim("heronry", "feed", "https://heronry.example/brass"),)
    first = [Page((paper(1, code=code), paper(2)), (EntryError("odd", b"?"),), 4), Page((paper(3),), (), 4)]
    second = [Page((note(labs=claim), paper(4)), (), 2)]
    pull_all(sessions, [Fake({DAY: first, NEXT: second})], DAY, NEXT, clock)


@contextmanager
def power_cut(engine: Engine, at: int) -> Iterator[list[int]]:
    """Cut the power before the statement or commit with this number; gives a list whose length counts them."""
    steps: list[int] = []

    def step(*_: Any) -> None:
        steps.append(1)
        if len(steps) == at:
            raise PowerCut

    event.listen(engine, "before_cursor_execute", step)
    event.listen(engine, "commit", step)
    try:
        yield steps
    finally:
        event.remove(engine, "before_cursor_execute", step)
        event.remove(engine, "commit", step)


def fresh(template: Path, path: Path) -> Engine:
    shutil.copy(template, path)
    return make_engine(f"sqlite:///{path}")


def test_a_power_cut_at_any_step_leaves_no_trace(sqlite_template: Path, tmp_path: Path, clock: Clock) -> None:
    whole = fresh(sqlite_template, tmp_path / "whole.db")
    harvest(make_sessions(whole), clock)
    expected = dump(make_sessions(whole))
    at, cut = 0, True
    while cut:
        at += 1
        engine = fresh(sqlite_template, tmp_path / f"{at}.db")
        sessions = make_sessions(engine)
        with power_cut(engine, at):
            try:
                harvest(sessions, clock)
                cut = False
            except PowerCut:
                cut = True
        harvest(sessions, clock)
        assert dump(sessions) == expected, f"after a cut at step {at}"
        engine.dispose()
    assert at > 30
    whole.dispose()


def test_two_harvests_at_once_lose_nothing(sessions: Sessions) -> None:
    """Ten rounds of two writers that each know another half of the same papers."""
    numbers = range(1, 6)
    halves = [
        [replace(paper(n), source="hf", votes=n) for n in numbers],
        [paper(n, source="pwc", code=(CodeLink(f"https://github.com/heron/{n}"),)) for n in reversed(numbers)],
    ]
    failures: list[BaseException] = []

    def write(half: int) -> None:
        try:
            for _ in range(10):
                with sessions.begin() as session:
                    store(session, halves[half], NOW)
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=write, args=(half,)) for half in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with reading(sessions) as session:
        found = {item.id: (item.votes, item.sources) for item in session.scalars(select(Item))}
        assert len(session.scalars(select(Code)).all()) == 5
    assert found == {f"2606.{n:05d}": (n, ["hf", "pwc"]) for n in numbers}


def test_the_power_cut_really_cuts(sqlite_engine: Engine, clock: Clock) -> None:
    with power_cut(sqlite_engine, 3), pytest.raises(PowerCut):
        harvest(make_sessions(sqlite_engine), clock)
