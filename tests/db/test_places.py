"""The book of turns and pauses, row by row, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from db import places
from db.engine import Sessions, reading
from db.models import Place

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ARXIV = "arxiv.org"


def later(seconds: float) -> datetime:
    """So many seconds after the beginning."""
    return NOW + timedelta(seconds=seconds)


def claim(sessions: Sessions, who: str, at: float, *, gone: bool = False) -> float:
    """Try to take the turn with a delay of 3 s and a lease of 150 s."""
    with sessions.begin() as session:
        return places.claim(session, ARXIV, who, later(at), delay=3, lease=150, gone=lambda holder: gone)


def give_back(sessions: Sessions, who: str, at: float) -> None:
    """End a turn that the server had begun with at this second."""
    with sessions.begin() as session:
        places.give_back(session, ARXIV, who, later(at))


def row(sessions: Sessions) -> Place:
    """The one row there is."""
    with reading(sessions) as session:
        return session.scalars(select(Place)).one()


def test_one_at_a_time_and_the_delay_between_two(sessions: Sessions) -> None:
    assert claim(sessions, "a", 0) == 0
    assert claim(sessions, "b", 1) == places.LOOK
    give_back(sessions, "a", 2)
    assert claim(sessions, "b", 3) == pytest.approx(2)
    assert claim(sessions, "b", 5) == 0
    assert claim(sessions, "a", 6) == places.LOOK
    assert row(sessions).last_at == later(2)


def test_a_lease_that_ran_out_is_taken_over_after_the_delay(sessions: Sessions) -> None:
    claim(sessions, "a", 0)
    assert claim(sessions, "b", 149.95) == pytest.approx(0.05)
    assert claim(sessions, "b", 150) == 3  # it may have asked at this very moment
    assert claim(sessions, "b", 153) == 0
    give_back(sessions, "a", 154)  # who lost its turn changes nothing
    assert (row(sessions).holder, row(sessions).last_at) == ("b", later(150))


def test_a_holder_that_died_is_not_waited_for(sessions: Sessions) -> None:
    claim(sessions, "a", 0)
    assert claim(sessions, "b", 1, gone=True) == 3
    assert claim(sessions, "b", 4) == 0


def test_a_holder_whose_turn_was_never_given_back_may_go_on(sessions: Sessions) -> None:
    claim(sessions, "a", 0)
    assert claim(sessions, "a", 1) == 3
    assert claim(sessions, "a", 4) == 0


@pytest.mark.parametrize("step", [-7200.0, 7200.0])
def test_a_clock_that_steps_stalls_nobody_for_long(sessions: Sessions, step: float) -> None:
    claim(sessions, "a", 0)
    give_back(sessions, "a", 0)
    assert claim(sessions, "b", step) in (0, 3)
    give_back(sessions, "b", step)
    assert claim(sessions, "b", step + 3) == 0
    # While a turn is held, too: the lease counts from now at most.
    assert claim(sessions, "c", step - 7200) == places.LOOK
    assert claim(sessions, "c", step - 7200 + 150) in (0, 3)


def test_a_pause_is_kept_until_it_is_over_and_forgotten_then(sessions: Sessions) -> None:
    with sessions.begin() as session:
        places.pause(session, ARXIV, later(600), "status 503", NOW)
        places.pause(session, ARXIV, later(60), "status 429", NOW)  # shorter than what was noted
        places.resume(session, ARXIV, later(599))
    assert (row(sessions).closed_until, row(sessions).why) == (later(600), "status 503")
    with reading(sessions) as session:
        assert places.paused(session, [ARXIV, "other"], later(599)) == {ARXIV}
        assert places.paused(session, [ARXIV, "other"], later(600)) == set()
        assert places.paused(session, [ARXIV], later(-1)) == set()  # the clock was set back
        assert places.pause_of(session, "other") is None
    with sessions.begin() as session:
        places.resume(session, ARXIV, later(600))
        assert places.pause_of(session, ARXIV) is None


def test_a_pause_lasts_as_long_after_the_clock_was_set_back(sessions: Sessions) -> None:
    with sessions.begin() as session:
        places.pause(session, ARXIV, later(60), "status 503", NOW)
        places.settle(session, ARXIV, later(-7200))
    assert row(sessions).closed_until == later(-7200 + 60)
    with sessions.begin() as session:
        places.settle(session, ARXIV, later(-7190))
    assert row(sessions).closed_until == later(-7200 + 60)


def test_only_what_is_over_is_forgotten_and_only_under_its_prefix(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for name, until in (("pwc/1", 1), ("pwc/2", 9), ("pwc%3", 1), ("hf/1", 1)):
            places.pause(session, name, later(until), "404", NOW)
        places.forget(session, "pwc/", later(5))
        assert sorted(session.scalars(select(Place.name))) == ["hf/1", "pwc%3", "pwc/2"]


def test_the_shared_clock_is_right(sessions: Sessions) -> None:
    with reading(sessions) as session:
        first, second = places.moment(session), places.moment(session)
    assert first.tzinfo is UTC
    assert abs((datetime.now(UTC) - first).total_seconds()) < 5
    assert second > first  # within one transaction, too
