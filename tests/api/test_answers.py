"""What every answer carries: security headers, tags, HEAD; and what every error looks like."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from api.app import THREADS, AppOptions, create_app
from api.headers import POLICY
from core.clock import Clock
from db.engine import Sessions, make_sessions
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS, ClientFactory
from tests.api.factory import TOPIC, fill, make_issue

DRAFT_DAY = datetime(2026, 6, 20, 9, tzinfo=UTC)
READS = [
    "/",
    "/digests/2026-06",
    "/papers/2606.00001",
    "/docs",
    "/search",
    "/search?q=heron",
    "/status",
    "/about",
    "/static/style.css",
    "/static/mark.svg",
    f"/feeds/topics/{TOPIC}.atom",
    "/api/v1/papers",
    "/api/v1/papers/2606.00001",
    "/api/v1/stages",
    "/api/v1/topics",
    "/api/v1/labs",
    "/api/v1/digests",
    "/api/v1/digests/2026-06",
    "/api/v1/status",
    "/api/v1/openapi.json",
]
ERRORS = [
    ("GET", "/nowhere", 404),
    ("GET", "/papers/2606.99999", 404),
    ("GET", "/digests/2026-13", 404),
    ("GET", "/digests/2026-01", 404),
    ("GET", "/feeds/topics/none.atom", 404),
    ("GET", "/static/none.css", 404),
    ("POST", "/", 405),
]
API_ERRORS = [
    ("GET", "/api/v1/nowhere", 404),
    ("GET", "/api/v1/papers/2606.99999", 404),
    ("GET", "/api/v1/digests/last-month", 404),
    ("GET", "/api/v1/digests/latest", 404),
    ("GET", "/api/v1/papers?limit=x", 422),
    ("GET", "/api/v1/papers?topic=none", 422),
    ("POST", "/api/v1/papers", 405),
    ("DELETE", "/api/v1/digests/2026-06", 405),
]


@pytest.fixture
def filled(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> TestClient:
    """A client of a store with one item and a draft."""
    fill(sessions, roadmap, 1)
    make_issue(sessions, roadmap, "2026-06", DRAFT_DAY)
    return client


@pytest.fixture
def broken(roadmap: Roadmap, clock: Clock) -> Iterator[TestClient]:
    """A client of an app whose database has no tables."""
    app = create_app(make_sessions(create_engine("sqlite://")), roadmap, clock, OPTIONS)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_reads_are_tagged_answer_head_and_304(filled: TestClient) -> None:
    for address in READS:
        full = filled.get(address)
        assert full.status_code == 200, f"{address}: {full.text}"
        assert full.content
        assert full.headers["cache-control"].startswith("public, max-age="), address
        head = filled.head(address)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == full.headers["content-length"]
        tag = full.headers["etag"]
        assert head.headers["etag"] == tag
        weak = tag if tag.startswith("W/") else f"W/{tag}"
        again = filled.get(address, headers={"If-None-Match": f'"other", {weak}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert filled.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_every_good_answer_is_guarded(filled: TestClient) -> None:
    for address in [*READS, "/healthz"]:
        for answer in (filled.get(address), filled.head(address)):
            assert answer.headers["content-security-policy"] == POLICY
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"]


def test_every_error_is_guarded(filled: TestClient) -> None:
    for method, address, status in [*ERRORS, *API_ERRORS]:
        answer = filled.request(method, address)
        assert answer.status_code == status, f"{address}: {answer.text}"
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_errors_of_the_api_are_problem_documents(filled: TestClient) -> None:
    for method, address, status in API_ERRORS:
        answer = filled.request(method, address)
        assert answer.headers["content-type"] == "application/problem+json", address
        body = answer.json()
        assert body["status"] == status
        assert body["type"].startswith("tag:shirube,2026:problems/")
        assert body["title"]
        assert body["detail"]
        assert body["instance"] == address.partition("?")[0]
        assert body["request_id"] == answer.headers["x-request-id"]


def test_other_errors_are_pages(filled: TestClient) -> None:
    for method, address, status in ERRORS:
        answer = filled.request(method, address)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "<h1>" in answer.text
        assert f"<p>{status}</p>" in answer.text
        assert answer.headers["x-request-id"] in answer.text


def test_a_method_that_is_not_taken_names_those_that_are(filled: TestClient) -> None:
    assert filled.post("/api/v1/papers").headers["allow"] == "GET, HEAD"


def test_a_broken_database_is_a_500_that_shows_nothing_of_itself(broken: TestClient) -> None:
    for address in ("/", "/papers/2606.00001", "/api/v1/papers"):
        answer = broken.get(address)
        assert answer.status_code == 500
        assert answer.headers["content-security-policy"] == POLICY
        assert "no such table" not in answer.text
        assert "SELECT" not in answer.text
        assert answer.headers["x-request-id"] in answer.text
    assert broken.get("/api/v1/papers").json()["type"] == "tag:shirube,2026:problems/internal"


def test_health_does_not_need_the_database(broken: TestClient) -> None:
    answer = broken.get("/healthz")
    assert answer.json() == {"status": "ok", "version": "9.9"}
    assert answer.headers["cache-control"] == "no-store"


def test_the_page_of_an_error_escapes_what_was_asked(client: TestClient) -> None:
    answer = client.get("/papers/%3Cscript%3Ealert(1)%3C/script%3E")
    assert answer.status_code == 404
    assert "<script" not in answer.text


def test_a_paper_that_is_not_stored_leads_to_arxiv(client: TestClient) -> None:
    assert 'href="https://arxiv.org/abs/math/0309136"' in client.get("/papers/math/0309136").text


def test_the_stylesheet_keeps_for_a_year_under_its_version(client: TestClient) -> None:
    page = client.get("/").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = client.get(address)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_the_mark_is_where_browsers_ask_for_it_unbidden(client: TestClient) -> None:
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.content == client.get("/static/mark.svg").content
    assert answer.headers["cache-control"] == "public, max-age=86400"


def test_a_site_under_a_path_links_within_it(make_client: ClientFactory) -> None:
    client = make_client(AppOptions(base_url="https://road.example/sub/"))
    page = client.get("/").text
    assert 'href="/sub/static/style.css' in page
    assert 'href="/sub/docs"' in page
    feed = client.get(f"/feeds/topics/{TOPIC}.atom").text
    assert f"https://road.example/sub/feeds/topics/{TOPIC}.atom" in feed


def test_absolute_addresses_ignore_the_host_header(filled: TestClient) -> None:
    for address in READS:
        assert "evil.example" not in filled.get(address, headers={"Host": "evil.example"}).text


def test_the_descriptions_page_lists_every_operation(filled: TestClient) -> None:
    page = filled.get("/docs").text
    for path in filled.get("/api/v1/openapi.json").json()["paths"]:
        assert f"GET {path}" in page or f"POST {path}" in page
    assert "tag:shirube,2026:problems/not-found" in page


def test_every_link_of_every_page_leads_somewhere(filled: TestClient) -> None:
    for page in (
        "/",
        "/digests/2026-06",
        "/papers/2606.00001",
        "/docs",
        "/search",
        "/search?q=heron",
        "/status",
        "/about",
        "/feeds",
        "/nowhere",
    ):
        for part in filled.get(page).text.split('href="')[1:]:
            address = part.partition('"')[0].replace("&amp;", "&").removeprefix("https://road.example")
            if address.startswith("/"):
                assert filled.get(address).status_code == 200, f"{page} -> {address}"


def test_few_threads_serve(client: TestClient) -> None:
    portal = client.portal
    assert portal is not None
    from anyio.to_thread import current_default_thread_limiter

    async def tokens() -> float:
        return current_default_thread_limiter().total_tokens

    assert portal.call(tokens) == THREADS == 2


def test_reading_writes_nothing(filled: TestClient, sessions: Sessions) -> None:
    def rows() -> list[int]:
        tables = ("item", "issue", "issue_item", "subscriber", "outbox")
        with sessions() as session:
            return [session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables]  # noqa: S608

    before = rows()
    for address in READS:
        filled.get(address)
    assert rows() == before
