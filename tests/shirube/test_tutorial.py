"""The tutorial walked as it stands: its commands in their order, against the stand-in, from nothing to a mail."""

import email
import email.policy
import re
import shlex
from datetime import datetime
from pathlib import Path

import pytest

from tests.shirube.command import CLOSED, DRAFT, Ended, run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
STAYS = {"serve"}  # runs until it is stopped; tests/test_package.py starts and stops it
CALL = re.compile(r"^\.venv/bin/shirube (.+)$", re.MULTILINE)
OVER = "## 5. When the month is over"


def calls(text: str) -> list[list[str]]:
    """List the calls of the program in a part of the page."""
    return [shlex.split(words) for words in CALL.findall(text)]


def walk(text: str, env: dict[str, str], now: datetime) -> dict[str, Ended]:
    """Run every call of a part of the page; gives how each ended, by its words."""
    ended = {" ".join(words): run(*words, env=env, now=now) for words in calls(text) if words[0] not in STAYS}
    assert {words: one.err for words, one in ended.items() if one.code != 0} == {}
    return ended


def test_the_tutorial_leads_from_nothing_to_a_mail(
    empty: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _, after = PAGE.read_text("utf-8").partition(OVER)
    closing, _, subscribing = after.partition("## 6. Subscribe")
    [settings] = re.findall(r"```toml\n(.*?)```", subscribing, re.DOTALL)
    monkeypatch.chdir(tmp_path)

    first = walk(before, empty, DRAFT)
    written = [Path(one.lines[-1]) for words, one in first.items() if words.startswith("digest")]
    assert [file.name for file in written] == [
        "2026-10.html",
        "2026-10.stage-5-6.60min.html",
        "2026-10.stage-5.ja.html",
    ]
    assert len(first["papers --stage 5 --limit 5"].lines) >= 5

    walk(closing, empty, CLOSED)
    Path("shirube.toml").write_text(settings, "utf-8")
    last = walk(subscribing, empty, CLOSED)
    assert "1 sent" in last["outbox"].out
    [file] = (tmp_path / "var" / "mail").glob("*.eml")
    letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert letter["To"] == "you@example.org"
    assert "http://127.0.0.1:8000/s/" in str(letter["List-Unsubscribe"])


def test_every_command_of_the_tutorial_is_walked_or_known_to_stay() -> None:
    blocks = "".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
    assert len(blocks.splitlines()) == len(calls(blocks)) + blocks.count("make setup")
