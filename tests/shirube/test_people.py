"""`shirube subscribers ...` and `shirube feedback`: people come, are listed, moved elsewhere, kept out, erased."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from db import feedback, signups
from db.models import Item, Subscriber
from db.models_readers import Signup, Suppression
from digest.service import unsubscribe
from digest.subscriptions import token
from shirube import jobs, people
from shirube.settings import load_settings
from shirube.stopping import Stopping
from tests.shirube.command import CLOSED, DRAFT, Bench, Ended, run
from tests.shirube.conftest import Store

CONSENT = ("--consent", "a list on paper")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Settings with a data folder of their own; no source is asked here."""
    return {"SHIRUBE_DATA_DIR": str(tmp_path / "var")}


def call(env: dict[str, str], *words: str, stdin: str = "") -> Ended:
    return run("subscribers", *words, env=env, now=DRAFT, stdin=stdin)


def bench(env: dict[str, str]) -> Bench:
    return Bench(load_settings(data_dir=Path(env["SHIRUBE_DATA_DIR"])), lambda: DRAFT)


def rows(env: dict[str, str]) -> dict[str, Subscriber]:
    wiring = bench(env)
    with wiring.sessions() as session:
        found = {one.email: one for one in session.scalars(select(Subscriber))}
    wiring.engine.dispose()
    return found


def letter(env: dict[str, str], name: str, to: str) -> Path:
    folder = Path(env["SHIRUBE_DATA_DIR"]) / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.eml"
    file.write_bytes(f"From: digest@road.example\r\nTo: {to}\r\nSubject: x\r\n\r\nTo: a@example.org\r\n".encode())
    return file


def test_a_choice_is_kept_as_given(env: dict[str, str]) -> None:
    words = ("--lang", "ja", "--stage", "5", "--topic", "rag", "--lab", "qwen", "--minutes", "45")
    assert call(env, "add", "a@example.org", *words, *CONSENT).code == 0
    one = rows(env)["a@example.org"]
    assert (one.lang, one.stages, one.topics, one.labs, one.minutes) == ("ja", [5], ["rag"], ["qwen"], 45)
    for wrong in (("--topic", "nothing"), ("--lab", "nobody"), ("--stage", "9")):
        assert call(env, "add", "b@example.org", *wrong, *CONSENT).code == 2
    assert list(rows(env)) == ["a@example.org"]


def test_the_list_says_who_agreed_when_and_where(env: dict[str, str]) -> None:
    call(env, "add", "a@example.org", "b@example.org", *CONSENT)
    call(env, "suppress", "b@example.org", "c@example.org", "--why", "asked \x1b[31mby letter")
    ended = call(env, "list")
    assert ended.code == 0
    assert "a@example.org  active" in ended.out
    assert "2026-10-31" in ended.out
    assert "a list on paper" in ended.out
    assert "\x1b" not in ended.out
    assert "2 people; besides, hash: operator: 1, not confirmed: 0" in ended.err
    assert "a@example.org" not in call(env, "list", "--state", "suppressed").out
    assert call(env, "list", "--state", "gone").code == 2


def test_an_export_comes_in_again_with_every_consent_and_every_refusal(env: dict[str, str], tmp_path: Path) -> None:
    call(env, "add", "+odd@example.org", "--lang", "ja", "--stage", "5", "--minutes", "45", *CONSENT)
    call(env, "add", "gone@example.org", *CONSENT)
    call(env, "suppress", "gone@example.org")
    written = call(env, "export")
    lines = list(csv.DictReader(io.StringIO(written.out)))
    assert [(one["email"], one["state"]) for one in lines] == [
        ("'+odd@example.org", "active"),
        ("gone@example.org", "suppressed"),
    ]
    other = {"SHIRUBE_DATA_DIR": str(tmp_path / "other")}
    file = tmp_path / "people.csv"
    file.write_text(written.out, encoding="utf-8")
    ended = call(other, "import", str(file))
    assert (ended.code, ended.out) == (0, "+odd@example.org\tadded\ngone@example.org\tsuppressed\n")
    one = rows(other)["+odd@example.org"]
    assert (one.lang, one.stages, one.minutes, one.consent_source) == ("ja", [5], 45, "a list on paper")
    assert (one.consent_at, one.state) == (DRAFT, "active")
    assert call(other, "add", "gone@example.org", *CONSENT).out == "gone@example.org\tsuppressed\n"
    assert [person["email"] for person in json.loads(call(other, "export", "--format", "json").out)] == [
        "+odd@example.org"
    ]


def test_who_left_or_was_suppressed_is_kept_out_whatever_else_their_line_says(env: dict[str, str]) -> None:
    """A topic of then may be none any more; only the address decides."""
    text = (
        "email,lang,state,topics,minutes,consent_source,consent_at\n"
        "left@example.org,xx,left,no-topic-any-more,never,,yesterday\n"
        "gone@example.org,en,suppressed,no-topic-any-more,,,\n"
        "nobody,en,suppressed,,,,\n"
    )
    ended = call(env, "import", "-", stdin=text)
    assert ended.code == 3
    outcomes = [line.split("\t")[1].partition(":")[0] for line in ended.lines]
    assert outcomes == ["left", "suppressed", "invalid"]
    assert call(env, "add", "left@example.org", "gone@example.org", *CONSENT).lines == [
        "left@example.org\tleft",
        "gone@example.org\tsuppressed",
    ]


def test_a_state_in_capitals_is_that_state_and_one_that_is_none_subscribes_nobody(env: dict[str, str]) -> None:
    text = "email,state\nleft@example.org,LEFT\ngone@example.org,Suppressed\n"
    text += "no@example.org,unsubscribed\nyes@example.org,Active\n"
    ended = call(env, "import", "-", *CONSENT, stdin=text)
    assert ended.code == 3
    outcomes = [line.split("\t")[1] for line in ended.lines]
    assert outcomes[:2] == ["left", "suppressed"]
    assert outcomes[2].startswith("invalid: state: 'unsubscribed' is none of active")
    assert outcomes[3] == "added"
    assert set(rows(env)) == {"yes@example.org"}


def test_who_is_kept_out_by_an_import_cannot_follow_a_link_that_is_open(env: dict[str, str]) -> None:
    wiring = bench(env)
    with wiring.sessions.begin() as session:
        for name in ("left", "gone", "other"):
            email = f"{name}@example.org"
            signups.add(session, DRAFT, email=email, email_key=email, lang="en", stages=[], topics=[], labs=[])
    call(env, "import", "-", stdin="email,state\nleft@example.org,left\ngone@example.org,suppressed\n")
    with wiring.sessions() as session:
        assert session.scalars(select(Signup.email)).all() == ["other@example.org"]
    wiring.engine.dispose()


def test_an_import_names_what_is_wrong_line_by_line(env: dict[str, str]) -> None:
    text = (
        "\ufeffemail,lang,stages,minutes,consent_source,consent_at\n"
        "a@example.org,ja,5 6,90,the course,2026-03-05\n"
        "A@EXAMPLE.org,,,,,\n"
        "nobody,,,,,\n"
        "b@example.org,xx,9,,,\n"
        "c@example.org,,,,,yesterday\n"
        "d@example.org,,,,,\n"
    )
    ended = call(env, "import", "-", *CONSENT, stdin=text)
    assert ended.code == 3
    outcomes = [line.split("\t") for line in ended.lines]
    assert [outcome.partition(":")[0] for _, outcome in outcomes] == [
        *("added", "known", "invalid", "invalid", "invalid", "added")
    ]
    assert "lang:" in outcomes[3][1]
    assert "stages:" in outcomes[3][1]
    found = rows(env)
    first, last = found["a@example.org"], found["d@example.org"]
    assert (first.consent_source, f"{first.consent_at:%Y-%m-%d}", first.stages) == ("the course", "2026-03-05", [5, 6])
    assert (last.consent_source, last.consent_at) == ("a list on paper", DRAFT)
    assert first.created == DRAFT


@pytest.mark.parametrize(
    ("text", "said"),
    [("name\nx\n", "no column called email"), ("", "no column called email")],
)
def test_a_file_that_is_none_is_refused(env: dict[str, str], text: str, said: str) -> None:
    ended = call(env, "import", "-", *CONSENT, stdin=text)
    assert ended.code == 2
    assert said in ended.err


def test_a_file_that_cannot_be_read_is_named(env: dict[str, str], tmp_path: Path) -> None:
    latin = tmp_path / "latin.csv"
    latin.write_bytes(b"email\n\xe9@example.org\n")
    for file, said in ((tmp_path / "nowhere.csv", "cannot be read"), (latin, "not UTF-8")):
        ended = call(env, "import", str(file), *CONSENT)
        assert ended.code == 2
        assert said in ended.err


def test_without_a_word_of_consent_nobody_is_imported(env: dict[str, str]) -> None:
    ended = call(env, "import", "-", stdin="email\na@example.org\n")
    assert ended.code == 1
    assert "where this person agreed" in ended.out
    assert rows(env) == {}


def test_one_person_is_exported_whole(env: dict[str, str]) -> None:
    call(env, "add", "a@example.org", *CONSENT)
    data = json.loads(call(env, "export", "A@example.org").out)
    assert (data["email"], data["consent"]["source"], data["mails"]) == ("a@example.org", "a list on paper", [])
    assert call(env, "export", "nobody@example.org").code == 1
    assert call(env, "export", "--format", "xml").code == 2


def test_a_suppressed_address_is_added_by_nobody_until_it_is_lifted(env: dict[str, str]) -> None:
    assert call(env, "suppress", "a@example.org").out == "a@example.org\tsuppressed\n"
    assert call(env, "add", "a@example.org", *CONSENT).out == "a@example.org\tsuppressed\n"
    assert call(env, "suppress", "a@example.org", "--lift").out == "a@example.org\tlifted\n"
    assert call(env, "suppress", "a@example.org", "--lift").code == 1
    assert call(env, "add", "a@example.org", *CONSENT).out == "a@example.org\tadded\n"


def test_who_asked_for_no_mail_gets_none_when_that_is_lifted(env: dict[str, str]) -> None:
    call(env, "add", "a@example.org", *CONSENT)
    call(env, "suppress", "a@example.org", "--why", "asked by letter")
    assert call(env, "suppress", "a@example.org", "--lift").out == "a@example.org\tleft\n"


def test_erasing_takes_rows_and_files_of_one_person(env: dict[str, str]) -> None:
    call(env, "add", "a@example.org", "b@example.org", *CONSENT)
    mine = [letter(env, "1", "A@example.org"), letter(env, "2", "a@example.org")]
    others = [letter(env, "3", "b@example.org"), letter(env, "4", "aa@example.org")]
    ended = call(env, "erase", "a@example.org", "nobody@example.org")
    assert (ended.code, ended.out) == (3, "a@example.org\terased\nnobody@example.org\tunknown\n")
    assert list(rows(env)) == ["b@example.org"]
    assert [file.exists() for file in mine + others] == [False, False, True, True]
    wiring = bench(env)
    with wiring.sessions() as session:
        assert [one.reason for one in session.scalars(select(Suppression))] == ["erased"]
    wiring.engine.dispose()
    assert call(env, "suppress", "a@example.org", "--lift").code == 1
    assert call(env, "add", "a@example.org", *CONSENT).out == "a@example.org\tsuppressed\n"


def test_erasing_passes_over_a_mail_that_is_deleted_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / "there.eml"
    there.write_text("To: reader@example.org\n\n")
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: iter((folder / "gone.eml", there)))
    assert people.forget_files(tmp_path, "reader@example.org") == 1
    assert not there.exists()


def test_the_database_file_holds_no_address_of_somebody_erased(env: dict[str, str]) -> None:
    call(env, "add", "unmistakable@example.org", *CONSENT)
    call(env, "erase", "unmistakable@example.org")
    files = [file for file in Path(env["SHIRUBE_DATA_DIR"]).glob("shirube.db*") if file.is_file()]
    assert files
    assert not [file.name for file in files if b"unmistakable" in file.read_bytes()]


def test_the_daily_job_forgets_who_left_thirty_days_ago(mine: Store) -> None:
    env = mine.env
    call(env, "add", "a@example.org", *CONSENT)
    wiring = bench(env)
    with wiring.sessions.begin() as session:
        person = session.scalars(select(Subscriber)).one()
        keys = wiring.secret_keys()
        assert unsubscribe(session, keys, token(keys, "unsubscribe", person.id, person.created), lambda: DRAFT)
    wiring.engine.dispose()
    for days, left in ((29, ["a@example.org"]), (30, [])):
        later = Bench(load_settings(data_dir=mine.folder), lambda days=days: DRAFT + timedelta(days=days))  # type: ignore[misc]
        jobs.prune(later, Stopping())
        later.engine.dispose()
        assert list(rows(env)) == left


def test_a_key_may_be_followed_by_a_newer_one(env: dict[str, str]) -> None:
    folder = Path(env["SHIRUBE_DATA_DIR"])
    folder.mkdir()
    (folder / "secret.key").write_text("the old key\n\nthe new key\n")
    assert bench(env).secret_keys() == ["the old key", "the new key"]
    (folder / "secret.key").write_text("\n")
    assert run("subscribers", "add", "a@example.org", *CONSENT, env=env, now=CLOSED).code == 1


def test_readers_doubts_are_listed_without_their_names(mine: Store) -> None:
    assert run("feedback", env=mine.env).code == 0
    call(mine.env, "add", "a@example.org", *CONSENT)
    wiring = bench(mine.env)
    with wiring.sessions.begin() as session:
        item = session.scalars(select(Item).limit(1)).one()
        person = session.scalars(select(Subscriber)).one()
        feedback.add(session, person.id, item.id, "wrong-topic", "rag", DRAFT)
        feedback.add(session, person.id, item.id, "hide", "", DRAFT)
    wiring.engine.dispose()
    ended = run("feedback", env=mine.env)
    assert "wrong-topic" in ended.out
    assert item.id in ended.out
    assert "hide" not in ended.out
    assert "@" not in ended.out
