"""What was rendered is kept, and only as long as it is true."""

from datetime import UTC, datetime

from fastapi.testclient import TestClient

from api.rendered import Rendered
from db.engine import Sessions
from db.models import Item
from digest.service import note_errata
from roadmap.model import Roadmap
from tests.api.factory import add_item, fill, make_issue

JUNE = datetime(2026, 6, 20, 9, tzinfo=UTC)


def test_the_least_lately_used_text_leaves_first() -> None:
    made: list[str] = []
    kept = Rendered(2)

    def ask(key: str) -> bytes:
        return kept.get(key, lambda: made.append(key) or key.encode())  # type: ignore[func-returns-value]

    assert [ask(key) for key in "abacab"] == [b"a", b"b", b"a", b"c", b"a", b"b"]
    assert made == ["a", "b", "c", "b"]


def test_a_changed_issue_is_rendered_anew(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    make_issue(sessions, roadmap, "2026-06", JUNE)
    addresses = ("/", "/digests/2026-06", "/api/v1/digests/2026-06")
    tags = [client.get(address).headers["etag"] for address in addresses]
    assert tags == [client.get(address).headers["etag"] for address in addresses]
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00700", worth=0.9)
    make_issue(sessions, roadmap, "2026-06", JUNE, complete=False)
    assert "2606.00700" in client.get("/digests/2026-06").text
    changed = [client.get(address).headers["etag"] for address in addresses]
    assert not set(tags) & set(changed)


def test_an_erratum_shows_at_once(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    make_issue(sessions, roadmap, "2026-06", datetime(2026, 7, 8, 9, tzinfo=UTC))
    addresses = ("/digests/2026-06", "/digests/2026-06?lang=ja", "/api/v1/digests/2026-06")
    before = [client.get(address).headers["etag"] for address in addresses]
    with sessions.begin() as session:
        session.get_one(Item, "2606.00001").withdrawn = True
        note_errata(session, datetime(2026, 7, 12, 9, tzinfo=UTC))
    for address, tag, words in zip(addresses, before, ("Erratum,", "訂正（", '"kind":"erratum"'), strict=True):
        answer = client.get(address, headers={"If-None-Match": tag})
        assert answer.status_code == 200
        assert answer.headers["etag"] != tag
        assert words in answer.text
    facts = client.get("/api/v1/digests/2026-06").json()["banners"][0]["facts"]
    assert (facts["date"], facts["item_id"], facts["title"]) == (
        "2026-07-12", "2606.00001", "A clockwork heron, part 2606.00001",
    )  # fmt: skip


def test_a_new_neighbour_is_linked_at_once(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    make_issue(sessions, roadmap, "2026-06", datetime(2026, 7, 8, 9, tzinfo=UTC))
    assert "/digests/2026-07" not in client.get("/digests/2026-06").text
    with sessions.begin() as session:
        add_item(session, roadmap, "2607.00001", month="2026-07", submitted=datetime(2026, 7, 2, tzinfo=UTC))
    make_issue(sessions, roadmap, "2026-07", datetime(2026, 7, 9, 9, tzinfo=UTC))
    assert 'href="/digests/2026-07"' in client.get("/digests/2026-06").text
