"""A visitor without an account says that a topic or lab is wrong: counted once a day from one network, as a number."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from db.engine import Sessions
from db.feedback import Doubt
from db.models_readers import Allowance
from db.models_reports import Report
from digest import service
from digest.service import Outcome, Said
from digest.service.reporting import PER_PLACE, joined
from roadmap.model import Roadmap
from tests.api.factory import TOPIC, add_item, fill

WRONG = f"/report?item=2606.00001&verb=wrong-topic&topic={TOPIC}"
NOW = datetime(2026, 7, 8, 9, tzinfo=UTC)


def counts(sessions: Sessions) -> list[tuple[str, str, str, int]]:
    with sessions() as session:
        rows = session.scalars(select(Report).order_by(Report.item_id, Report.verb, Report.detail))
        return [(row.item_id, row.verb, row.detail, row.times) for row in rows]


def test_looking_counts_nothing_and_pressing_counts_once(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1)
    page = client.get(WRONG)
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert "Is it wrong to file this under" in page.text
    assert '<form method="post"' in page.text
    assert counts(sessions) == []
    done = client.post(WRONG)
    assert (done.status_code, "<h1>Counted</h1>" in done.text) == (200, True)
    again = client.post(WRONG)
    assert "Counted already" in again.text
    assert counts(sessions) == [("2606.00001", "wrong-topic", TOPIC, 1)]


@pytest.mark.parametrize("item_id", ["math/0309136", "qwen:a-post"])
def test_items_of_every_id_can_be_doubted(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, item_id: str
) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, item_id, labs={"qwen": 0.9})
    assert client.post("/report", params={"item": item_id, "verb": "wrong-lab", "lab": "qwen"}).status_code == 200
    assert counts(sessions) == [(item_id, "wrong-lab", "qwen", 1)]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("item=2606.00001&verb=wrong-topic&topic=rag", 422),  # it is not shown there
        ("item=2606.00001&verb=wrong-topic&topic=no-such", 422),
        ("item=2606.00001&verb=wrong-topic", 422),
        ("item=2606.00001&verb=more", 422),
        ("item=2606.00001&verb=%00", 422),
        (f"item=2606.99999&verb=wrong-topic&topic={TOPIC}", 404),
        ("", 404),
    ],
)
def test_what_cannot_be_meant_counts_nothing(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, query: str, status: int
) -> None:
    fill(sessions, roadmap, 1)
    assert client.get(f"/report?{query}").status_code == status
    assert client.post(f"/report?{query}").status_code == status
    assert counts(sessions) == []


def test_a_page_of_another_site_cannot_press_the_button(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1)
    for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(WRONG, headers=headers).status_code == 403
    assert counts(sessions) == []


def test_one_network_cannot_fill_the_list(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    ids = fill(sessions, roadmap, PER_PLACE + 1)
    answers = [client.post(WRONG.replace("2606.00001", item_id)) for item_id in ids]
    assert [answer.status_code for answer in answers] == [200] * PER_PLACE + [429]
    assert answers[-1].headers["retry-after"] == "86400"
    assert len(counts(sessions)) == PER_PLACE


def test_another_network_and_another_day_count_anew(sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    said = Said("2606.00001", "wrong-topic", TOPIC)
    asked = [("192.0.2.1", NOW), ("192.0.2.2", NOW), ("192.0.2.1", NOW), ("192.0.2.1", NOW + timedelta(days=1))]
    with sessions.begin() as session:
        outcomes = [service.report(session, ["key"], said, place, now) for place, now in asked]
        kept = [row.key for row in session.scalars(select(Allowance))]
    assert outcomes == [Outcome.counted, Outcome.counted, Outcome.again, Outcome.counted]
    assert counts(sessions)[0][3] == 3
    assert not any("192.0.2" in key for key in kept)


def test_the_operator_sees_visitors_beside_readers(sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    with sessions.begin() as session:
        service.report(session, ["key"], Said("2606.00001", "wrong-topic", TOPIC), "192.0.2.1", NOW)
        [doubt] = service.doubts(session)
    assert (doubt.readers, doubt.visitors, doubt.newest) == (0, 1, NOW)


doubt = st.builds(
    Doubt,
    st.sampled_from(["wrong-topic", "wrong-lab"]),
    st.sampled_from(["rag", "qwen"]),
    st.sampled_from(["2606.00001", "2606.00002"]),
    st.just("A heron"),
    st.integers(0, 5),
    st.datetimes(timezones=st.just(UTC), min_value=datetime(2026, 1, 1), max_value=datetime(2026, 12, 31)),  # noqa: DTZ001
    st.integers(0, 5),
)
doubts = st.lists(doubt, unique_by=lambda one: (one.verb, one.detail, one.item_id), max_size=6)


@given(readers=doubts, visitors=doubts)
def test_joining_loses_nobody(readers: list[Doubt], visitors: list[Doubt]) -> None:
    told = joined([Doubt(*_row(one), one.readers, one.newest) for one in readers], visitors)
    assert sum(one.readers for one in told) >= sum(one.readers for one in readers)
    assert sum(one.visitors for one in told) == sum(one.visitors for one in visitors)
    assert len({_row(one) for one in told}) == len(told)
    often = [one.readers + one.visitors for one in told]
    assert often == sorted(often, reverse=True)


def _row(one: Doubt) -> tuple[str, str, str, str]:
    return one.verb, one.detail, one.item_id, one.title
