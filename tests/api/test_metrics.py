"""/metrics: the store and the requests in numbers, cheap to ask for, without a trace of any person."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import CheckConstraint, Table, create_engine, text

from api import metrics as metrics_module
from api.app import AppOptions, create_app
from api.metrics import FRESH, Metrics
from core.clock import Clock
from db import gauges, holds
from db.engine import Sessions, make_engine, make_sessions
from db.models import Subscriber, Window
from db.models_jobs import JobRun
from db.models_mail import Notice, Outbox
from digest.service import Collecting
from roadmap.model import Roadmap
from tests.api import people
from tests.api.factory import add_item, fill, make_issue
from tests.api.test_queries import statements

HOME = ("127.0.0.1", 50_000)
TOKEN = "a-token-of-some-length"
NOW = datetime(2026, 7, 8, 9, 0, tzinfo=UTC)
Samples = dict[tuple[str, tuple[str, ...]], float]


def samples(said: str) -> Samples:
    """Read the text form: (name, values of the labels by their names) -> number."""
    families = text_string_to_metric_families(said)
    return {
        (one.name, tuple(value for _, value in sorted(one.labels.items()))): one.value
        for family in families
        for one in family.samples
    }


@pytest.fixture
def home(sessions: Sessions, roadmap: Roadmap, clock: Clock) -> Iterator[TestClient]:
    """A client on the machine of a site without a public name."""
    app = create_app(sessions, roadmap, clock, AppOptions(version="9.9"), collecting=Collecting(model="tiny@int8"))
    with TestClient(app, raise_server_exceptions=False, client=HOME) as client:
        yield client


def numbers(client: TestClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "no-store"
    return samples(answer.text)


def run(job: str, state: str, ended: datetime | None, token: int = 1) -> JobRun:
    began = NOW - timedelta(hours=token)
    return JobRun(
        job=job, scheduled_for=began, state=state, token=token, attempt=1, holder="x", lease_until=None,
        heartbeat_at=NOW - timedelta(minutes=token), started_at=began, ended_at=ended, counts={}, error=None,
    )  # fmt: skip


def test_a_filled_store_in_numbers(home: TestClient, sessions: Sessions, roadmap: Roadmap, clock: Clock) -> None:
    fill(sessions, roadmap, 3, sources=["arxiv", "hf"])
    person = people.add(sessions, clock)
    make_issue(sessions, roadmap, "2026-06", NOW)
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.10001", sources=["recorded"], ranked=False)
        days = {"from_day": NOW.date(), "to_day": NOW.date()}
        session.add(Window(source="pwc", channel="days", state="error", errors=2, **days))
        session.add_all([run("rank", "done", NOW), run("rank", "failed", NOW, 2), run("prune", "running", None)])
        session.add(Outbox(month="2026-06", subscriber_id=person.id, message_id="m", state="retry", created=NOW))
        session.add(Notice(id="n", month="2026-06", body="", state="failed", created=NOW, due_at=NOW))
        holds.hold(session, "restored", NOW)
    found = numbers(home)
    stamp = NOW.timestamp()
    expected = {
        ("shirube_build_info", ("tiny@int8", "9.9")): 1,
        ("shirube_database_up", ()): 1,
        ("shirube_items", ()): 4,
        ("shirube_items_ranked", ()): 3,
        ("shirube_items_without_vector", ()): 4,
        ("shirube_source_items", ("arxiv",)): 3,
        ("shirube_source_items", ("hf",)): 3,
        ("shirube_source_items", ("recorded",)): 1,
        ("shirube_source_windows", ("pwc", "error")): 1,
        ("shirube_source_windows", ("pwc", "stale")): 0,
        ("shirube_source_unreadable", ("pwc",)): 2,
        ("shirube_job_runs", ("rank", "done")): 1,
        ("shirube_job_runs", ("rank", "failed")): 1,
        ("shirube_job_runs", ("prune", "running")): 1,
        ("shirube_job_last_success_timestamp_seconds", ("rank",)): stamp,
        ("shirube_worker_last_sign_timestamp_seconds", ()): stamp - 60,
        ("shirube_mails", ("retry",)): 1,
        ("shirube_mails", ("failed",)): 0,
        ("shirube_mail_oldest_waiting_timestamp_seconds", ()): stamp,
        ("shirube_mail_held", ()): 1,
        ("shirube_webhook_calls", ("failed",)): 1,
        ("shirube_subscribers", ("active",)): 1,
        ("shirube_subscribers", ("left",)): 0,
    }
    assert {key: found.get(key) for key in expected} == expected
    assert ("shirube_job_last_success_timestamp_seconds", ("prune",)) not in found
    closed = {key for key in found if key[0] == "shirube_source_last_complete_timestamp_seconds"}
    assert {labels for _, labels in closed} >= {("arxiv",)}
    assert found["process_resident_memory_bytes", ()] > 1e6


def test_what_a_clock_that_was_ahead_noted_is_no_sign_of_the_schedule(home: TestClient, sessions: Sessions) -> None:
    ahead = run("rank", "done", NOW + timedelta(days=730), token=2)
    ahead.heartbeat_at = NOW + timedelta(days=730)
    with sessions.begin() as session:
        session.add_all([run("rank", "done", NOW - timedelta(days=3)), ahead])
    found = numbers(home)
    assert found["shirube_worker_last_sign_timestamp_seconds", ()] == NOW.timestamp() - 60
    success = found["shirube_job_last_success_timestamp_seconds", ("rank",)]
    assert success == (NOW - timedelta(days=3)).timestamp()


def test_an_empty_store_has_every_state_at_nought_and_no_moment(home: TestClient) -> None:
    found = numbers(home)
    assert {value for (name, _), value in found.items() if name in ("shirube_mails", "shirube_subscribers")} == {0}
    assert ("shirube_worker_last_sign_timestamp_seconds", ()) not in found
    assert ("shirube_mail_oldest_waiting_timestamp_seconds", ()) not in found


@pytest.mark.parametrize(
    ("model", "states"),
    [
        (Window, gauges.WINDOW_STATES),
        (Outbox, gauges.MAIL_STATES),
        (Notice, gauges.CALL_STATES),
        (Subscriber, gauges.PEOPLE_STATES),
    ],
)
def test_the_states_told_are_those_a_row_can_have(model: type[Window], states: tuple[str, ...]) -> None:
    table: Table = model.__table__  # type: ignore[assignment]
    rules = [str(one.sqltext) for one in table.constraints if isinstance(one, CheckConstraint)]
    assert rules == [f"state IN ({', '.join(repr(state) for state in states)})"]


def test_it_costs_eleven_statements_however_much_is_stored(
    home: TestClient, sessions: Sessions, roadmap: Roadmap, clock: Clock
) -> None:
    def scrape() -> None:
        Metrics(sessions, "1", "tiny@int8", lambda: NOW).text("")

    fill(sessions, roadmap, 2)
    few = statements(sessions, scrape)
    with sessions.begin() as session:
        for number in range(40):
            add_item(session, roadmap, f"2606.1{number:04d}")
    assert few == statements(sessions, scrape) == 11


def test_the_store_is_counted_again_after_a_while_only(sqlite_sessions: Sessions, roadmap: Roadmap) -> None:
    now = 100.0
    counted = Metrics(sqlite_sessions, "1", "tiny@int8", lambda: NOW, lambda: now)

    def items() -> float:
        return samples(counted.text("")[0].decode())["shirube_items", ()]

    assert items() == 0
    fill(sqlite_sessions, roadmap, 2)
    now += FRESH - 0.1
    assert items() == 0
    now += 0.2
    assert items() == 2


def test_a_store_that_takes_long_to_count_is_counted_less_often(sqlite_sessions: Sessions, roadmap: Roadmap) -> None:
    moments = iter([0.0, 10.0, 150.0, 209.0, 210.0, 220.0])  # counting takes ten seconds
    counted = Metrics(sqlite_sessions, "1", "tiny@int8", lambda: NOW, lambda: next(moments))
    found = []
    for _ in range(3):
        found.append(samples(counted.text("")[0].decode())["shirube_items", ()])
        if len(found) == 1:
            fill(sqlite_sessions, roadmap, 2)
    assert found == [0, 0, 0]
    assert samples(counted.text("")[0].decode())["shirube_items", ()] == 2


def test_each_app_counts_for_itself(home: TestClient, roadmap: Roadmap, clock: Clock, sessions: Sessions) -> None:
    home.get("/healthz")
    other = create_app(sessions, roadmap, clock, AppOptions())
    assert ("shirube_http_requests_total", ("GET", "/healthz", "200")) in numbers(home)
    assert b"/healthz" not in other.state.metrics.text("")[0]


def test_requests_are_told_by_their_route_and_never_by_their_address(
    home: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1)
    for _ in range(3):  # made, then kept, then answered with 304
        tag = home.get("/papers/2606.00001").headers["etag"]
    home.get("/papers/2606.00001", headers={"If-None-Match": tag})
    home.head("/papers/2606.00001")
    home.get("/papers/2606.99999")
    home.get("/s/WzEsMTc4MzUwMTIwMF0.Aq2b3c4d5e6f7g8h/confirm")
    home.get("/secret-place?reader=reader@example.org")
    home.post("/api/v1/feedback", json={"word": "a-secret-word"})
    home.get("/static/style.css")
    home.request("BREW", "/")
    said = home.get("/metrics").text
    found = samples(said)
    assert {
        ("GET", "/papers/{item_id:path}", "200"): 3,
        ("GET", "/papers/{item_id:path}", "304"): 1,
        ("HEAD", "/papers/{item_id:path}", "200"): 1,
        ("GET", "/papers/{item_id:path}", "404"): 1,
        ("GET", "(none)", "404"): 1,
    }.items() <= {labels: value for (name, labels), value in found.items() if name.endswith("requests_total")}.items()
    assert any(labels[:2] == ("POST", "/api/v1/feedback") for _, labels in found)
    assert ("shirube_http_request_duration_seconds_count", ("GET", "/papers/{item_id:path}")) in found
    names = "\n".join(line.rpartition(" ")[0] for line in said.splitlines())  # a number may hold any digits
    for word in ("2606", "secret", "WzEs", "reader", "BREW"):
        assert word not in names
    assert any(labels[:1] == ("other",) for _, labels in found)


def test_what_fails_is_counted_and_logged_by_its_route(
    roadmap: Roadmap, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    empty = make_sessions(create_engine("sqlite://"))  # without tables
    with TestClient(
        create_app(empty, roadmap, clock, AppOptions()), raise_server_exceptions=False, client=HOME
    ) as client:
        client.get("/papers/2606.00001")
        found = numbers(client)
    assert found["shirube_http_requests_total", ("GET", "/papers/{item_id:path}", "500")] == 1
    assert found["shirube_database_up", ()] == 0
    assert ("shirube_items", ()) not in found
    [record] = [one for one in caplog.records if one.message == "request_failed"]
    assert (vars(record)["route"], vars(record)["status"]) == ("/papers/{item_id:path}", 500)


def test_a_slow_request_is_logged_without_its_address(
    home: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.watch.SLOW", 0.0)
    with caplog.at_level(logging.WARNING, "shirube.api"):
        answer = home.get("/topics/rag?since=2026-01-01")
    [record] = [one for one in caplog.records if one.message == "slow_request"]
    told = vars(record)
    assert (told["route"], told["method"], told["status"]) == ("/topics/{key}", "GET", answer.status_code)
    assert told["request_id"] == answer.headers["x-request-id"]
    assert "rag" not in str(told)


def test_the_form_of_openmetrics_is_given_to_who_asks_for_it(home: TestClient) -> None:
    answer = home.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


# Who may ask

PUBLIC = AppOptions(base_url="https://road.example")
CLOSED = AppOptions(base_url="https://road.example", metrics_token=TOKEN)


@pytest.mark.parametrize(
    ("options", "place", "headers", "status"),
    [
        (AppOptions(), "127.0.0.1", {}, 200),
        (AppOptions(), "::1", {}, 200),
        (AppOptions(), "192.0.2.7", {}, 403),
        (AppOptions(), "127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 403),
        (AppOptions(), "127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 403),
        (AppOptions(base_url="http://192.0.2.1:8000"), "127.0.0.1", {}, 200),
        (PUBLIC, "127.0.0.1", {}, 403),
        (PUBLIC, "192.0.2.7", {}, 403),
        (CLOSED, "127.0.0.1", {}, 401),
        (CLOSED, "192.0.2.7", {"Authorization": "Bearer another-of-some-length"}, 401),
        (CLOSED, "192.0.2.7", {"Authorization": f"Basic {TOKEN}"}, 401),
        (CLOSED, "192.0.2.7", {"Authorization": "Bearer ünïcode-and-long-enough".encode()}, 401),
        (CLOSED, "192.0.2.7", {"Authorization": f"Bearer {TOKEN}"}, 200),
        (CLOSED, "127.0.0.1", {"Authorization": f"bearer {TOKEN}", "X-Forwarded-For": "192.0.2.7"}, 200),
    ],
)
def test_the_numbers_are_for_who_has_the_token_else_for_this_machine_alone(
    sqlite_sessions: Sessions,
    roadmap: Roadmap,
    clock: Clock,
    options: AppOptions,
    place: str,
    headers: dict[str, str],
    status: int,
) -> None:
    client = TestClient(create_app(sqlite_sessions, roadmap, clock, options), client=(place, 50_000))
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert "shirube_items 0.0" in answer.text
        return
    assert answer.headers["content-type"] == "application/problem+json"
    assert "shirube_items" not in answer.text
    assert TOKEN not in answer.text
    assert answer.json()["advice"]
    assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


def test_the_token_is_no_part_of_what_options_look_like() -> None:
    assert TOKEN not in repr(CLOSED)


# Readiness


def test_it_is_ready_when_the_database_answers_at_its_newest_revision(client: TestClient) -> None:
    answer = client.get("/readyz", headers={"Host": "10.0.0.7"})
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "version": "9.9", "search": "words", "vectors": 0}
    assert answer.headers["cache-control"] == "no-store"


def test_it_is_not_ready_before_its_migrations_are_done(client: TestClient, sessions: Sessions) -> None:
    with sessions.begin() as session:
        revision = session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    answer = client.get("/readyz")
    with sessions.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :was"), {"was": revision})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["advice"] == "Run shirube db upgrade, then restart"
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "postgresql+psycopg://nobody@127.0.0.1:1/none"])
def test_it_is_not_ready_while_the_database_is_away(
    roadmap: Roadmap, clock: Clock, url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.engine._private_file", lambda _path: None)
    client = TestClient(create_app(make_sessions(make_engine(url)), roadmap, clock, AppOptions()), client=HOME)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["type"] == "tag:shirube,2026:problems/unavailable"
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == ["not_ready"]
    assert numbers(client)["shirube_database_up", ()] == 0
    assert client.get("/healthz").status_code == 200


def test_the_pause_between_two_counts_is_what_a_prometheus_waits() -> None:
    assert metrics_module.FRESH <= 15
