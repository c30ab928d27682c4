"""What the guard posts: once, to one address, never before the moment a server names."""

import pytest

from core.errors import SourceError
from tests.ingest.doubles import FakeTime, guarded
from tests.upstream import Upstream

CHAT = "/v1/chat/completions"


def test_posts_once_with_its_headers_and_says_how_the_answer_failed(up: Upstream) -> None:
    up.fault(CHAT, status=500, times=1)
    with guarded(up) as guard:
        with pytest.raises(SourceError, match="failed once: status 500"):
            guard.post(up.url + CHAT, b"{}", {"Authorization": "Bearer heron"})
        with pytest.raises(SourceError, match="answered with status 400"):
            guard.post(up.url + CHAT, b"{}", {"Authorization": "Bearer heron"})
    assert [(r.method, r.headers["Authorization"], r.query) for r in up.log] == [
        ("POST", "Bearer heron", "body=%7B%7D")
    ] * 2
    assert up.log[0].headers["Content-Type"] == "application/json"


def test_what_is_posted_follows_no_redirect(up: Upstream) -> None:
    up.fault(CHAT, "redirect", to=f"{up.url}/elsewhere", status=307)
    with guarded(up) as guard, pytest.raises(SourceError, match="status 307"):
        guard.post(up.url + CHAT, b"{}", {"Authorization": "Bearer heron"})
    assert [request.path for request in up.log] == [CHAT]


def test_nothing_is_posted_before_the_moment_the_server_names(up: Upstream) -> None:
    clock = FakeTime()
    up.fault(CHAT, status=429, retry_after="20", times=1)
    with guarded(up, time=clock) as guard:
        for reason in ("failed once: status 429", "left alone"):
            with pytest.raises(SourceError, match=reason):
                guard.post(up.url + CHAT, b"{}", {})
        assert len(up.log) == 1
        clock.seconds += 21
        with pytest.raises(SourceError, match="status 400"):
            guard.post(up.url + CHAT, b"{}", {})
    assert clock.sleeps == []
