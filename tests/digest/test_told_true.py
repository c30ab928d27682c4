"""What an issue tells is what its rows hold: days of reading, counts, months, and how much was chosen; in words."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from db.engine import Sessions
from db.models import Rating, Window
from digest.coverage import Stored, WindowFact, coverage
from digest.formats import formats
from digest.formats.json import from_json, to_json
from digest.model import Digest
from digest.service import digest_of
from digest.words import NBSP
from roadmap.model import Roadmap
from tests.digest import sample
from tests.digest.store import at, build, ready

WORDS = ("html", "text", "markdown")


def told(digest: Digest, lang: str, name: str = "text") -> str:
    """Give the words of a format with single spaces."""
    return " ".join(formats()[name].render(digest, lang).replace(NBSP, " ").split())


def squeezed(text: str) -> str:
    """Leave out all spaces, since Japanese breaks its lines anywhere."""
    return "".join(text.split())


def voted(sessions: Sessions, day: str) -> None:
    """Let a paper of June have upvotes that were read on a day."""
    with sessions.begin() as session:
        rating = session.get_one(Rating, "2606.10000")
        readers = {"votes": 232, "place": 1, "of": 9, "date": day}
        rating.reasons = [*rating.reasons, {"kind": "readers", "facts": readers, "share": 0.1}]


@pytest.mark.parametrize(("now", "read"), [("2026-07-10", "2026-07-09"), ("2026-07-03", "2026-07-02")])
def test_upvotes_are_told_as_of_the_newest_day_of_an_entry_or_of_a_reading(
    sessions: Sessions, roadmap: Roadmap, now: str, read: str
) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        window = session.scalars(select(Window).where(Window.source == "hf")).one()
        window.checked_at = at(read)  # the counts are those of June 29
        window.closed_at = at("2026-06-29")
    voted(sessions, "2026-07-01")
    with sessions.begin() as session:
        digest = digest_of(build(session, "2026-06", roadmap, at(now)))
    final = digest.status == "final"
    assert final == (now == "2026-07-10")
    for name in WORDS:
        page = told(digest, "en", name)
        assert ("9 Jul 2026" if final else "1 Jul 2026") in page.partition("Upvotes are as of ")[2][:80], name
        assert "29 Jun 2026" not in page
        assert "Upvotes were last read" not in page
        japanese = squeezed(told(digest, "ja", name))
        assert f"2026年7月{9 if final else 1}日" in japanese.partition("票数は")[2][:80], name


def test_an_issue_frozen_before_tells_no_day_before_its_own_upvotes() -> None:
    old = sample.digest()
    rows = tuple(replace(s, last_read=datetime(2026, 10, 31, tzinfo=UTC)) for s in old.coverage.sources)
    digest = from_json(to_json(replace(old, coverage=replace(old.coverage, sources=rows))))
    assert "Upvotes are as of 4 Nov 2026." in told(digest, "en")
    assert "票数は2026年11月4日時点です。" in squeezed(told(digest, "ja"))


def test_a_draft_is_the_same_after_a_reading_that_changed_nothing(sessions: Sessions, roadmap: Roadmap) -> None:
    def bytes_of() -> str:
        with sessions.begin() as session:
            return formats()["json"].render(digest_of(build(session, "2026-06", roadmap, at("2026-07-02"))), "en")

    with sessions.begin() as session:
        ready(session, roadmap)
    before = bytes_of()
    with sessions.begin() as session:
        for window in session.scalars(select(Window)):
            window.checked_at = at("2026-07-09")
    assert bytes_of() == before


@pytest.mark.parametrize("now", ["2026-07-02", "2026-07-10"])
def test_offline_tells_when_the_sources_were_read_not_when_they_changed(
    sessions: Sessions, roadmap: Roadmap, now: str
) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        for window in session.scalars(select(Window)):
            window.closed_at = at("2026-06-29")
            window.checked_at = at("2026-07-09")
        session.flush()
        build(session, "2026-06", roadmap, at(now))
        digest = digest_of(build(session, "2026-06", roadmap, at(now), offline=True))
    assert "The sources were last read on 9 Jul 2026." in told(digest, "en")
    assert "2026年7月9日" in squeezed(told(digest, "ja"))


def test_a_window_that_failed_since_was_read_when_it_closed() -> None:
    closed, later = at("2026-06-29"), at("2026-07-09")
    window = WindowFact(
        "hf", "daily", date(2026, 6, 1), date(2026, 6, 30), "closed", None, 9, 0, None, later, closed, False
    )
    for state, read in (("closed", later), ("stale", closed)):
        rows = [replace(window, state=state)]
        found = coverage("2026-06", rows, ("hf",), Stored(9, 9, 0), date(2026, 6, 30), exact=True)
        assert found.sources[0].last_read == read
