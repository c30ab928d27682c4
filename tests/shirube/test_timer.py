"""A timer that runs `pull` and `digest` once a day, as docs/operate.md says: it leaves no month unclosed."""

from datetime import UTC, datetime

from sqlalchemy import select

from db.models import Issue
from tests.shirube.command import Ended, run
from tests.shirube.conftest import MONTH, Store
from tests.shirube.test_digest import state


def november(day: int, hour: int = 20) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def timed(store: Store, now: datetime) -> Ended:
    """What the timer runs, whether all of the first was read or not."""
    run("pull", env=store.env, now=now)
    return run("digest", env=store.env, now=now)


def statuses(store: Store) -> dict[str, str]:
    return {row[0]: row[1] for row in state(store, select(Issue.month, Issue.status))}


def test_a_late_closing_day_keeps_the_timer_at_the_month_until_it_is_final(mine: Store) -> None:
    mine.env["SHIRUBE_CLOSING_DAY"] = "8"
    assert timed(mine, november(7)).out.endswith(f"{MONTH}.html\n")
    assert statuses(mine)[MONTH] == "draft"
    assert timed(mine, november(8)).out.endswith(f"{MONTH}.html\n")
    assert statuses(mine)[MONTH] == "final"
    assert timed(mine, november(9)).out.endswith("2026-11.html\n")


def test_a_machine_that_was_off_until_the_twelfth_closes_the_month_then(mine: Store) -> None:
    assert timed(mine, november(12)).out.endswith(f"{MONTH}.html\n")
    assert statuses(mine)[MONTH] == "final"
    assert timed(mine, november(13)).out.endswith("2026-11.html\n")


def test_a_digest_without_a_month_closes_an_older_one_that_is_due(mine: Store) -> None:
    now = datetime(2026, 12, 12, 20, tzinfo=UTC)
    ended = run("digest", env=mine.env, now=now)
    assert ended.out.endswith("2026-12.html\n")
    assert f"The issue of {MONTH} is final now" in ended.err
    assert statuses(mine)[MONTH] == "final"


def test_without_a_source_or_with_a_month_named_no_other_is_closed(mine: Store) -> None:
    for words in (("2026-11",), ("--offline",)):
        run("digest", *words, env=mine.env, now=november(30))
        assert statuses(mine)[MONTH] == "draft", words
