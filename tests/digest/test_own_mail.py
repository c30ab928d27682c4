"""From what a reader chose and said, as rows, to their mail: another order, nothing seen before, both languages."""

from email.message import EmailMessage

import pytest
from sqlalchemy import select

from db import feedback, personal
from db.engine import Sessions, reading
from db.models import Subscriber
from digest.mailing import Mailer
from digest.press import Press
from digest.service import IssueOptions, add_subscribers, build_issue, preview
from digest.subscriptions import Subscription
from roadmap.model import Roadmap
from tests.digest.mail import MAILER, NOW, SENDER, Scripted, fill, send
from tests.digest.store import add_paper, close_windows, shortlist

MONTH = "2026-06"
OLD = "2604.00001"


def stock(sessions: Sessions, roadmap: Roadmap, *people: Subscription) -> list[int]:
    """Store a final issue of a stage that is full, four more on its shortlist, one paper elsewhere, and people."""
    with sessions.begin() as session:
        for number in range(12):
            add_paper(session, roadmap, f"2606.{10000 + number}", MONTH, worth=0.9 - number / 100)
        add_paper(session, roadmap, "2606.20000", MONTH, stage=7, labs=[("qwen", 0.9)])
        add_paper(session, roadmap, OLD, "2026-04")
        shortlist(session, MONTH)
        close_windows(session, MONTH)
        build_issue(session, MONTH, roadmap, lambda: NOW, IssueOptions())
        add_subscribers(session, MAILER.keys, people, "a list on paper", lambda: NOW)
        return list(session.scalars(select(Subscriber.id).order_by(Subscriber.id)))


def says(sessions: Sessions, person: int, item: str, verb: str) -> None:
    with sessions.begin() as session:
        feedback.add(session, person, item, verb, "", NOW)


def scored(sessions: Sessions, person: int, item: str, adjustment: float, verb: str = "more") -> None:
    earned = [{"item": OLD, "title": f"On the matter of {OLD}", "verb": verb}]
    row = {"subscriber_id": person, "month": MONTH, "item_id": item, "adjustment": adjustment, "hidden": False}
    with sessions.begin() as session:
        personal.replace(session, MONTH, [person], [{**row, "earned": earned}])


def mails(sessions: Sessions, roadmap: Roadmap) -> list[tuple[str, str, EmailMessage]]:
    """Send the issue and give (subject, text part, message) in the order of the readers."""
    fill(sessions)
    delivery = Scripted()
    send(sessions, delivery, render=Press(), mailer=Mailer(SENDER, MAILER.keys, roadmap=roadmap))
    found = [message for _, message in delivery.mails]
    return [(str(one["Subject"]), part(one, 0), one) for one in found]


def part(message: EmailMessage, number: int) -> str:
    payload = list(message.iter_parts())[number].get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n").replace("\n     ", " ")


def order(text: str) -> list[str]:
    """List the papers of stage 5 in the order the text part prints them."""
    stage = text.partition("Stage 5 of 8")[2].partition("The rest of the path")[0]
    found = [line.split("/papers/")[1].partition("?")[0] for line in stage.split("\n") if "/papers/2606" in line]
    return list(dict.fromkeys(found))


def printed(*numbers: int) -> list[str]:
    return [f"2606.{10000 + number}" for number in numbers]


def test_each_reader_gets_their_own_order_and_who_said_nothing_the_issues(sessions: Sessions, roadmap: Roadmap) -> None:
    people = [Subscription(f"r{n}@example.org", stages=(5,)) for n in range(3)]
    first, second, _ = stock(sessions, roadmap, *people)
    says(sessions, first, OLD, "more")
    scored(sessions, first, "2606.10010", 1.0)
    says(sessions, second, OLD, "less")
    scored(sessions, second, "2606.10000", -0.5, "less")
    raised, lowered, plain = mails(sessions, roadmap)
    assert order(plain[1]) == printed(*range(8))
    assert order(raised[1]) == printed(0, 1, 2, 10, 3, 4, 5, 6)
    assert order(lowered[1]) == printed(1, 2, 3, 0, 4, 5, 6, 7)
    why = "Close to On the matter of 2604.00001, which you marked “More like this”"
    assert why in " ".join(raised[1].split())
    assert "which you marked “Less like this”" in " ".join(lowered[1].split())
    assert "you marked" not in plain[1]
    assert "1 paper stands higher or lower for what you said" in " ".join(raised[1].split())
    for text, html in ((part(mail, 0), part(mail, 1)) for _, _, mail in (raised, lowered, plain)):
        stage = html.partition("stage by stage")[2]
        places = [stage.find(f"/papers/{id_}?") for id_ in order(text)[:4]]
        assert places == sorted(places)
        assert -1 not in places
    assert "On the matter of 2604.00001" in part(raised[2], 1)


def test_japanese_says_it_in_japanese(sessions: Sessions, roadmap: Roadmap) -> None:
    (reader,) = stock(sessions, roadmap, Subscription("r@example.org", lang="ja", stages=(5,)))
    says(sessions, reader, OLD, "more")
    scored(sessions, reader, "2606.10010", 1.0)
    ((_, text, mail),) = mails(sessions, roadmap)
    assert "「似た論文を増やす」を選んだ" in text.replace("\n", "")
    assert "「似た論文を増やす」を選んだ" in part(mail, 1)


def test_what_was_seen_or_hidden_since_the_scores_were_written_is_not_printed(
    sessions: Sessions, roadmap: Roadmap
) -> None:
    (reader,) = stock(sessions, roadmap, Subscription("r@example.org", stages=(5,)))
    fill(sessions)
    says(sessions, reader, "2606.10001", "seen")
    says(sessions, reader, "2606.10002", "hide")
    ((_, text, mail),) = mails(sessions, roadmap)
    assert order(text) == printed(0, 3, 4, 5, 6, 7, 8, 9)
    for gone in ("2606.10001", "2606.10002"):
        assert gone not in text
        assert gone not in part(mail, 1)


def test_an_answer_that_was_taken_back_moves_nothing(sessions: Sessions, roadmap: Roadmap) -> None:
    (reader,) = stock(sessions, roadmap, Subscription("r@example.org", stages=(5,)))
    says(sessions, reader, OLD, "more")
    says(sessions, reader, "2606.10011", "seen")
    scored(sessions, reader, "2606.10010", 1.0)
    with sessions.begin() as session:
        feedback.remove(session, reader, OLD, "more", "")
    ((_, text, _),) = mails(sessions, roadmap)
    assert order(text) == printed(*range(8))


@pytest.mark.parametrize(
    ("wanted", "subject", "says"),
    [
        ({"labs": ("qwen",)}, "June 2026: 1 paper or post from Qwen", "You chose labs: Qwen."),
        ({"labs": ("openai",)}, "June 2026: nothing seen from OpenAI", "Nothing was seen this month from OpenAI."),
        (
            {"stages": (7,), "minutes": 30},
            "June 2026: 1 paper for stage 7, 12 min",
            "You chose stage 7; 30 min a month.",
        ),
        ({"minutes": 30}, "June 2026: 2 papers for you, 24 min", "24 min of your 30 min"),
        ({}, "June 2026: 9 papers for you, 1 h 48 min", "You chose all stages."),
    ],
)
def test_a_mail_says_what_was_chosen(
    sessions: Sessions, roadmap: Roadmap, wanted: dict[str, object], subject: str, says: str
) -> None:
    person = Subscription("r@example.org", **wanted)  # type: ignore[arg-type]
    stock(sessions, roadmap, person)
    ((found, text, mail),) = mails(sessions, roadmap)
    assert found == subject
    assert says in text.replace("\n", " ")
    assert says in part(mail, 1).replace("&nbsp;", " ").replace("\xa0", " ").replace("\n", " ")


def test_topics_come_of_any_stage_and_silence_is_said(sessions: Sessions, roadmap: Roadmap) -> None:
    here, quiet = roadmap.topics_of(7)[0], roadmap.topics_of(2)[0]
    people = [
        Subscription("a@example.org", topics=(here.key, quiet.key)),
        Subscription("b@example.org", topics=(quiet.key,)),
    ]
    stock(sessions, roadmap, *people)
    (subject, text, _), (silent, nothing, _) = mails(sessions, roadmap)
    assert subject == f"June 2026: 1 paper on {here.name.en}, {quiet.name.en}, 12 min"
    flat = text.replace("\n", " ")
    assert f"Because you follow {here.name.en}." in flat
    assert f"Nothing passed the bar this month on {quiet.name.en}." in flat
    assert "/papers/2606.20000" in text
    assert "/papers/2606.10001" not in text
    assert silent == f"June 2026: nothing chosen on {quiet.name.en}"
    assert "Stage 5, Modern NLP and foundation models: 8 chosen" in nothing.replace("\n ", " ").replace("  ", " ")


def test_a_dry_run_makes_the_mail_that_is_sent(sessions: Sessions, roadmap: Roadmap) -> None:
    (reader,) = stock(sessions, roadmap, Subscription("r@example.org", stages=(5,)))
    says(sessions, reader, "2606.10000", "hide")
    mailer = Mailer(SENDER, MAILER.keys, roadmap=roadmap)
    with reading(sessions) as session:
        (dry,) = preview(session, MONTH, Press(), lambda: NOW, mailer)
    ((subject, _, mail),) = mails(sessions, roadmap)
    assert (dry.subject, dry.size) == (subject, len(mail.as_bytes()))
