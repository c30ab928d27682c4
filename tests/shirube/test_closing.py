"""A clock that all sources find ahead closes no month and mails no issue; one that is right is never blocked."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.clock import system_clock
from core.errors import RefusedError
from db.models import Issue
from db.models_mail import Outbox
from shirube import closing, jobs, trials
from shirube.settings import load_settings
from shirube.stopping import Stopping
from tests.shirube.command import CLOSED, Bench, run
from tests.shirube.conftest import MONTH, Store
from tests.shirube.test_digest import state
from tests.shirube.test_mail import MAIL
from tests.upstream.server import _Handler

MONTHS = timedelta(days=29, hours=1)
Dated = Callable[..., None]


def apart(store: Store) -> Store:
    """Lead one source to the stand-in by another name, so that two hosts tell the hour."""
    other = f"localhost:{store.up.port}"
    store.env["SHIRUBE_HF_URL"] = f"http://{other}"
    store.env["SHIRUBE_ALLOW_PRIVATE_HOSTS"] = json.dumps([f"127.0.0.1:{store.up.port}", other])
    return store


@pytest.fixture
def dated(monkeypatch: pytest.MonkeyPatch) -> Dated:
    """Date the answers so long ago that this machine's clock is ahead; of a host by a lag of its own."""

    def date(lag: timedelta, **by_host: timedelta) -> None:
        def said(handler: _Handler, _timestamp: float | None = None) -> str:
            host = handler.headers.get("Host", "").partition(":")[0]
            return format_datetime(datetime.now(UTC) - by_host.get(host, lag), usegmt=True)

        monkeypatch.setattr(_Handler, "date_time_string", said)

    return date


def status(store: Store) -> str:
    found: str = state(store, select(Issue.status).where(Issue.month == MONTH))[0][0]
    return found


def at(store: Store, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The wiring of `work` after the closing time."""
    for name, value in store.env.items():
        monkeypatch.setenv(name, value)
    return Bench(load_settings(), lambda: CLOSED)


def ended(wiring: Bench) -> None:
    """Let go of database and connections."""
    wiring.guard.close()
    wiring.engine.dispose()


def test_a_clock_that_is_ahead_closes_no_month_until_it_is_set(
    mine: Store, dated: Dated, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiring = at(apart(mine), monkeypatch)
    jobs.pull("arxiv", wiring, Stopping())
    dated(MONTHS)
    with pytest.raises(RefusedError, match=r"clock is 29 days 1 h ahead .* timedatectl set-ntp true"):
        jobs.close(wiring, Stopping())
    made = run("digest", MONTH, env=mine.env, now=CLOSED)
    assert (made.code, made.lines) == (3, [str(mine.folder / "digests" / f"{MONTH}.html")])
    assert "Nothing is closed or mailed" in made.err
    assert run("digest", env=mine.env, now=CLOSED).code == 3
    assert run("digest", "--since", MONTH, env=mine.env, now=CLOSED).code == 3
    assert status(mine) == "draft"
    dated(timedelta())
    assert jobs.close(wiring, Stopping()).counts == {"closed": 1}
    assert status(mine) == "final"
    ended(wiring)


def test_a_clock_that_is_ahead_mails_no_issue(
    final: Store, tmp_path: Path, dated: Dated, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = apart(final.copied(tmp_path / "post"))
    post.env.update(MAIL)
    wiring = at(post, monkeypatch)
    dated(MONTHS)
    post.up.log.clear()
    assert jobs.outbox(wiring, Stopping()).counts == {"begun": 0}
    assert post.up.requests() == [], "there is nobody to mail"
    assert run("subscribers", "add", "a@example.org", "--consent", "on paper", env=post.env, now=CLOSED).code == 0
    outcome = jobs.outbox(wiring, Stopping())
    assert (outcome.counts, "ahead of all sources" in (outcome.failure or "")) == ({"begun": 0}, True)
    sent = run("send", env=post.env, now=CLOSED)
    assert (sent.code, "timedatectl set-ntp true" in sent.err) == (1, True)
    assert state(post, select(Outbox)) == []
    dated(timedelta())
    assert jobs.outbox(wiring, Stopping()).counts == {"begun": 1, "mails sent": 1}
    post.up.log.clear()
    assert run("send", env=post.env, now=CLOSED).code == 0
    assert post.up.requests() == [], "nothing begins"
    ended(wiring)


@pytest.mark.parametrize(
    "lags",
    [{"localhost": timedelta()}, {"localhost": -MONTHS}, {"localhost": timedelta(minutes=50)}],
    ids=["one-right", "one-later", "less-than-an-hour"],
)
def test_one_server_that_differs_is_believed(
    mine: Store, dated: Dated, monkeypatch: pytest.MonkeyPatch, lags: dict[str, timedelta]
) -> None:
    wiring = at(apart(mine), monkeypatch)
    dated(MONTHS, **lags)
    closing.refuse_ahead(wiring)
    dated(MONTHS)
    with pytest.raises(RefusedError):
        closing.refuse_ahead(wiring)
    ended(wiring)


def test_an_old_answer_from_a_cache_an_odd_date_and_silence_stop_nothing(
    mine: Store, dated: Dated, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiring = at(apart(mine), monkeypatch)
    old = f"{format_datetime(datetime.now(UTC) - MONTHS, usegmt=True)}\r\nAge: {MONTHS.total_seconds():.0f}"
    for odd in (old, "", "yesterday", "Thu, 1 Jan 20261111111111111 00:00:00 GMT", "Mon, 99 Jan 2026 00:00:00 GMT"):
        monkeypatch.setattr(_Handler, "date_time_string", lambda handler, timestamp=None, odd=odd: odd)
        assert closing.surely_ahead(trials.hours(wiring, system_clock)) < closing.FAR
        closing.refuse_ahead(wiring)
    dated(MONTHS)
    mine.env["SHIRUBE_ALLOW_PRIVATE_HOSTS"] = "[]"
    silent = at(mine, monkeypatch)
    assert trials.hours(silent, system_clock) == []
    closing.refuse_ahead(silent)
    ended(silent)
    ended(wiring)


def test_sources_of_one_host_are_one_voice_and_not_asked(
    mine: Store, dated: Dated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as the stand-in, or a mirror of everything."""
    wiring = at(mine, monkeypatch)
    dated(MONTHS)
    mine.up.log.clear()
    closing.refuse_ahead(wiring)
    assert mine.up.requests() == []


behind = st.floats(-1e9, 1e9)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), behind)), behind.filter(lambda late: late >= 0), st.sampled_from("abc")
)
def test_nobody_is_ahead_as_long_as_one_server_does_not_find_it(
    told: list[tuple[str, float]], late: float, host: str
) -> None:
    assert closing.surely_ahead([*told, (host, late)]) == 0.0
    ahead = closing.surely_ahead(told)
    assert ahead == 0.0 or (len({name for name, _ in told}) > 1 and all(-late >= ahead for _, late in told))
