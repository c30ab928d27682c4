"""`shirube keys ...`: a key is made, shown once, listed without its secret, and revoked."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.apikeys import read_key
from tests.shirube.command import DRAFT, Ended, run


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Settings with a data folder of their own."""
    return {"SHIRUBE_DATA_DIR": str(tmp_path / "var")}


def call(env: dict[str, str], *words: str, hours: int = 0) -> Ended:
    return run("keys", *words, env=env, now=DRAFT + timedelta(hours=hours))


def test_a_key_is_shown_once_and_only_its_hash_is_stored(env: dict[str, str]) -> None:
    made = call(env, "add", "sign-up form", "--scope", "subscriptions:write", "--scope", "feedback:read")
    assert made.code == 0
    (text,) = made.lines  # the key alone, so that it can be piped
    key = read_key(text)
    assert key is not None
    listed = call(env, "list")
    assert [word in listed.out for word in (key.prefix, "sign-up form", "subscriptions:write feedback:read")] == [
        True
    ] * 3
    assert "never" in listed.out
    secret = text[13:].encode()
    stored = b"".join(file.read_bytes() for file in Path(env["SHIRUBE_DATA_DIR"]).rglob("*") if file.is_file())
    assert key.hash.encode() in stored
    assert secret not in stored
    assert secret.decode() not in listed.out + listed.err + made.err


@pytest.mark.parametrize("words", [("x",), ("x", "--scope", "papers:write"), (" ", "--scope", "feedback:read")])
def test_a_key_that_says_too_little_is_not_made(env: dict[str, str], words: tuple[str, ...]) -> None:
    ended = call(env, "add", *words)
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 2  # what is wrong, and what to do
    assert "shk_" not in call(env, "list").out


def test_a_revoked_key_stays_in_the_list_and_cannot_be_revoked_twice(env: dict[str, str]) -> None:
    key = read_key(call(env, "add", "report", "--scope", "feedback:read").lines[0])
    assert key is not None
    assert call(env, "revoke", key.prefix, hours=30).code == 0
    assert "revoked 2026-11-02" in call(env, "list").out
    assert call(env, "revoke", key.prefix).code == 1
    assert "keys list" in call(env, "revoke", "00000000").err
