"""`shirube send`: what it does around the sending itself."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from tests.shirube.command import CLOSED, run

MAIL = {"SHIRUBE_BASE_URL": "https://road.example", "SHIRUBE_MAIL_FROM": "digest@road.example"}


@pytest.mark.parametrize("server", [{}, {"SHIRUBE_SMTP_URL": "smtp://mail.example.org"}], ids=["folder", "smtp"])
def test_mails_kept_as_files_are_deleted_after_thirty_days(empty: dict[str, str], server: dict[str, str]) -> None:
    env = {**empty, **MAIL, **server}
    assert run("db", "upgrade", env=env, now=CLOSED).code == 0
    folder = Path(env["SHIRUBE_DATA_DIR"]) / "mail"
    folder.mkdir()
    for name, days in (("old.eml", 31), (".half.part", 31), ("young.eml", 29)):
        file = folder / name
        file.write_text("To: reader@example.org")
        written = (CLOSED - timedelta(days=days)).timestamp()
        os.utime(file, (written, written))
    assert run("send", "--dry-run", env=env, now=CLOSED).code == 1  # there is no issue to send
    assert {file.name for file in folder.iterdir()} == {"old.eml", ".half.part", "young.eml"}
    run("send", env=env, now=CLOSED)
    assert {file.name for file in folder.iterdir()} == {"young.eml"}
    run("send", env=env, now=CLOSED + timedelta(days=2))
    assert list(folder.iterdir()) == []
