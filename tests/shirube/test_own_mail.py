"""`shirube send` scores the issue for whoever said something before a mail is queued, and prints by it."""

from pathlib import Path

import pytest
from sqlalchemy import select

from db import feedback
from db.models import Issue, Subscriber
from db.models_mail import Outbox
from db.models_readers import PersonalScore
from digest.service import read_digest
from tests.shirube.command import CLOSED
from tests.shirube.conftest import MONTH, Store
from tests.shirube.test_digest import state
from tests.shirube.test_send import MAIL, add, bench, letters, send


@pytest.fixture
def post(final: Store, tmp_path: Path) -> Store:
    """A store with a final issue, the settings of a sender, and two readers."""
    copy = final.copied(tmp_path / "post")
    copy.env.update(MAIL)
    add(copy, "a@example.org")
    add(copy, "b@example.org")
    return copy


def says(store: Store, verb: str, place: int) -> str:
    """Let the first reader say something of an entry of the issue's first stage that has three; gives its id."""
    wiring = bench(store)
    with wiring.sessions.begin() as session:
        stage = next(stage for stage in read_digest(session, MONTH).stages if len(stage.entries) > 2)
        item = stage.entries[place].id
        feedback.add(
            session, session.scalars(select(Subscriber.id).order_by(Subscriber.id)).first() or 0, item, verb, "", CLOSED
        )
    wiring.engine.dispose()
    return item


def scores(store: Store) -> list[tuple[int, str, bool]]:
    rows = state(store, select(PersonalScore.subscriber_id, PersonalScore.item_id, PersonalScore.hidden))
    return sorted((row[0], row[1], row[2]) for row in rows)


def test_what_a_reader_said_makes_their_mail_and_nobody_elses(post: Store) -> None:
    hidden, liked = says(post, "hide", 0), says(post, "more", 2)
    dry = send(post, "--dry-run")
    assert dry.code == 0
    assert scores(post) == []
    assert send(post).out == f"{MONTH}: 2 sent\n"
    found = scores(post)
    assert {person for person, _, _ in found} == {1}
    assert (1, hidden, True) in found
    assert (1, liked, False) in found
    own, other = (mail.get_body(("plain",)) for mail in letters(post))
    assert own is not None
    assert other is not None
    assert f"/papers/{hidden}?" not in own.get_content()
    assert f"/papers/{hidden}?" in other.get_content()
    assert "You: You marked it “More like this”" in own.get_content()
    assert "You:" not in other.get_content()
    sizes = [file.stat().st_size for file in (post.folder / "mail").glob("*.eml")]
    assert sorted(line.split("\t")[3] for line in dry.lines) == sorted(f"{size / 1000:.1f} kB" for size in sizes)


def test_a_mail_sent_again_is_made_of_the_same_scores(post: Store) -> None:
    says(post, "more", 1)
    send(post)
    before = scores(post)
    says(post, "less", 0)
    assert send(post, hours=1).out == f"{MONTH}: nothing was due\n"
    assert scores(post) == before


def test_a_refused_issue_is_not_scored(post: Store) -> None:
    says(post, "more", 1)
    wiring = bench(post)
    with wiring.sessions.begin() as session:
        session.get_one(Issue, MONTH).status = "draft"
    wiring.engine.dispose()
    assert send(post, MONTH).code == 1
    assert scores(post) == []
    assert state(post, select(Outbox.id)) == []
