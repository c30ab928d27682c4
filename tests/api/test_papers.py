"""The list of items and single items over the API."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict, TypeAdapter, with_config

from api import cursor
from api.app import create_app
from api.schemas import ItemJson
from core.errors import UsageError
from db.engine import Sessions
from db.models import Alias, Item
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS
from tests.api.factory import SUBMITTED, TOPIC, add_item, fill
from tests.conftest import NOW

PAPERS = "/api/v1/papers"


def walk(client: TestClient, query: str) -> list[str]:
    """Follow `next` to the end and collect the ids."""
    ids: list[str] = []
    address = f"{PAPERS}?{query}"
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        ids += [item["id"] for item in answer.json()["items"]]
        address = answer.links["next"]["url"] if "next" in answer.links else ""
    return ids


def test_an_item_has_every_field_of_the_contract(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(
            session, roadmap, "2606.00001", labs={"qwen": 0.9}, code=["https://github.com/heron/clock"], announced=None
        )
    item = client.get(f"{PAPERS}/2606.00001").json()
    assert set(item) == set(ItemJson.__annotations__)
    assert item["authors"] == ["Ada Moorhen", "Ivo Plover"]
    assert item["submitted"] == "2026-06-02T17:30:00Z"
    assert item["announced"] is None
    assert item["code"] == [
        {"url": "https://github.com/heron/clock", "official": True, "stars": 7, "checked_at": "2026-07-01T06:00:00Z"}
    ]
    assert item["topics"] == [
        {"key": TOPIC, "fit": 0.8, "why": {"phrase": "when the router forgets them", "field": "abstract"}}
    ]
    assert item["stages"] == [{"number": roadmap.topics[TOPIC].stage, "fit": 0.8}]
    assert item["labs"][0]["evidence"] == [{"kind": "repository", "detail": "heron/clock"}]
    assert item["worth"]["score"] == 0.8
    assert [reason["kind"] for reason in item["worth"]["reasons"]] == ["topic", "readers"]
    assert item["read_first"][0]["key"] == roadmap.canon[0].key
    assert (item["level"], item["type"]) == (None, "survey")


def test_answers_fit_the_published_schema(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "openai:clockwork-heron", ranked=False, topics={}, abstract=None)
    strict = TypeAdapter(with_config(ConfigDict(extra="forbid", strict=True))(ItemJson))
    item = strict.validate_python(client.get(f"{PAPERS}/openai:clockwork-heron").json())
    assert item["arxiv_id"] is None
    assert item["worth"] == {"score": None, "reasons": []}


@pytest.mark.parametrize("address", ["math/0309136", "math%2F0309136"])
def test_old_ids_answer_with_a_slash_and_with_its_escape(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, address: str
) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "math/0309136")
    assert client.get(f"{PAPERS}/{address}").json()["id"] == "math/0309136"


@pytest.mark.parametrize("address", ["2606.00001v3", "arXiv:2606.00001", "https://arxiv.org/abs/2606.00001v2"])
def test_other_forms_of_an_id_lead_to_the_item(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, address: str
) -> None:
    fill(sessions, roadmap, 1)
    answer = client.get(f"{PAPERS}/{address}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"{PAPERS}/2606.00001")


def test_an_item_is_found_by_the_id_it_had_before(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    """The address of a post that became a paper answered that there is no such item, though search found it."""
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001")
        session.add(Alias(item_id="2606.00001", kind="id", value="qwen:a-small-boat"))
        session.add(Alias(item_id="2606.00001", kind="title", value="qwen:boats"))
    for place, there in (("/papers", "/papers/2606.00001"), (PAPERS, f"{PAPERS}/2606.00001")):
        answer = client.get(f"{place}/qwen:a-small-boat", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (308, there)
    assert client.get(f"{PAPERS}/qwen:boats").status_code == 404


def test_only_shown_items_are_listed_unless_min_fit_says_otherwise(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", topics={TOPIC: 0.5})
        add_item(session, roadmap, "2606.00002", topics={TOPIC: 0.49})
        add_item(session, roadmap, "2606.00003", topics={}, ranked=False)
    assert walk(client, "") == ["2606.00001"]
    assert sorted(walk(client, "min_fit=0.4")) == ["2606.00001", "2606.00002"]
    assert len(walk(client, "min_fit=0")) == 3
    low = client.get(f"{PAPERS}?min_fit=0.4&sort=fit").json()["items"][1]
    assert low["topics"][0]["fit"] == 0.49


def test_filters_narrow_the_list(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    other = "linear-algebra"
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", labs={"qwen": 0.9}, code=["https://github.com/heron/clock"])
        add_item(session, roadmap, "2606.00002", topics={other: 0.9}, submitted=SUBMITTED + timedelta(days=9))
        add_item(session, roadmap, "qwen:a-post")
    expected = {
        "lab=qwen": ["2606.00001"],
        "has_code=true": ["2606.00001"],
        "kind=post": ["qwen:a-post"],
        f"topic={other}": ["2606.00002"],
        "stage=1": ["2606.00002"],
        "since=2026-06-03&kind=paper": ["2606.00002"],
        "until=2026-06-02&kind=paper": ["2606.00001"],
    }
    assert {query: walk(client, query) for query in expected} == expected


@pytest.mark.parametrize("sort", ["newest", "worth", "fit"])
def test_cursors_walk_everything_once_while_items_arrive(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, sort: str
) -> None:
    ids = fill(sessions, roadmap, 7)
    first = client.get(f"{PAPERS}?limit=2&sort={sort}")
    with sessions.begin() as session:  # one lands before the place reached; it must neither repeat nor hide another
        late = SUBMITTED + timedelta(days=1)
        add_item(session, roadmap, "2606.99999", submitted=late, worth=0.99, topics={TOPIC: 0.95})
    rest = walk(client, f"limit=2&sort={sort}&cursor={first.json()['next']}")
    assert [item["id"] for item in first.json()["items"]] + rest == ids[::-1]


def test_both_databases_list_in_the_same_order(
    sqlite_sessions: Sessions, postgres_sessions: Sessions, roadmap: Roadmap
) -> None:
    ids = ["2606.00002", "2606.00010", "math/0309136", "math.AG/0309137", "qwen:a-post", "qwen:A-post", "qwen:a_post"]
    walked = []
    for sessions in (sqlite_sessions, postgres_sessions):
        with sessions.begin() as session:
            for number, item_id in enumerate(ids):  # three share a moment, all share their fit, two their worth
                moment = SUBMITTED + timedelta(days=number // 3)
                add_item(session, roadmap, item_id, submitted=moment, worth=0.5 + number // 2 / 10)
        with TestClient(create_app(sessions, roadmap, lambda: NOW, OPTIONS)) as client:
            walked.append({sort: walk(client, f"sort={sort}&limit=2") for sort in ("newest", "worth", "fit")})
    assert walked[0] == walked[1]
    assert all(sorted(found) == sorted(ids) for found in walked[0].values())
    assert walked[0]["fit"] != walked[0]["newest"]


def test_the_next_address_keeps_the_question(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 3, code=["https://github.com/heron/clock"])
    answer = client.get(f"{PAPERS}?limit=2&has_code=true&topic={TOPIC}")
    address = answer.links["next"]["url"]
    assert address.startswith("https://road.example/api/v1/papers?")
    assert "has_code=true" in address
    assert client.get(address).json() == {"items": client.get(address).json()["items"], "next": None}


REFUSED = [
    "topic=no-such",
    "lab=no-such",
    "stage=9",
    "stage=x",
    "limit=0",
    "limit=101",
    "min_fit=2",
    "min_fit=nan",
    "kind=book",
    "sort=random",
    "since=yesterday",
    "until=9999-12-32",
    "cursor=%00",
    "cursor=zzzz",
    "tpoic=mixture-of-experts",
    "lab=%00",
]


def test_a_parameter_that_cannot_be_meant_is_refused(client: TestClient) -> None:
    for query in REFUSED:
        answer = client.get(f"{PAPERS}?{query}")
        assert answer.status_code == 422, query
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "tag:shirube,2026:problems/invalid"


@pytest.mark.parametrize(
    ("sort", "place"),
    [("newest", (0.5, "a")), ("fit", ("2026-06-02T00:00:00Z", "a")), ("newest", ("noon", "a")), ("worth", (0.5, "\0"))],
)
def test_a_cursor_of_another_list_is_refused(client: TestClient, sort: str, place: tuple[Any, str]) -> None:
    assert client.get(f"{PAPERS}?sort={sort}&cursor={cursor.encode(sort, place)}").status_code == 422
    assert client.get(f"{PAPERS}?sort=worth&cursor={cursor.encode('fit', (0.5, 'a'))}").status_code == 422


ZONES = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
EDGES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+00:00")


@pytest.mark.parametrize("address", [PAPERS, "/labs/qwen", f"/topics/{TOPIC}"])
@pytest.mark.parametrize("moment", EDGES)
def test_a_cursor_at_the_edge_of_time_is_answered_or_refused(client: TestClient, address: str, moment: str) -> None:
    given_back = cursor.encode("newest", (moment, "2606.00001"))
    answer = client.get(address, params={"sort": "newest", "cursor": given_back})
    assert answer.status_code == (200 if moment.endswith("+00:00") else 422), answer.text


@given(moment=st.datetimes(timezones=ZONES) | st.datetimes())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_moment_in_a_cursor_breaks_the_server(client: TestClient, moment: datetime) -> None:
    given_back = cursor.encode("newest", (moment.isoformat(), "2606.00001"))
    assert client.get(PAPERS, params={"cursor": given_back}).status_code == (200 if _in_utc(moment) else 422)


def _in_utc(moment: datetime) -> bool:
    """Tell whether a moment names its zone and is one in UTC too."""
    try:
        return moment.tzinfo is not None and bool(moment.astimezone(UTC))
    except OverflowError:
        return False


@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: urlsafe_b64encode(raw).decode()))
@settings(max_examples=60)
def test_no_text_breaks_the_cursor_reader(text: str) -> None:
    try:
        value, item_id = cursor.decode(text, "worth")
    except UsageError:
        return
    assert cursor.decode(cursor.encode("worth", (value, item_id)), "worth") == (value, item_id)


@given(item_id=st.text(max_size=40))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_id_breaks_the_server(client: TestClient, item_id: str) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in item_id.encode("utf-8", "surrogatepass"))
    assert client.get(f"{PAPERS}/x{encoded}").status_code == 404


def test_addresses_from_strangers_stay_inert(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    script = "javascript:alert(1)"
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", url=script, pdf_url=script, code=[script, "https://github.com/a/b"])
    item = client.get(f"{PAPERS}/2606.00001").json()
    assert (item["url"], item["pdf_url"], len(item["code"])) == (None, None, 1)


def test_an_item_is_found_as_stored(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        item: Item = add_item(session, roadmap, "2606.00001", title="Is $P=NP$? <b>& co</b>")
        title = item.title
    assert client.get(f"{PAPERS}/2606.00001").json()["title"] == title
