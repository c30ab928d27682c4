"""The thread behind the web service: a sign-up becomes a mail, a link a subscriber, and erasing takes the files."""

import email
import email.policy
import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from db.models import Subscriber
from digest.delivery import Outcome, Sent
from shirube import people
from shirube.courier import Courier
from shirube.logs import _masked
from shirube.settings import load_settings
from shirube.web import app_options
from tests.shirube.command import CLOSED, Bench

MAIL = {"base_url": "https://road.example", "mail_from": "digest@road.example"}


def bench(folder: Path, **settings: Any) -> Bench:
    return Bench(load_settings(data_dir=folder / "var", **(MAIL | settings)), lambda: CLOSED)


def until(ready: Callable[[], object]) -> None:
    """Wait for another thread, as long as a busy machine may need."""
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end, "the courier did nothing"
        time.sleep(0.02)


def letters(wiring: Bench) -> list[Path]:
    return sorted(wiring.mail_dir.glob("*.eml"))


def test_from_the_form_to_a_subscriber_to_nothing_kept(tmp_path: Path) -> None:
    wiring = bench(tmp_path)
    with Courier(wiring) as courier:
        app = create_app(wiring.sessions, wiring.roadmap, wiring.clock, app_options(wiring, "http://unused"), courier)
        door = TestClient(app, "https://road.example", follow_redirects=False)
        given = {"email": "reader@example.org", "lang": "ja", "stages": "5", "minutes": "30"}
        assert door.post("/subscribe", data=given).status_code == 200
        until(lambda: letters(wiring))
        (file,) = letters(wiring)
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        body = message.get_body(("plain",))
        assert body is not None
        found = re.search(r"https://road\.example(/s/\S+/confirm\?lang=ja)", body.get_content())
        assert found
        page = door.post(found[1])
        assert page.status_code == 200
        with wiring.sessions() as session:
            person = session.scalars(select(Subscriber)).one()
            assert (person.email, person.lang, person.state) == ("reader@example.org", "ja", "active")
        preferences = page.text.split('href="/s/')[1].split("/preferences")[0]
        assert door.post(f"/s/{preferences}/erase").status_code == 200
        assert letters(wiring) == []
        with wiring.sessions() as session:
            assert session.scalars(select(Subscriber)).all() == []
    wiring.engine.dispose()


def test_a_fault_is_logged_and_the_next_sign_up_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runs: list[int] = []

    def failing(_wiring: object) -> dict[str, int]:
        runs.append(1)
        if len(runs) == 2:
            raise RuntimeError("the database is away")
        return {"sent": 1}

    monkeypatch.setattr(people, "send_letters", failing)
    caplog.set_level(logging.INFO)
    wiring = bench(tmp_path)
    with Courier(wiring) as courier:
        for wanted in (1, 2, 3):
            until(lambda wanted=wanted: len(runs) >= wanted)  # type: ignore[misc]
            courier.wake()
    assert "the database is away" in caplog.text
    assert "letters sent=1" in caplog.text


def test_a_wake_while_a_letter_is_sent_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    wiring = bench(tmp_path)
    courier = Courier(wiring)

    def waking(_wiring: object) -> dict[str, int]:
        runs.append(1)
        if len(runs) == 1:
            courier.wake()
        return {}

    monkeypatch.setattr(people, "send_letters", waking)
    with courier:
        until(lambda: len(runs) >= 2)
    assert len(runs) >= 2, "the second look was not taken"


def test_without_a_sender_nobody_can_sign_up_but_files_are_still_forgotten(tmp_path: Path) -> None:
    wiring = bench(tmp_path, mail_from=None)
    wiring.mail_dir.mkdir(parents=True)
    (wiring.mail_dir / "old.eml").write_text("To: reader@example.org\r\n\r\n")
    with Courier(wiring) as courier:
        assert not courier.sends
        courier.forget("Reader@example.org")
    assert letters(wiring) == []


def test_what_delivery_keeps_open_is_closed_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wiring = bench(tmp_path)
    closed: list[int] = []

    class Open:
        def deliver(self, *_: Any) -> Outcome:
            return Sent()

        def close(self) -> None:
            closed.append(1)

    monkeypatch.setattr(Bench, "delivery", lambda _self: Open())
    people.send_letters(wiring)
    monkeypatch.setattr("digest.service.send_letters", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        people.send_letters(wiring)
    assert closed == [1, 1]
    wiring.engine.dispose()


def test_signed_links_are_masked_in_logs() -> None:
    path = "/s/WzEsMTc4MzUwMTIwMF0.AqSkSzdAm7U2tLleL2Mj-hXVzVp9E2zVccpV45_uC2k/preferences"
    told = _masked(None, "info", {"event": f"GET {path} by reader@example.org"})
    assert told == {"event": "GET /s/(token)/preferences by (address)"}
