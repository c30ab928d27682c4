"""What doctor finds, kind by kind, and that it says how to mend it."""

import base64
import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import system_clock
from core.errors import ModelError
from db.engine import make_engine, make_sessions
from db.migrate import upgrade
from shirube import doctor, trials
from shirube.checks import Check
from shirube.doctor import examine
from shirube.settings import Settings, load_settings
from shirube.telling import span
from tests.db.filling import fill
from tests.digest.talk import Talk, talking
from tests.ingest.doubles import free_port
from tests.shirube.command import DRAFT, Bench, run
from tests.upstream import Upstream
from tests.upstream.server import _Handler

YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def server() -> Iterator[Upstream]:
    """One stand-in for the whole module."""
    with Upstream(months=("2026-10",)) as running:
        yield running


@pytest.fixture
def up(server: Upstream) -> Upstream:
    """The stand-in without faults and with an empty log."""
    server.clear_faults()
    server.log.clear()
    return server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder, whose database is made once."""
    return tmp_path_factory.mktemp("doctor") / "var"


@pytest.fixture
def settings(up: Upstream, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Settings that lead to the stand-in, with some changed."""

    def made(**changes: str) -> Settings:
        given = {**up.environment(), "SHIRUBE_DATA_DIR": str(folder), **changes}
        for name in [name for name in os.environ if name.startswith("SHIRUBE_")]:
            monkeypatch.delenv(name)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return made


def found(settings: Settings, machine: Callable[[], datetime] = system_clock) -> dict[str, Check]:
    """What doctor finds, by name."""
    wiring = Bench(settings, lambda: DRAFT)
    try:
        checks = examine(wiring, machine)
    finally:
        wiring.guard.close()
        if "engine" in vars(wiring):
            wiring.engine.dispose()
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.fix or check.well for check in checks)
    return {check.name: check for check in checks}


def test_where_all_is_well_every_source_was_asked_once_for_little(
    settings: Callable[..., Settings], up: Upstream
) -> None:
    checks = found(settings())
    assert [check for check in checks.values() if not check.well] == []
    assert checks["arXiv's API"].found == f"127.0.0.1:{up.port} answers as it should"
    assert sorted(request.path for request in up.log) == sorted(
        ["/api/query", "/oai", "/rss/cs.AI", "/api/daily_papers", "/api/v1/papers/"]
        + [f"/feeds/{lab}.xml" for lab in ("anthropic", "google-deepmind", "meta-fair", "openai", "qwen")]
    )
    assert "clock" in checks


@pytest.mark.parametrize(
    ("prefix", "name"),
    [("/api/query", "arXiv's API"), ("/oai", "arXiv's changes"), ("/rss", "arXiv's announcements"),
     ("/api/daily_papers", "Daily Papers"), ("/api/v1", "Papers with Code"), ("/feeds/qwen", "Qwen's feed")],
)  # fmt: skip
@pytest.mark.parametrize(
    ("fault", "said", "mended"),
    [({"status": 403}, "status 403: it refuses", "SHIRUBE_CONTACT"),
     ({"status": 429, "retry_after": "7"}, "too many requests, Retry-After: 7", "another program"),
     ({"status": 503}, "status 503: it is not well itself", "next pull"),
     ({"status": 404}, "status 404", "Check the address in SHIRUBE_"),
     ({"kind": "maintenance"}, "a web page where data is due", "in a browser"),
     ({"kind": "cut"}, "answers, but the answer", "SHIRUBE_"),
     ({"kind": "doctype"}, "refused", "SHIRUBE_"),
     ({"kind": "redirect", "to": "http://127.0.0.1:1/"}, "127.0.0.1:1", "SHIRUBE_|address"),
     ({"kind": "wrong-length"}, "the connection broke", "Try again")],
    ids=["403", "429", "503", "404", "login-page", "cut", "doctype", "redirect", "broken"],
)  # fmt: skip
def test_what_an_answer_means_and_how_it_is_mended(
    settings: Callable[..., Settings], up: Upstream, prefix: str, name: str, fault: dict[str, Any], said: str,
    mended: str,
) -> None:  # fmt: skip
    hit = up.fault(prefix, **fault)
    checks = found(settings())
    if fault.get("kind") == "doctype" and prefix.startswith("/api/") and prefix != "/api/query":
        return  # JSON has no document type
    check = checks[name]
    assert not check.well
    assert said in check.found
    assert any(word in check.fix for word in mended.split("|")), check.fix
    assert hit.hits == 1  # tried, and not tried again
    assert [other.name for other in checks.values() if not other.well] == [name]


def test_an_address_that_is_refused_or_away_does_not_answer(settings: Callable[..., Settings], up: Upstream) -> None:
    """It was once called well, since some error other than an unreachable network would come of it."""
    away = f"127.0.0.1:{free_port()}"
    refused = found(settings(SHIRUBE_HF_URL=f"http://{away}"))["Daily Papers"]
    assert not refused.well
    assert "leads to the private address 127.0.0.1" in refused.found
    assert f'put "{away}" into SHIRUBE_ALLOW_PRIVATE_HOSTS' in refused.fix
    allowed = json.dumps([away, f"127.0.0.1:{up.port}"])
    gone = found(settings(SHIRUBE_HF_URL=f"http://{away}", SHIRUBE_ALLOW_PRIVATE_HOSTS=allowed))["Daily Papers"]
    assert not gone.well
    assert "cannot be reached" in gone.found
    assert "SHIRUBE_HF_URL" in gone.fix
    nowhere = found(settings(SHIRUBE_HF_URL="http://no-such-host.invalid"))["Daily Papers"]
    assert "no-such-host.invalid cannot be re" in nowhere.found


@pytest.mark.parametrize(
    ("hours", "found_as", "well"),
    [(0, "behind the servers", True), (-12, "12 h 0 min behind", False), (50, "2 days 2 h ahead", False)],
)
def test_a_wrong_clock_is_told_by_the_servers_hours(
    settings: Callable[..., Settings], hours: int, found_as: str, well: bool
) -> None:
    check = found(settings(), lambda: system_clock() + timedelta(hours=hours, seconds=-3))["clock"]
    assert check.well is well
    assert found_as in check.found


def test_one_server_with_a_wrong_clock_is_outvoted_and_silence_tells_nothing() -> None:
    trial = trials.Trial("x", "http://x.example/", "SHIRUBE_X", lambda answer: None)
    hours = [trials.Outcome(trial, "", "", late) for late in (1.0, 2.0, 90_000.0, None)]
    assert trials.behind(hours) == 2.0
    assert trials.behind(hours[3:]) is None


@pytest.mark.parametrize("odd", ["Thu, 1 Jan 20261111111111111 00:00:00 GMT", "soon", ""])
def test_servers_without_a_readable_hour_tell_none(
    settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    monkeypatch.setattr(_Handler, "date_time_string", lambda handler, timestamp=None: odd)
    assert "clock" not in found(settings())


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (-119, "119 s"), (200, "3 min"), (3700, "1 h 2 min"), (176_400, "2 days 1 h")]
)
def test_a_length_of_time_is_written_as_people_do(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_a_database_that_cannot_be_had_leaves_the_rest_to_be_looked_at(
    settings: Callable[..., Settings], up: Upstream, tmp_path: Path
) -> None:
    (tmp_path / "text.db").write_text("This is no database, but a text of some length." * 30)
    checks = found(settings(SHIRUBE_DATABASE_URL=f"sqlite:///{tmp_path}/text.db"))
    assert not checks["database"].well
    assert "not a database" in checks["database"].found
    assert "text.db" in checks["database"].fix
    assert checks["sources"] == Check("sources", False, "not asked", checks["sources"].fix)
    assert "database first" in checks["sources"].fix
    assert checks["embedding model"].well
    assert up.log == []
    port = free_port()
    away = found(settings(SHIRUBE_DATABASE_URL=f"postgresql+psycopg://me:secret@127.0.0.1:{port}/shirube"))["database"]
    assert not away.well
    assert "secret" not in away.found + away.fix
    assert "SHIRUBE_DATABASE_URL" in away.fix


@pytest.mark.parametrize("damage", ["a page", "half of it", "a page of many"])
def test_a_damaged_database_is_not_well(
    settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """Its header and its tables' names are whole, so that it opens."""
    file = tmp_path / "damaged.db"
    engine = make_engine(f"sqlite:///{file}")
    upgrade(engine)
    with make_sessions(engine).begin() as session:
        fill(session, 40)
    engine.dispose()
    content, page = file.read_bytes(), 4096
    if damage == "half of it":
        file.write_bytes(content[: len(content) // 2])
    else:
        last = content.rindex(b"arxiv_id") // page * page  # of an item's row
        file.write_bytes(content[:last] + b"\xa5" * page + content[last + page :])
    if damage == "a page of many":
        monkeypatch.setattr(doctor, "LOOKED_THROUGH", len(content) - 1)
    check = found(settings(SHIRUBE_DATABASE_URL=f"sqlite:///{file}"))["database"]
    if damage == "a page of many":
        assert check.well
        assert check.found.endswith("too large to be looked through here (shirube db check does)")
        return
    assert not check.well
    assert "damaged" in check.found or "malformed" in check.found
    assert "shirube db restore" in check.fix


def test_a_disk_that_is_full_or_closed_is_told(
    settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "ROOM", 10**18)
    full = found(settings())["disk"]
    assert (full.well, "GB free" in full.found, "Make room" in full.fix) == (False, True, True)
    access = os.access  # whoever runs the tests may be allowed everything
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK | os.X_OK and access(path, mode))
    closed = found(settings())["disk"]
    assert not closed.well
    assert "cannot be written" in closed.found


def test_a_model_that_is_not_there_is_told(settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, texts: object) -> None:
        raise ModelError("The model is absent", "Run make setup")

    monkeypatch.setattr("tests.fakes.HashEmbedder.embed", broken)
    check = found(settings())["embedding model"]
    assert check == Check("embedding model", False, "The model is absent", "Run make setup")


def test_the_command_ends_with_an_error_where_something_is_not_well(up: Upstream, tmp_path: Path) -> None:
    env = {**up.environment(), "SHIRUBE_DATA_DIR": str(tmp_path / "var")}
    well = run("doctor", env=env)
    assert (well.code, "NOT WELL" in well.out) == (0, False)
    up.fault("/api/daily_papers", status=503)
    down = run("doctor", env=env)
    told = " ".join(down.out.split())
    assert down.code == 1
    assert told.count("NOT WELL") == 1
    assert "it is not well itself" in told
    assert "next pull" in told


def test_half_a_setting_up_of_mail_is_not_well(settings: Callable[..., Settings]) -> None:
    half = found(settings(SHIRUBE_SMTP_URL="smtp://127.0.0.1:25", SHIRUBE_MAIL_FROM="road@example.org"))["mail"]
    assert (half.well, half.found) == (False, "cannot be sent: SHIRUBE_BASE_URL not set")
    assert "Set SHIRUBE_BASE_URL" in half.fix
    assert found(settings())["mail"].well
    whole = {"SHIRUBE_MAIL_FROM": "road@example.org", "SHIRUBE_BASE_URL": "https://road.example"}
    assert found(settings(**whole))["mail"] == Check("mail", True, "on, by a folder of .eml files")


def test_a_mail_server_is_spoken_to_and_one_that_is_away_is_told(settings: Callable[..., Settings]) -> None:
    whole = {"SHIRUBE_MAIL_FROM": "road@example.org", "SHIRUBE_BASE_URL": "https://road.example"}
    talk = Talk()
    with talking(talk) as place:
        there = found(settings(**whole, SHIRUBE_SMTP_URL=f"smtp://{place}?starttls=never"))["mail"]
        assert there == Check("mail", True, "on, by SMTP; the server takes the session")
        bare = found(settings(**whole, SHIRUBE_SMTP_URL=f"smtp://{place}"))["mail"]
        assert not bare.well
        assert "STARTTLS" in bare.found
    assert (talk.connections, talk.mails, talk.recipients) == (2, [], [])
    away = found(settings(**whole, SHIRUBE_SMTP_URL=f"smtp://me:hush@{place}"))["mail"]
    assert not away.well
    assert "refused" in away.found
    assert "SHIRUBE_SMTP_URL" in away.fix
    assert "hush" not in away.found + away.fix


SECRET = f"whsec_{base64.b64encode(bytes(32)).decode()}"


def test_a_webhook_needs_its_secret(settings: Callable[..., Settings]) -> None:
    assert "webhook" not in found(settings())
    bare = found(settings(SHIRUBE_WEBHOOK_URL="http://127.0.0.1:9/x"))["webhook"]
    assert not bare.well
    assert "SHIRUBE_WEBHOOK_SECRET" in bare.fix


def test_the_webhook_is_knocked_at_as_a_call_would_be(settings: Callable[..., Settings], up: Upstream) -> None:
    def look(url: str) -> Check:
        return found(settings(SHIRUBE_WEBHOOK_URL=url, SHIRUBE_WEBHOOK_SECRET=SECRET))["webhook"]

    assert look(f"http://127.0.0.1:{up.port}/hook") == Check("webhook", True, "set, its calls are signed")
    assert "POST" not in {request.method for request in up.log}
    refused = look("http://127.0.0.1:9/hush")
    assert (refused.well, "leads to the private address" in refused.found) == (False, True)
    assert 'put "127.0.0.1:9" into SHIRUBE_ALLOW_PRIVATE_HOSTS' in refused.fix
    odd = look("ftp://127.0.0.1/hush")
    assert (odd.well, "hush" in odd.found + odd.fix) == (False, False)
    assert "SHIRUBE_WEBHOOK_URL" in odd.found


def test_a_webhook_at_which_nobody_listens_is_told(settings: Callable[..., Settings], up: Upstream) -> None:
    place = f"127.0.0.1:{free_port()}"
    changes = {"SHIRUBE_WEBHOOK_URL": f"http://{place}/x", "SHIRUBE_WEBHOOK_SECRET": SECRET}
    allowed = json.dumps([place, f"127.0.0.1:{up.port}"])
    away = found(settings(**changes, SHIRUBE_ALLOW_PRIVATE_HOSTS=allowed))["webhook"]
    assert not away.well
    assert f"{place} cannot be reached" in away.found
    assert "SHIRUBE_WEBHOOK_URL" in away.fix
