"""The notice of a published issue: what it says, how it is signed, that it is told until taken and blocks nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import ConfigError
from db import notices
from db.engine import Sessions
from db.models import Issue
from db.models_mail import Notice
from digest.delivery.webhook import (
    PAUSES,
    Answered,
    Reply,
    Unreached,
    Webhook,
    after_call,
    notice_body,
    parse_secret,
    signed_headers,
)
from digest.service import IssueOptions, announce_due, build_issue, outbox_state
from roadmap.model import Roadmap
from tests.digest import sample
from tests.digest.store import at, ready

NOW = at("2026-07-06")
OPTIONS = IssueOptions(webhook=True, base_url="https://road.example/")
SECRET = b"a secret of twenty-four or more"


@dataclass
class Receiver:
    """Answer as told, then with 204; keep what came."""

    replies: list[Reply] = field(default_factory=list)
    calls: list[tuple[bytes, Mapping[str, str]]] = field(default_factory=list)

    def __call__(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        self.calls.append((body, headers))
        return self.replies.pop(0) if self.replies else Answered(204)


def publish(sessions: Sessions, roadmap: Roadmap, options: IssueOptions = OPTIONS) -> str:
    """Close June 2026; gives its status."""
    with sessions.begin() as session:
        ready(session, roadmap)
        return build_issue(session, "2026-06", roadmap, lambda: NOW, options).status


def announce(sessions: Sessions, receiver: Receiver, now: datetime = NOW) -> dict[str, int]:
    return announce_due(sessions, Webhook(receiver, SECRET), lambda: now)


def stored(sessions: Sessions) -> list[Notice]:
    with sessions() as session:
        return list(session.scalars(select(Notice)))


def test_an_issue_is_told_of_once_and_only_when_it_is_final(sessions: Sessions, roadmap: Roadmap) -> None:
    receiver = Receiver()
    with sessions.begin() as session:
        ready(session, roadmap)
        assert build_issue(session, "2026-06", roadmap, lambda: at("2026-06-20"), OPTIONS).status == "draft"
    assert announce(sessions, receiver) == {}
    for _ in range(2):
        with sessions.begin() as session:
            assert build_issue(session, "2026-06", roadmap, lambda: NOW, OPTIONS).status == "final"
    assert announce(sessions, receiver) == {"delivered": 1}
    assert announce(sessions, receiver, NOW + timedelta(days=9)) == {}
    ((body, headers),) = receiver.calls
    told = json.loads(body)
    assert (told["type"], told["data"]["month"], told["data"]["status"]) == ("issue.published", "2026-06", "final")
    assert told["data"]["urls"]["page"] == "https://road.example/digests/2026-06"
    assert told["data"]["counts"]["chosen"] == 3
    assert headers["webhook-id"] == stored(sessions)[0].id
    assert headers == signed_headers(SECRET, headers["webhook-id"], body, NOW)


def test_without_a_webhook_nothing_is_noted(sessions: Sessions, roadmap: Roadmap) -> None:
    assert publish(sessions, roadmap, IssueOptions()) == "final"
    assert stored(sessions) == []


def test_a_call_that_fails_is_made_again_later_with_the_same_id_and_body(sessions: Sessions, roadmap: Roadmap) -> None:
    assert publish(sessions, roadmap) == "final"
    receiver = Receiver([Unreached("no answer in time"), Answered(500), Answered(302)])
    now = NOW
    for seconds in PAUSES[:3]:
        assert announce(sessions, receiver, now) == {"waiting": 1}
        assert announce(sessions, receiver, now) == {}
        now += timedelta(seconds=seconds)
    with sessions() as session:
        (seen,) = outbox_state(session, 5)["notices"]
    assert (seen["state"], seen["attempts"], seen["reason"]) == ("waiting", 3, "status 302")
    assert announce(sessions, receiver, now) == {"delivered": 1}
    assert (
        len({body for body, _ in receiver.calls}) == len({headers["webhook-id"] for _, headers in receiver.calls}) == 1
    )
    assert len({headers["webhook-signature"] for _, headers in receiver.calls}) == 4  # the time is signed as well


def test_it_is_given_up_after_three_days_or_when_the_receiver_is_gone(sessions: Sessions, roadmap: Roadmap) -> None:
    assert publish(sessions, roadmap) == "final"
    receiver, now, ends = Receiver([Answered(500)] * 20), NOW, []
    for seconds in (*PAUSES, 0):
        ends.append(announce(sessions, receiver, now))
        now += timedelta(seconds=seconds)
    assert ends == [{"waiting": 1}] * len(PAUSES) + [{"failed": 1}]
    assert announce(sessions, receiver, now + timedelta(days=9)) == {}
    assert after_call(Answered(410), 1, NOW)["state"] == "failed"


class Killed(BaseException):
    """The process dies here."""


def test_a_kill_loses_nothing(sessions: Sessions, roadmap: Roadmap) -> None:
    """The note is part of closing; after a kill in a call, the call is made again, with the same id."""

    class Dying(Receiver):
        def __call__(self, body: bytes, headers: Mapping[str, str]) -> Reply:
            super().__call__(body, headers)
            raise Killed

    def close_and_die() -> None:
        with sessions.begin() as session:
            ready(session, roadmap)
            build_issue(session, "2026-06", roadmap, lambda: NOW, OPTIONS)
            raise Killed

    with pytest.raises(Killed):
        close_and_die()
    with sessions() as session:
        assert session.scalars(select(Issue)).all() == []
    assert stored(sessions) == []
    assert publish(sessions, roadmap) == "final"
    dying, receiver = Dying(), Receiver()
    with pytest.raises(Killed):
        announce(sessions, dying)
    assert announce(sessions, receiver) == {}  # somebody may still be at it
    assert announce(sessions, receiver, NOW + notices.LEASE) == {"delivered": 1}
    assert dying.calls[0][1]["webhook-id"] == receiver.calls[0][1]["webhook-id"]


def test_two_at_once_make_one_call(sessions: Sessions, roadmap: Roadmap) -> None:
    assert publish(sessions, roadmap) == "final"
    inner = Receiver()

    class Slow(Receiver):
        def __call__(self, body: bytes, headers: Mapping[str, str]) -> Reply:
            assert announce(sessions, inner) == {}
            return super().__call__(body, headers)

    assert announce(sessions, Slow()) == {"delivered": 1}
    assert inner.calls == []


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of the specification's own libraries."""
    secret = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    moment = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', moment)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize("text", [None, "", "heron-heron-heron-heron-heron-heron", "whsec_heron!", "whsec_aGVyb24="])
def test_a_secret_that_is_none_is_refused_without_being_repeated(text: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_secret(text)
    assert "heron" not in str(caught.value)


@given(st.integers(200, 599), st.integers(1, len(PAUSES) + 3))
def test_every_answer_has_one_meaning(status: int, attempts: int) -> None:
    values = after_call(Answered(status), attempts, NOW)
    assert (values.get("state") == "delivered") == (200 <= status < 300)
    assert ("due_at" in values) == (status >= 300 and status != 410 and attempts <= len(PAUSES))


def test_without_a_public_address_no_link_is_invented() -> None:
    told = json.loads(notice_body(sample.digest(), None))
    assert told["data"]["urls"] is None
    assert told["data"]["counts"]["considered"] == 6812
    assert told["data"]["counts"]["filed"] == sum(stage["filed"] for stage in told["data"]["counts"]["stages"]) == 1701
    assert told["data"]["failed_sources"]
