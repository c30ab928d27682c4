"""The people who get the digest: how they come in, how they leave, the tokens they do it with."""

from datetime import timedelta

from sqlalchemy import select

from db.engine import Sessions
from db.models import Subscriber
from digest.service import add_subscribers, speaks_of, unsubscribe
from digest.subscriptions import Subscription, mask, read_token, token
from tests.digest.mail import MAILER, NOW


def test_one_person_is_added_once_however_they_are_written(sessions: Sessions) -> None:
    wanted = [
        Subscription("Reader@Example.org", stages=(5,), lang="ja"),
        Subscription(" reader@example.ORG "),
        Subscription("reader@例え.org"),
        Subscription("nobody"),
    ]
    with sessions.begin() as session:
        outcomes = add_subscribers(session, MAILER.keys, wanted, "import of 6 July", lambda: NOW)
        assert [outcome.partition(":")[0] for _, outcome in outcomes] == ["added", "known", "added", "invalid"]
        first, second = session.scalars(select(Subscriber).order_by(Subscriber.id))
        assert (first.email, first.email_key) == ("Reader@example.org", "reader@example.org")
        assert (first.lang, first.stages, first.state) == ("ja", [5], "active")
        assert (first.consent_source, first.consent_at) == ("import of 6 July", NOW)
        assert second.email == "reader@xn--r8jz45g.org"


def test_who_left_is_not_brought_back_by_an_import(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_subscribers(session, MAILER.keys, [Subscription("reader@example.org")], "form", lambda: NOW)
        person = session.scalars(select(Subscriber)).one()
        text = token(MAILER.keys, "unsubscribe", person.id, person.created)
        assert unsubscribe(session, MAILER.keys, text, lambda: NOW)
        assert unsubscribe(session, MAILER.keys, text, lambda: NOW)
        again = add_subscribers(session, MAILER.keys, [Subscription("READER@example.org")], "import", lambda: NOW)
        assert again == [("READER@example.org", "left")]
        assert person.state == "left"


def test_a_token_is_for_one_purpose_one_person_and_the_keys_it_was_signed_with(sessions: Sessions) -> None:
    text = token(["old"], "unsubscribe", 7, NOW)
    claim = read_token(["old", "new"], "unsubscribe", text)
    assert claim is not None
    assert (claim.subscriber_id, claim.created) == (7, int(NOW.timestamp()))
    for keys, purpose, wrong in [
        (["old"], "confirm", text),
        (["new"], "unsubscribe", text),
        (["old"], "unsubscribe", text[:-1]),
        (["old"], "unsubscribe", "x" * 10_000),
        (["old"], "unsubscribe", ""),
        (["old"], "unsubscribe", "é☃"),
    ]:
        assert read_token(keys, purpose, wrong) is None  # type: ignore[arg-type]
    with sessions.begin() as session:
        add_subscribers(session, MAILER.keys, [Subscription("reader@example.org")], "form", lambda: NOW)
        person = session.scalars(select(Subscriber)).one()
        earlier = token(["key"], "unsubscribe", person.id, person.created - timedelta(days=1))
        assert speaks_of(session, ["key"], "unsubscribe", earlier) is None
        assert unsubscribe(session, ["key"], earlier, lambda: NOW)  # of somebody who is gone: no mail goes to them
        assert person.state == "active"


def test_an_address_is_masked() -> None:
    assert mask("reader@example.org") == "r•••@example.org"
