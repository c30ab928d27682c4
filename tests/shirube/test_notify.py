"""The webhook on real connections: what the guard lets through and refuses, and that closing never waits for it."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from core.errors import ConfigError
from db.models import Issue
from db.models_mail import Notice
from shirube.notify import notify
from shirube.settings import load_settings
from tests.shirube.command import CLOSED, Bench, run
from tests.shirube.conftest import MONTH, Store

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the specification's example
MORE = {"SHIRUBE_WEBHOOK_SECRET": SECRET, "SHIRUBE_BASE_URL": "https://road.example"}


@contextmanager
def receiver(status: int = 204, headers: dict[str, str] | None = None) -> Iterator[tuple[str, list[Any]]]:
    """Serve on loopback and keep what is posted."""
    came: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append((self.path, self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook?key=heron", came
        finally:
            server.shutdown()
            thread.join()


def noted(store: Store, monkeypatch: pytest.MonkeyPatch, env: dict[str, str]) -> Bench:
    """Give the wiring of a store whose final issue is still to be told of."""
    for name, value in (store.env | env).items():
        monkeypatch.setenv(name, value)
    wiring = Bench(load_settings(data_dir=store.folder), lambda: CLOSED)
    with wiring.sessions.begin() as session:
        issue = session.scalars(select(Issue).where(Issue.status == "final")).one()
        session.add(
            Notice(id="msg_1", month=issue.month, body='{"type":"x"}', state="waiting", created=CLOSED, due_at=CLOSED)
        )
    return wiring


def allowed(url: str) -> dict[str, str]:
    host = url.split("/")[2]
    return {**MORE, "SHIRUBE_WEBHOOK_URL": url, "SHIRUBE_ALLOW_PRIVATE_HOSTS": f'["{host}"]'}


@pytest.mark.parametrize(
    ("status", "state"), [(200, "delivered"), (204, "delivered"), (410, "failed"), (500, "waiting")]
)
def test_one_signed_post(final: Store, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, status: int, state: str) -> None:
    with receiver(status) as (url, came):
        wiring = noted(final.copied(tmp_path / "copy"), monkeypatch, allowed(url))
        assert notify(wiring) == {state: 1}
        wiring.engine.dispose()
    ((path, headers, body),) = came
    assert (path, body) == ("/hook?key=heron", b'{"type":"x"}')
    assert headers["Content-Type"] == "application/json"
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-signature"].startswith("v1,")


def test_a_redirect_is_not_followed(final: Store, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as (elsewhere, strayed), receiver(307, {"Location": elsewhere}) as (url, came):
        wiring = noted(final.copied(tmp_path / "copy"), monkeypatch, allowed(url))
        assert notify(wiring) == {"waiting": 1}
        wiring.engine.dispose()
    assert (len(came), strayed) == (1, [])


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"])
def test_private_addresses_are_refused(final: Store, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with receiver() as (url, came):
        private = {**MORE, "SHIRUBE_WEBHOOK_URL": url.replace("127.0.0.1", name)}
        wiring = noted(final.copied(tmp_path / "copy"), monkeypatch, private)
        assert notify(wiring) == {"waiting": 1}
        with wiring.sessions() as session:
            reason = session.scalars(select(Notice.error)).one()
        wiring.engine.dispose()
    assert came == []
    assert reason
    assert "heron" not in reason


def test_a_webhook_without_a_secret_says_so(final: Store, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    env = {"SHIRUBE_WEBHOOK_URL": "https://hook.example/"}
    wiring = noted(final.copied(tmp_path / "copy"), monkeypatch, env)
    with pytest.raises(ConfigError, match="WEBHOOK_SECRET"):
        notify(wiring)
    wiring.engine.dispose()


def test_closing_never_waits_for_the_receiver(mine: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The month closes and is written though nobody listens; what failed is told, and tried again."""
    env = {**MORE, "SHIRUBE_WEBHOOK_URL": "http://127.0.0.1:9/hook"}
    ended = run("digest", MONTH, env={**mine.env, **env}, now=CLOSED)
    assert "Webhook: 1 waiting" in ended.err
    assert "-10.html" in ended.out or MONTH in ended.out
    shown = run("outbox", env={**mine.env, **env}, now=CLOSED)
    assert "waiting after 1 calls" in shown.out
