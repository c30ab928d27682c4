"""Secrets planted in every setting of a store that works and fails: none in what is said, stored or sent (row 43)."""

import base64
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shirube.command import CLOSED, run
from tests.shirube.conftest import MONTH, Store
from tests.shirube.test_notify import noted, receiver

SIGNING = base64.b64encode(b"canary-of-the-webhook-secret-012").decode()
NOWHERE = "127.0.0.1:9"  # the discard port: nobody listens
SECRETS = {
    "SHIRUBE_SMTP_URL": f"smtps://user:canary-of-smtp@{NOWHERE}",
    "SHIRUBE_WEBHOOK_SECRET": f"whsec_{SIGNING}",
    "SHIRUBE_LLM_KEY": "canary-of-the-model-key",
    "SHIRUBE_METRICS_TOKEN": "canary-of-the-metrics-token",
    "SHIRUBE_SECRET_KEY": "canary-of-the-secret-key-0123456789-0123456",
}
PLAIN = {
    "SHIRUBE_BASE_URL": "https://road.example",
    "SHIRUBE_MAIL_FROM": "Shirube <digest@road.example>",
    "SHIRUBE_LLM_URL": f"http://{NOWHERE}/v1",
    "SHIRUBE_LLM_MODEL": "invented-model",
}
COMMANDS = (
    "config show",
    "doctor",
    "rank",
    f"digest {MONTH} --out -",
    "subscribers add reader@example.org --consent paper",
    "send",
    "outbox",
    "keys add a-test --scope feedback:read",
    "jobs",
    "jobs run outbox",
    "jobs run close",
    "jobs run backup",
    "status",
    "status --json",
    "db check",
    "db backup",
)


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give every file of a data folder, those within backups too: the database, its log, pages, mails, caches."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not zipfile.is_zipfile(file):
            yield str(file), file.read_bytes()
        elif file.is_file():
            with zipfile.ZipFile(file) as archive:
                yield from ((f"{file}:{name}", archive.read(name)) for name in archive.namelist())


@pytest.mark.parametrize("form", ["console", "json"])
def test_planted_settings_are_found_in_nothing_that_is_said_stored_or_sent(
    form: str, final: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail server and a model that are away, and a webhook that answers with an error: failures talk the most."""
    store = final.copied(tmp_path / "store")
    env = {**store.env, **PLAIN, "SHIRUBE_LOG_FORMAT": form}
    assert run("subscribers", "add", "first@example.org", "--consent", "paper", env=env, now=CLOSED).code == 0
    assert run("send", env=env, now=CLOSED).code == 0
    assert list((store.folder / "mail").glob("*.eml")), "no mail to look into"
    noted(store, monkeypatch, {}).engine.dispose()
    with receiver(500) as (hook, came):
        place = hook.split("/")[2]
        hosts = store.env["SHIRUBE_ALLOW_PRIVATE_HOSTS"].removesuffix("]") + f', "{place}", "{NOWHERE}"]'
        planted = {"SHIRUBE_WEBHOOK_URL": f"http://{place}/canary-of-the-hook?key=canary-of-its-query", **SECRETS}
        env |= {**planted, "SHIRUBE_ALLOW_PRIVATE_HOSTS": hosts}
        said = {words: run(*words.split(), env=env, now=CLOSED) for words in COMMANDS}
    told = {words: f"{ended.out}{ended.err}" for words, ended in said.items()}
    assert {words for words, ended in said.items() if ended.code == 2} == set()
    assert [words for words, text in told.items() if "canary" in text or SIGNING in text] == []
    marks = (b"canary", SIGNING.encode(), base64.b64decode(SIGNING))
    found = [name for name, content in files(store.folder) if any(mark in content for mark in marks)]
    # A backup holds the keys that sign links, so that those in mails go on working, and is for its owner alone.
    assert [name for name in found if not name.endswith(".zip:secret.key")] == []
    assert {file.stat().st_mode & 0o077 for file in (store.folder / "backups").iterdir()} == {0}
    assert "SHIRUBE_SMTP_URL" in told["config show"]
    assert said["send"].code != 0
    assert [path for path, _, _ in came] != [], "the webhook was not called"


@pytest.mark.parametrize("words", ["status", "doctor", f"digest {MONTH} --offline", "db check", "jobs", "config show"])
def test_the_password_of_a_database_that_is_away_is_not_told(words: str, empty: dict[str, str]) -> None:
    url = f"postgresql+psycopg://shirube:canary-of-the-database@{NOWHERE}/shirube"
    ended = run(*words.split(), env={**empty, "SHIRUBE_DATABASE_URL": url}, now=CLOSED)
    assert ended.code in ({0} if words == "config show" else {1})
    assert "canary" not in ended.out + ended.err
    assert "Traceback" not in ended.err
