"""The list of all issues, and an issue shrunk to a reading time."""

import re
from datetime import UTC, datetime

from fastapi.testclient import TestClient

from api.issue_page import BUDGETS
from db.engine import Sessions
from db.models import Issue
from roadmap.model import Roadmap
from tests.api.factory import add_item, fill, make_issue

JUNE = datetime(2026, 6, 20, 9, tzinfo=UTC)
JULY = datetime(2026, 7, 8, 9, tzinfo=UTC)


def test_an_archive_without_issues_says_so(client: TestClient) -> None:
    answer = client.get("/digests?lang=en")
    assert answer.status_code == 200
    assert "No issue yet" in answer.text


def test_the_archive_lists_every_issue_newest_first(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2605.00001", submitted=datetime(2026, 5, 3, tzinfo=UTC), month="2026-05")
        add_item(session, roadmap, "2606.00001")
    make_issue(sessions, roadmap, "2026-06", JUNE)
    make_issue(sessions, roadmap, "2026-05", JULY)
    with sessions.begin() as session:
        may = session.get(Issue, "2026-05")
        assert may is not None
        may.erratum = [{"date": "2026-08-01", "item_id": "2605.00001", "kind": "withdrawn", "detail": ""}]
    page = client.get("/digests?lang=en").text.replace("\xa0", " ")
    assert page.index('href="/digests/2026-06"') < page.index('href="/digests/2026-05"')
    assert "Draft" in page
    assert "Final, <time" in page
    assert re.search(r"1 considered, 1 chosen, \d+ min to read", page)
    assert page.count("1 erratum") == 1
    japanese = client.get("/digests?lang=ja").text
    assert "2026年5月" in japanese
    assert "すべての号" in japanese
    assert 'href="/digests"' in client.get("/digests/2026-05").text


def test_an_issue_is_shrunk_to_the_reading_time_asked_for(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 6)
    make_issue(sessions, roadmap, "2026-06", JUNE)
    whole = client.get("/digests/2026-06?lang=en").text
    short = client.get("/digests/2026-06?lang=en&minutes=30").text.replace("\xa0", " ")
    for minutes in BUDGETS:
        assert f'href="/digests/2026-06?minutes={minutes}"' in whole
    assert "Shrunk to 30 min." in short
    assert "Shrunk to" not in whole
    assert short.count('<article class="paper') < whole.count('<article class="paper')
    assert 'name="robots" content="noindex"' in short
    assert 'rel="canonical" href="https://road.example/digests/2026-06?lang=en"' in short
    assert 'href="/digests/2026-06?minutes=30" aria-current="page"' in short
    refused = client.get("/digests/2026-06?minutes=31")
    assert refused.status_code == 404
    assert "30, 90, 240" in refused.text
