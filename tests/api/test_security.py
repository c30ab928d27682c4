"""Safe on the open internet: bodies, hosts, framing, caches, cookies, redirects, secrets (reliability.md, 37 to 43)."""

import json
import logging
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import create_engine

from api.app import AppOptions, create_app
from api.gate import is_ours
from api.headers import HSTS, POLICY
from api.joined import ROUTES
from core.apikeys import make_key
from core.clock import Clock
from db import keys
from db.engine import Sessions, make_engine, make_sessions
from digest.service import Caps
from digest.subscriptions import Purpose, token
from roadmap.model import Roadmap
from tests.api import people
from tests.api.factory import TOPIC, fill, make_issue
from tests.conftest import NOW

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SIGN_UP = "/api/v1/subscriptions"


@dataclass
class Doors:
    """One filled site: a client, signed links of a person by purpose, and what it was opened with."""

    sessions: Sessions
    roadmap: Roadmap
    client: TestClient
    links: dict[str, str]
    options: AppOptions

    def again(self, **options: Any) -> TestClient:
        """Open the same store with other options."""
        return _client(self.sessions, self.roadmap, replace(self.options, **options))


@pytest.fixture(scope="module")
def doors(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, roadmap: Roadmap) -> Iterator[Doors]:
    """A site over TLS with an issue, papers and a subscriber; what a test posts, the next one may find."""
    path = tmp_path_factory.mktemp("doors") / "shirube.db"
    shutil.copy(sqlite_template, path)
    engine = make_engine(f"sqlite:///{path}")
    sessions = make_sessions(engine)
    fill(sessions, roadmap, 3)
    make_issue(sessions, roadmap, "2026-06", NOW)
    person = people.add(sessions, lambda: NOW)
    purposes: tuple[Purpose, ...] = ("preferences", "unsubscribe", "feedback", "undo")
    links: dict[str, str] = {one: token(people.KEYS, one, person.id, person.created) for one in purposes}
    links["confirm"] = people.waiting(sessions, NOW).split("/")[2]
    options = AppOptions(base_url=people.BASE, secret_keys=people.KEYS, caps=Caps(10_000, 10_000))
    yield Doors(sessions, roadmap, _client(sessions, roadmap, options), links, options)
    engine.dispose()


@pytest.fixture(autouse=True)
def _no_cookies(doors: Doors) -> None:
    """Let no test inherit the cookies of the one before."""
    doors.client.cookies.clear()


def _client(sessions: Sessions, roadmap: Roadmap, options: AppOptions) -> TestClient:
    app = create_app(sessions, roadmap, lambda: NOW, options, people.Post())
    return TestClient(app, options.base_url, raise_server_exceptions=False, follow_redirects=False)


def routes(method: str) -> list[str]:
    """List the paths of all routes that take a method."""
    found = [route for module in ROUTES for route in module.router.routes]
    return sorted({one.path for one in found if isinstance(one, APIRoute) and method in (one.methods or ())})


def filled_in(path: str, links: dict[str, str]) -> str:
    """Give a path with every parameter filled in by something there is."""
    purpose = path.split("/")[3] if path.startswith("/s/") else ""
    purpose = {"erase": "preferences", "export": "preferences"}.get(purpose, purpose)
    values = {
        "text": links.get(purpose, "none"),
        "month": "2026-06",
        "item_id": "2606.00001",
        "number": "5",
        "key": "qwen" if "labs" in path else TOPIC,
        "name": "style.css",
        "suffix": "atom",
        "form": "atom",
    }
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: values.get(found[1], "x"), path)


# Headers


@pytest.mark.parametrize("path", routes("GET"))
def test_every_route_is_guarded_whatever_it_answers(doors: Doors, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "TRACE", "PROPFIND"):
        answer = doors.client.request(method, filled_in(path, doors.links))
        assert answer.status_code < 500
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "camera=()" in answer.headers["permissions-policy"]
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["strict-transport-security"] == HSTS
        assert answer.headers["referrer-policy"] in ("no-referrer", "strict-origin-when-cross-origin")
        assert "cache-control" in answer.headers
        assert "x-powered-by" not in answer.headers
    assert "frame-ancestors 'none'" in POLICY


def test_strict_transport_is_promised_only_where_the_site_has_it(doors: Doors) -> None:
    client = doors.again(base_url="http://road.example")
    assert "strict-transport-security" not in client.get("/").headers
    assert "strict-transport-security" not in client.get("/nowhere").headers


def test_a_failure_inside_is_guarded_too_and_tells_nothing(roadmap: Roadmap, clock: Clock) -> None:
    broken = make_sessions(create_engine("sqlite://"))
    app = create_app(broken, roadmap, clock, AppOptions(base_url=people.BASE))
    answer = TestClient(app, people.BASE, raise_server_exceptions=False).get("/api/v1/papers")
    assert (answer.status_code, answer.headers["strict-transport-security"]) == (500, HSTS)
    assert "no such table" not in answer.text


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "DEBUG"])
def test_other_methods_echo_nothing(doors: Doors, method: str) -> None:
    answer = doors.client.request(method, "/api/v1/papers", headers={"X-Echo": "canary-of-a-header"})
    assert answer.status_code == 405
    assert "canary-of-a-header" not in answer.text + json.dumps(dict(answer.headers))


# Caches


@pytest.mark.parametrize("path", [path for path in routes("GET") if path.startswith("/s/")])
def test_what_is_one_persons_is_kept_by_no_cache(doors: Doors, path: str) -> None:
    for address in (filled_in(path, doors.links), path.replace("{text}", "forged")):
        answer = doors.client.get(address)
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert "etag" not in answer.headers


@pytest.mark.parametrize("path", routes("GET"))
def test_an_answer_that_sets_a_cookie_or_greets_a_reader_is_never_public(doors: Doors, path: str) -> None:
    address = filled_in(path, doors.links)
    for query, cookie in (("?lang=ja", ""), ("", "lang=ja"), ("", "place=5")):
        answer = doors.client.get(address + query, headers={"Cookie": cookie} if cookie else {})
        keep = answer.headers["cache-control"]
        if "set-cookie" in answer.headers:
            assert "public" not in keep
        if answer.headers.get("content-type", "").startswith("text/html") and answer.is_success:
            vary = {name.strip().lower() for name in answer.headers["vary"].split(",")}
            assert {"accept-language", "cookie"} <= vary or "no-store" in keep


@pytest.mark.parametrize("path", ["/", "/digests/2026-06", "/papers/2606.00001", "/digests"])
def test_one_readers_tag_brings_no_other_reader_a_page_that_is_not_theirs(doors: Doors, path: str) -> None:
    english = doors.client.get(path, headers={"Accept-Language": "en"})
    known = {"If-None-Match": english.headers["etag"]}
    japanese = doors.client.get(path, headers=known | {"Accept-Language": "ja"})
    assert (japanese.status_code, 'lang="ja"' in japanese.text) == (200, True)
    assert doors.client.get(path, headers=known | {"Accept-Language": "en"}).status_code == 304
    assert doors.client.get(path, headers=known | {"Cookie": "lang=ja", "Accept-Language": "en"}).status_code == 200


@pytest.mark.parametrize("field", ["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Original-URL", "Forwarded"])
def test_no_field_of_a_request_gets_into_an_address_of_a_page(doors: Doors, field: str) -> None:
    for path in ("/", "/digests/2026-06", f"/feeds/topics/{TOPIC}.atom", "/api/v1/digests", "/nowhere"):
        answer = doors.client.get(path, headers={field: "evil.example"})
        assert "evil.example" not in answer.text + json.dumps(dict(answer.headers))


def test_cookies_are_for_this_site_over_tls_and_no_script(doors: Doors) -> None:
    given = [doors.client.get("/?lang=ja"), doors.client.post("/place", data={"stage": "5"})]
    cookies = [value for answer in given for value in answer.headers.get_list("set-cookie")]
    assert cookies
    for cookie in cookies:
        flags = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags
        assert not any(flag.startswith("domain") for flag in flags)


# Hosts


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("road.example", True),
        ("ROAD.example:8443", True),
        ("road.example.", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("localhost", True),
        ("", False),
        ("evil.example", False),
        ("road.example.evil.example", False),
        ("evil.example/road.example", False),
        ("road.example@evil.example", False),
        ("127.0.0.1.evil.example", False),
    ],
)
def test_a_site_answers_to_its_names_and_to_numbers(host: str, ours: bool) -> None:
    assert is_ours(host, ("road.example",)) == ours
    assert is_ours(host, ())
    assert is_ours(host, ("*",))


def test_a_request_for_another_host_is_refused_but_for_probes(doors: Doors) -> None:
    client = doors.again(hosts=("road.example",))
    for path in ("/", "/api/v1/papers", SIGN_UP):
        answer = client.get(path, headers={"Host": "evil.example"})
        assert (answer.status_code, answer.headers["cache-control"]) == (421, "no-store")
        assert "evil.example" not in answer.text
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 200
    assert client.get("/").status_code == 200


# Forms of other sites


@pytest.mark.parametrize("path", [path for path in routes("POST") if not path.startswith(("/api/", "/mcp"))])
def test_no_other_site_can_post_in_a_readers_name(doors: Doors, path: str) -> None:
    if path.endswith("/unsubscribe"):
        return  # RFC 8058: it is pressed by mail programs, and needs the link
    address = filled_in(path, doors.links)
    for told in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://road.example.evil.example"},
        {"Origin": "http://road.example"},
    ):
        answer = doors.client.post(address, content=b"", headers=FORM | told)
        assert answer.status_code == 403, told
    assert doors.client.post(address, content=b"", headers=FORM | {"Origin": people.BASE}).status_code != 403


@pytest.mark.parametrize("path", [path for path in routes("POST") if path.startswith("/api/")])
def test_what_a_form_of_another_site_can_send_is_no_json_and_preflights_allow_no_more(doors: Doors, path: str) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert doors.client.post(path, content=b'{"a": 1}', headers={"Content-Type": kind}).status_code == 415
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = doors.client.options(path, headers=asked | {"Access-Control-Request-Headers": "content-type"})
    assert "access-control-allow-origin" not in answer.headers


# Redirects


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "%2F%2Fevil.example"])
def test_nothing_in_an_address_leads_to_another_site(doors: Doors, target: str) -> None:
    query = "&".join(f"{name}={target}" for name in ("next", "url", "return", "to", "back", "lang"))
    paths = [f"{filled_in(path, doors.links)}?{query}" for path in routes("GET")]
    odd = [f"/{target}", f"/{target}/..", f"/papers/{target}", f"/digests/{target}", f"/api/v1/papers/{target}"]
    for address in [*paths, *odd]:
        place = doors.client.get(address).headers.get("location", "/")
        assert re.match(r"/(?![/\\])", place), f"{address} leads to {place}"
    for path in ("/subscribe", "/place"):
        answer = doors.client.post(path, data={"next": target, "stage": "5", "email": "a@example.org"})
        assert re.match(r"/(?![/\\])", answer.headers.get("location", "/"))


# Bodies


@pytest.mark.parametrize("path", routes("POST"))
def test_a_body_of_ten_megabytes_is_refused_unread(doors: Doors, path: str) -> None:
    sent = 0

    def parts() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(160):
            sent += 65_536
            yield b"a" * 65_536

    kind = JSON if path.startswith("/api/") else FORM
    address = filled_in(path, doors.links)
    told = doors.client.post(address, content=b"a" * 10_485_760, headers=kind)
    assert told.status_code == 413
    untold = doors.client.post(address, content=parts(), headers=kind)  # chunked: no length is announced
    assert untold.status_code in ((413,) if path in (SIGN_UP, "/subscribe", "/api/v1/feedback") else (200, 404, 413))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 30_000,
        b'{"a":' * 6_000,
        b'{"email": ' + b"[" * 30_000,
        b'{"email": "a@example.org", "stages": ' + b"[" * 15_000 + b"]" * 15_000 + b"}",
        b'{"email": "a@example.org", "minutes": ' + b"9" * 30_000 + b"}",
        b'{"email": "\xff"}',
        b"\x00" * 1_000,
        b"",
    ],
)
def test_json_of_any_depth_is_read_or_refused(doors: Doors, body: bytes) -> None:
    for path in (SIGN_UP, "/api/v1/feedback"):
        answer = doors.client.post(path, content=body, headers=JSON)
        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.content) < 2_000


def test_a_form_of_a_thousand_fields_is_refused(doors: Doors) -> None:
    body = "&".join(f"f{n}=1" for n in range(1_000))
    assert doors.client.post("/subscribe", content=body, headers=FORM).status_code == 400


# Logs and secrets

CANARIES = {
    "secret key": "canary-of-the-secret-key-0123456789",
    "header": "canary-of-a-header",
    "cookie": "canary-of-a-cookie",
    "address": "canary.of.an.address@example.org",
}


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Give all that was logged but by the test's own client."""
    caplog.set_level(logging.DEBUG)
    own = ("httpx2", "httpcore2", "asyncio")
    form = logging.Formatter("%(name)s %(message)s")
    return lambda: "\n".join(form.format(one) for one in caplog.records if not one.name.startswith(own))


def test_planted_secrets_are_found_nowhere(doors: Doors, logged: Callable[[], str]) -> None:
    client = doors.again(secret_keys=(CANARIES["secret key"], *people.KEYS))
    key = make_key()
    with doors.sessions.begin() as session:
        keys.add(session, key.prefix, key.hash, "a test", ["feedback:read"], NOW)
    planted = {*CANARIES.values(), key.text[13:], key.hash}
    told = "".join(_told(client, doors.links, key.text))
    assert {one for one in planted if one in told} == set()
    assert {one for one in planted if one in logged()} == set()
    assert "RuntimeError: broken" in logged()  # there was something to hide secrets in


def _told(client: TestClient, links: dict[str, str], key: str) -> Iterator[str]:
    """Ask for everything that may go wrong, with secrets in every place a request has; gives all that is answered."""
    fields = {"Authorization": f"Bearer {key}", "Cookie": f"x={CANARIES['cookie']}", "X-Odd": CANARIES["header"]}
    said = {"email": CANARIES["address"], "item": "2606.00001", "verb": "more"}
    asks: list[tuple[str, str, Any]] = [("GET", filled_in(path, {}), None) for path in routes("GET")]
    asks += [("GET", path, None) for path in ("/metrics", "/readyz", "/api/v1/papers?limit=x", "/api/v1/none")]
    asks += [("POST", SIGN_UP, {"email": CANARIES["address"], "stages": ["x"]}), ("POST", SIGN_UP, {"email": "x"})]
    asks += [("POST", "/api/v1/feedback", said)]
    for method, path, body in asks:
        answer = client.request(method, path, json=body, headers=fields)
        yield answer.text + json.dumps(dict(answer.headers))
    with mock.patch("api.routes.feedback.service.speaks_of", side_effect=RuntimeError("broken")):
        answer = client.get(f"/s/{links['feedback']}/feedback", headers=fields)
    assert answer.status_code == 500
    yield answer.text + json.dumps(dict(answer.headers))


@pytest.mark.parametrize("odd", ["%0d%0aERROR%20forged", "%1b[31m", "%00", "%e2%80%a8forged", "{x!r}", "%(asctime)s"])
def test_nothing_in_an_address_begins_a_line_of_the_log_or_a_header(
    doors: Doors, logged: Callable[[], str], odd: str
) -> None:
    for path in (f"/{odd}", f"/papers/{odd}", f"/api/v1/papers/{odd}", f"/s/{odd}/confirm", f"/search?q={odd}"):
        answer = doors.client.get(path)
        assert answer.status_code < 500
        assert all("\n" not in value and "\r" not in value for value in answer.headers.values())
    assert "forged" not in logged()
    assert "\x1b" not in logged()


def test_the_options_do_not_show_their_keys(doors: Doors) -> None:
    assert people.KEYS[1] not in repr(doors.options) + repr(doors.client.app)
