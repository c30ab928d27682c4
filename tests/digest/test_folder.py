"""Delivery into a folder: whole private files, or a word that it must be tried later."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.delivery import Later, Sent
from digest.delivery.folder import FolderDelivery
from tests.digest.mail import message


def test_the_folder_holds_whole_private_files(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    delivery = FolderDelivery(folder)
    calls: list[str] = []
    for _ in range(2):
        assert delivery.deliver(message(), "reader@example.org", lambda: calls.append("data")) == Sent()
    files = list(folder.iterdir())
    assert [file.name for file in files] == ["2026-06.abc-shirube.example.org.eml"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert files[0].read_bytes() == message().as_bytes()
    assert calls == ["data", "data"]
    assert delivery.prune(datetime.now(UTC) - timedelta(days=30)) == 0
    assert delivery.prune(datetime.now(UTC) + timedelta(days=1)) == 1
    assert not list(folder.iterdir())


def test_a_file_that_another_sender_moves_or_deletes_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("gone.eml", ".gone.part", "old.eml"):
        (tmp_path / name).write_text("mail")
    listed = sorted(tmp_path.iterdir())
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: [f for f in listed if f.match(pattern)])
    for name in ("gone.eml", ".gone.part"):
        (tmp_path / name).unlink()
    assert FolderDelivery(tmp_path).prune(datetime.now(UTC) + timedelta(days=1)) == 1
    assert list(os.scandir(tmp_path)) == []


def test_a_folder_that_cannot_be_written_says_later_and_leaves_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file stands in the way")
    outcome = FolderDelivery(tmp_path / "mail").deliver(message(), "reader@example.org", lambda: None)
    assert isinstance(outcome, Later)
    assert outcome.delays == "everyone"
