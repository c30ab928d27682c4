"""The status of the store for readers: the page and the API tell the same, and no more than readers should know."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from core.clock import iso
from core.months import days, first_day, last_day
from db.engine import Sessions
from db.models import Window
from digest.service import Collecting
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS
from tests.api.factory import add_item, fill, make_issue
from tests.api.test_queries import statements
from tests.fakes import HashEmbedder

NOW = datetime(2026, 7, 20, 9, tzinfo=UTC)
READ = NOW - timedelta(hours=3)
SECRET = "https://proxy.internal:3128 answered 503"
Open = Callable[..., TestClient]


class NextHour:
    """Rules by which everything that is open is asked again in an hour."""

    def of(self, fact: Any) -> dict[str, Any]:
        """Say when a window is asked again."""
        return {"kind": "retry", "at": iso(NOW + timedelta(hours=1)), "says": "shirube pull --source x"}

    def upcoming(self, facts: Any) -> list[dict[str, Any]]:
        """Say that complete windows are read again tomorrow."""
        return [{"source": "hf", "list": "", "kind": "read-again", "windows": 1, "at": iso(NOW + timedelta(days=1))}]


@pytest.fixture
def open_at(sessions: Sessions, roadmap: Roadmap) -> Open:
    """Open the app at a moment, with rules of what comes next."""

    def open_(now: datetime = NOW, **given: Any) -> TestClient:
        known = Collecting(model=HashEmbedder().identity.partition("@")[0], steps=lambda _month, _final: NextHour())
        app = create_app(sessions, roadmap, lambda: now, OPTIONS, collecting=known, **given)
        return TestClient(app, raise_server_exceptions=False)

    return open_


def window(sessions: Sessions, source: str, first: date, last: date, **given: Any) -> None:
    whole = {"channel": source, "state": "closed", "expected": None, "received": 0, "errors": 0, "checked_at": READ}
    with sessions.begin() as session:
        session.add(Window(source=source, from_day=first, to_day=last, **(whole | {"closed_at": READ} | given)))


@pytest.fixture
def july(sessions: Sessions, roadmap: Roadmap) -> None:
    """July until the 20th: arXiv day by day with a short day and a stale one, Daily Papers whole, the rest open."""
    odd: dict[int, dict[str, Any]] = {
        13: {"state": "stale", "expected": 9, "received": 9, "error": SECRET, "closed_at": None},
        16: {"state": "open", "expected": 8, "received": 5, "closed_at": None},
    }
    for day in days(date(2026, 7, 1), date(2026, 7, 20)):
        plain = {"expected": 1, "received": 1} if day.day == 4 else {"expected": 0, "received": 0}
        window(sessions, "arxiv", day, day, **(odd.get(day.day, plain)))
    window(sessions, "hf", date(2026, 7, 1), date(2026, 7, 31))
    window(sessions, "pwc", date(2026, 7, 1), date(2026, 7, 31), state="error", error=SECRET, closed_at=None)
    with sessions.begin() as session:
        add_item(session, roadmap, "2607.00001", submitted=datetime(2026, 7, 4, 8, tzinfo=UTC), month="2026-07")


def text(page: str) -> str:
    main = page.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).replace("\xa0", " ").split()).replace(" :", ":")


def cell(page: str, day: int) -> str:
    found = re.search(rf"<td([^>]*)><b>{day}</b>(.*?)</td>", page)
    assert found is not None
    return " ".join(unescape(found[1] + re.sub(r"<[^>]+>", "", found[2])).split())


def test_an_empty_store_says_that_nothing_was_asked(client: TestClient) -> None:
    page = text(client.get("/status").text)
    assert "No source has been read yet" in page
    assert "No source was asked about this month." in page
    assert "Nothing of this month is known to be missing" not in page


@pytest.mark.usefixtures("july")
def test_each_source_is_told_in_words(open_at: Open) -> None:
    found = {source["source"]: source for source in open_at().get("/api/v1/status").json()["sources"]}
    assert {name: source["state"] for name, source in found.items()} == {
        "arxiv": "partial", "hf": "complete", "pwc": "failed", "labs": "absent",
    }  # fmt: skip
    assert found["hf"]["last_complete"] == iso(READ)
    assert found["pwc"]["last_complete"] is None
    assert found["arxiv"]["next_try"] == iso(NOW + timedelta(hours=1))
    assert found["hf"]["next_try"] == iso(NOW + timedelta(days=1))
    page = text(open_at().get("/status").text)
    assert "1 of 4 sources are up to date" in page
    assert "Not up to date: arXiv, Papers with Code; everything else goes on without." in page
    assert "arXiv in part 20 Jul 2026, 06:00 UTC 20 Jul 2026, 10:00 UTC" in page
    assert "Papers with Code failed never" in page


@pytest.mark.usefixtures("july")
def test_a_day_is_stored_of_announced_and_a_stale_day_is_not_a_quiet_day(open_at: Open) -> None:
    page = open_at().get("/status").text
    assert cell(page, 4) == 'class="full" 1'
    assert cell(page, 5) == 'class="full" 0'  # a Sunday on which nothing was submitted was read all the same
    assert cell(page, 13) == 'class="stale" stale'
    assert cell(page, 16) == 'class="part" 5/8'
    assert cell(page, 20) == "0 open"
    assert cell(page, 21) == ""
    said = {day["day"]: day for day in open_at().get("/api/v1/status?month=2026-07").json()["months"][0]["days"]}
    assert said["2026-07-16"] == {
        "day": "2026-07-16", "state": "partial", "stored": 0, "announced": 8, "received": 5,
    }  # fmt: skip
    assert said["2026-07-13"]["state"] == "stale"
    assert len(said) == 31


@pytest.mark.usefixtures("july")
def test_what_is_open_is_named_with_when_it_is_asked_again(open_at: Open) -> None:
    page = text(open_at().get("/status").text)
    assert "arXiv, 16 Jul: in part; 3 papers missing; asked again: 20 Jul 2026, 10:00 UTC" in page
    assert "arXiv, 13 Jul: stale" in page
    assert "Papers with Code, 1 Jul to 31 Jul: failed" in page
    assert "News of the labs, 1 Jul to 20 Jul: not asked" in page


@pytest.mark.usefixtures("july")
def test_neither_commands_nor_the_words_of_errors_are_told(open_at: Open) -> None:
    client = open_at()
    for address in ("/status", "/status?lang=ja", "/api/v1/status"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "proxy.internal" not in answer.text
        assert "shirube pull" not in answer.text


def test_a_source_read_long_ago_is_behind(sessions: Sessions, open_at: Open) -> None:
    window(sessions, "hf", date(2026, 7, 1), date(2026, 7, 31), checked_at=NOW - timedelta(days=3))
    found = {source["source"]: source["state"] for source in open_at().get("/api/v1/status").json()["sources"]}
    assert found["hf"] == "behind"
    assert "Hugging Face Daily Papers behind" in text(open_at().get("/status").text)


# -- the words of the page agree ------------------------------------------------------------

GOOD = {"en": "All sources are up to date", "ja": "すべての情報源が最新です"}
SOURCES = ("arxiv", "hf", "pwc", "labs")


def heading(page: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page)
    assert found is not None
    return unescape(re.sub(r"<[^>]+>", "", found[1])).replace("\xa0", " ")


def whole_month(sessions: Sessions, month: str, but: str = "", read: datetime = READ) -> None:
    """Let every source but one be read in full for a month."""
    for source in SOURCES:
        if source != but:
            window(sessions, source, first_day(month), last_day(month), checked_at=read, closed_at=read)


def test_a_month_that_nobody_was_asked_about_leaves_no_source_up_to_date(sessions: Sessions, open_at: Open) -> None:
    whole_month(sessions, "2026-06")
    told = open_at().get("/api/v1/status").json()
    assert {source["state"] for source in told["sources"]} == {"behind"}
    assert [month["asked"] for month in told["months"]] == [False, True]
    page = open_at().get("/status").text
    assert heading(page) == "No source is up to date"
    assert "No source was asked about this month." in text(page)
    assert heading(open_at().get("/status?lang=ja").text) == "どの情報源も最新ではありません"


def test_a_month_that_has_just_begun_makes_no_source_late(sessions: Sessions, open_at: Open) -> None:
    whole_month(sessions, "2026-06", read=datetime(2026, 7, 1, 0, 5, tzinfo=UTC))
    client = open_at(datetime(2026, 7, 1, 1, tzinfo=UTC))
    assert heading(client.get("/status").text) == GOOD["en"]  # it shows June in the first days of July
    assert heading(client.get("/status?month=2026-07").text) == f"{GOOD['en']}, but none was asked about July 2026"


def test_gaps_of_an_older_month_stand_beside_sources_that_are_up_to_date(sessions: Sessions, open_at: Open) -> None:
    whole_month(sessions, "2026-07")
    whole_month(sessions, "2026-03", but="pwc")
    march = (date(2026, 3, 1), date(2026, 3, 31))
    window(sessions, "pwc", *march, state="error", error=SECRET, closed_at=None)
    assert heading(open_at().get("/status").text) == GOOD["en"]
    assert "Nothing of this month is known to be missing." in text(open_at().get("/status").text)
    page = open_at().get("/status?month=2026-03").text
    assert heading(page) == "All sources are up to date, but March 2026 has gaps"
    assert "Papers with Code, 1 Mar to 31 Mar: failed" in text(page)
    february = open_at().get("/status?month=2026-02").text
    assert heading(february) == "All sources are up to date, but none was asked about February 2026"
    assert "No source was asked about this month." in text(february)
    said = heading(open_at().get("/status?month=2026-03&lang=ja").text)
    assert said.startswith("情報源はすべて最新ですが")
    assert "2026年3月" in said


@pytest.mark.parametrize("given", [{}, {"state": "open", "closed_at": None, "checked_at": None}])
def test_days_of_this_month_that_a_source_was_not_read_for_leave_it_in_part(
    sessions: Sessions, open_at: Open, given: dict[str, Any]
) -> None:
    whole_month(sessions, "2026-07", but="hf")
    window(sessions, "hf", date(2026, 7, 9), date(2026, 7, 31))
    if given:
        window(sessions, "hf", date(2026, 7, 1), date(2026, 7, 8), **given)
    found = {source["source"]: source["state"] for source in open_at().get("/api/v1/status").json()["sources"]}
    assert found == {"arxiv": "complete", "hf": "partial", "pwc": "complete", "labs": "complete"}
    page = open_at().get("/status").text
    assert heading(page) == "3 of 4 sources are up to date"
    assert "Hugging Face Daily Papers, 1 Jul to 8 Jul" in text(page)


def test_a_day_that_is_to_be_read_yet_is_no_gap(sessions: Sessions, open_at: Open) -> None:
    whole_month(sessions, "2026-07", but="arxiv")
    window(sessions, "arxiv", date(2026, 7, 1), date(2026, 7, 18))
    window(sessions, "arxiv", date(2026, 7, 19), date(2026, 7, 19), state="open", closed_at=None, checked_at=None)
    page = open_at().get("/status").text
    assert heading(page) == GOOD["en"]
    assert heading(open_at().get("/status?lang=ja").text) == GOOD["ja"]
    assert "Nothing of this month is known to be missing." in text(page)
    later = open_at(NOW + timedelta(days=1, hours=16)).get("/status").text
    assert heading(later) == "3 of 4 sources are up to date"
    assert "arXiv, 19 Jul: to be read" in text(later)


def test_a_month_shown_by_daily_papers_alone_was_asked_about(sessions: Sessions, open_at: Open) -> None:
    window(sessions, "hf", date(2026, 7, 1), date(2026, 7, 31))
    page = text(open_at(datetime(2026, 7, 1, 12, tzinfo=UTC)).get("/status?month=2026-07").text)
    assert "No source was asked about this month." not in page


def test_the_newest_issue_and_the_next_ones_closing_day_are_told(
    sessions: Sessions, roadmap: Roadmap, open_at: Open
) -> None:
    fill(sessions, roadmap, 2)
    assert make_issue(sessions, roadmap, "2026-06", datetime(2026, 7, 3, tzinfo=UTC)) == "draft"
    early = open_at(datetime(2026, 7, 4, tzinfo=UTC)).get("/api/v1/status").json()
    assert early["newest_issue"] == {"month": "2026-06", "status": "draft"}
    assert early["next_issue"] == {"month": "2026-06", "closes": "2026-07-05T06:00:00Z"}
    late = open_at(datetime(2026, 7, 6, tzinfo=UTC))
    assert "June 2026 has been due to close since 5 Jul 2026, 06:00 UTC" in text(late.get("/status").text)
    assert make_issue(sessions, roadmap, "2026-06", NOW, complete=False) == "final"
    after = open_at().get("/api/v1/status").json()
    assert after["newest_issue"] == {"month": "2026-06", "status": "final"}
    assert after["next_issue"] == {"month": "2026-07", "closes": "2026-08-05T06:00:00Z"}


def test_it_is_told_how_far_embedding_and_ranking_have_come(
    sessions: Sessions, roadmap: Roadmap, open_at: Open
) -> None:
    from ranking.service import embed_new

    fill(sessions, roadmap, 2)
    embed_new(sessions, HashEmbedder(), lambda: NOW)
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00009", ranked=False)
    found = open_at().get("/api/v1/status").json()
    assert (found["stored"], found["embedded"], found["ranked"]) == (3, 2, 2)
    assert "3 papers and posts stored 2 of them found by meaning 2 of them ranked" in text(
        open_at().get("/status").text
    )


@pytest.mark.parametrize("address", ["/status?month=2026-13", "/status?month=x", "/api/v1/status?month=2026-08"])
def test_a_month_that_is_none_or_has_not_begun_is_refused(open_at: Open, address: str) -> None:
    assert open_at().get(address).status_code == 422


def test_months_lead_back_as_far_as_anything_is_stored(sessions: Sessions, roadmap: Roadmap, open_at: Open) -> None:
    fill(sessions, roadmap, 1)
    client = open_at()
    assert 'href="/status?month=2026-06" rel="prev"' in client.get("/status").text
    june = client.get("/status?month=2026-06").text
    assert 'rel="prev"' not in june
    assert 'href="/status?month=2026-07" rel="next"' in june
    assert "2 Jun 2026" in text(june)
    assert "第" not in june
    assert "2026年6月" in client.get("/status?month=2026-06&lang=ja").text


def test_the_page_is_looked_up_once_a_minute(sessions: Sessions, roadmap: Roadmap) -> None:
    moments = [NOW]
    app = create_app(sessions, roadmap, lambda: moments[-1], OPTIONS)
    with TestClient(app) as client:
        assert "0 papers and posts stored" in text(client.get("/status").text)
        fill(sessions, roadmap, 1)
        assert "0 papers and posts stored" in text(client.get("/status").text)
        moments.append(NOW + timedelta(minutes=1))
        assert "1 paper or post stored" in text(client.get("/status").text)


@pytest.mark.usefixtures("july")
@pytest.mark.parametrize("address", ["/status", "/api/v1/status"])
def test_statements_stay_few_as_rows_grow(sessions: Sessions, roadmap: Roadmap, open_at: Open, address: str) -> None:
    fill(sessions, roadmap, 3)
    few = statements(sessions, lambda: open_at().get(address))
    with sessions.begin() as session:
        for number in range(40):
            add_item(session, roadmap, f"2606.1{number:04d}")
    many = statements(sessions, lambda: open_at().get(address))
    assert many == few <= 22
