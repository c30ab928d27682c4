"""Errata of final issues: what was printed and withdrawn since is noted once, said first, and nothing else changes."""

import re
import threading
from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy import Engine, Text, cast, select
from sqlalchemy.orm import Session

from core.record import PaperRecord
from core.text import text_hash
from db.engine import Sessions
from db.models import Issue, IssueItem, Item
from digest.errata import LONGEST_DETAIL, Row, Standing, corrected, corrections, ids_in, mentions, withdrawn
from digest.formats import email, formats
from digest.formats.json import to_json
from digest.model import Digest, LeftOut
from digest.press import message_parts
from digest.service import digest_of, note_errata, read_digest
from digest.views import view
from ingest.service import store
from roadmap.model import Roadmap
from tests.digest import sample
from tests.digest.store import add_paper, at, build, ready, shortlist
from tests.digest.test_formats import Page
from tests.digest.test_issue import counting

PAPER = "2606.10001"
DAY = date(2026, 8, 7)
NOTE = "This paper has been withdrawn due to an error in Lemma 3"


def tell(session: Session, version: int, *, gone: bool, now: datetime, comment: str | None = None) -> None:
    """Let arXiv tell of a version of the paper, withdrawn or not, as a pull would store it."""
    record = PaperRecord(
        "arxiv", PAPER, "paper", f"On the matter of {PAPER}", now, arxiv_id=PAPER, version=version, withdrawn=gone,
        abstract=NOTE if gone else "An invented abstract.", comment=comment,
    )  # fmt: skip
    store(session, [record], now)


def printed(sessions: Sessions, roadmap: Roadmap) -> None:
    """Print and close June."""
    with sessions.begin() as session:
        ready(session, roadmap)
        assert build(session, "2026-06", roadmap, at("2026-07-06")).status == "final"


def frozen(sessions: Sessions) -> str:
    """Name the content of June's issue by its bytes and what they were made from."""
    columns = (cast(Issue.digest, Text), Issue.inputs_hash, Issue.made_at, Issue.published_at, Issue.status)
    with sessions() as session:
        return text_hash(repr(tuple(session.execute(select(*columns).where(Issue.month == "2026-06")).one())))


def note(sessions: Sessions, day: str) -> dict[str, list[Row]]:
    with sessions.begin() as session:
        return note_errata(session, at(day))


def shown(sessions: Sessions) -> Digest:
    with sessions() as session:
        return read_digest(session, "2026-06")


def test_a_withdrawal_is_noted_once_and_the_content_stays(sessions: Sessions, roadmap: Roadmap) -> None:
    printed(sessions, roadmap)
    before = frozen(sessions)
    assert note(sessions, "2026-07-07") == {}
    with sessions.begin() as session:
        tell(session, 2, gone=True, now=at("2026-07-10"), comment=NOTE)
    rows = note(sessions, "2026-07-11")
    assert rows == {"2026-06": [{"date": "2026-07-11", "item_id": PAPER, "kind": "withdrawn", "detail": NOTE}]}
    assert note(sessions, "2026-07-12") == {}
    assert frozen(sessions) == before
    digest = shown(sessions)
    assert [banner.kind for banner in digest.banners] == ["erratum"]
    assert [entry.id for entry in digest.entries.values() if entry.withdrawn] == [PAPER]


def test_a_withdrawal_taken_back_is_noted_too(sessions: Sessions, roadmap: Roadmap) -> None:
    printed(sessions, roadmap)
    for version, gone in ((2, True), (3, False), (4, True)):
        day = f"2026-07-{10 + version}"
        with sessions.begin() as session:
            tell(session, version, gone=gone, now=at(day))
        for _ in range(2):
            note(sessions, day)
    with sessions() as session:
        kinds = [(row["date"], row["kind"]) for row in session.get_one(Issue, "2026-06").erratum]
    assert kinds == [("2026-07-12", "withdrawn"), ("2026-07-13", "restored"), ("2026-07-14", "withdrawn")]
    assert shown(sessions).entries[PAPER].withdrawn


def test_two_processes_at_once_note_it_once(sessions: Sessions, roadmap: Roadmap) -> None:
    printed(sessions, roadmap)
    with sessions.begin() as session:
        session.get_one(Item, PAPER).withdrawn = True
    noted: list[dict[str, list[Row]]] = []
    threads = [threading.Thread(target=lambda: noted.append(note(sessions, "2026-07-11"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, noted)) == [0, 0, 0, 1]
    with sessions() as session:
        assert len(session.get_one(Issue, "2026-06").erratum) == 1


def test_only_final_issues_that_printed_it_have_an_erratum(sessions: Sessions, roadmap: Roadmap) -> None:
    printed(sessions, roadmap)
    with sessions.begin() as session:
        add_paper(session, roadmap, "2606.20000", "2026-06", worth=0.1, withdrawn=True)
        ready(session, roadmap, "2026-07")
        build(session, "2026-07", roadmap, at("2026-07-20"))
        for item_id in ("2607.10000", PAPER):
            session.get_one(Item, item_id).withdrawn = True
    assert list(note(sessions, "2026-07-21")) == ["2026-06"]
    with sessions.begin() as session:
        july = build(session, "2026-07", roadmap, at("2026-08-06"))
        assert (july.status, july.erratum) == ("final", [])
        assert "2607.10000" not in digest_of(july).entries
        assert session.get_one(IssueItem, "2607.10000").printed is False
    assert note(sessions, "2026-08-07") == {}


def test_what_is_withdrawn_is_in_no_new_issue(sessions: Sessions, roadmap: Roadmap) -> None:
    lab = next(iter(roadmap.labs))
    with sessions.begin() as session:
        ready(session, roadmap)
        add_paper(session, roadmap, "2606.20000", "2026-06", worth=0.99, votes=300, withdrawn=True, labs=[(lab, 0.9)])
        shortlist(session, "2026-06")  # ranked before the withdrawal was known
        draft = digest_of(build(session, "2026-06", roadmap, at("2026-06-20")))
    assert "2606.20000" not in draft.entries
    assert [line.id for section in draft.labs for line in section.lines] == []
    assert [row.reason for stage in draft.stages for row in stage.left_out] == ["withdrawn"]


def test_noting_costs_the_same_number_of_queries_for_few_and_many(sqlite_sessions: Sessions, roadmap: Roadmap) -> None:
    counts = []
    for month, day in (("2026-05", "2026-06-06"), ("2026-06", "2026-07-06"), ("2026-07", "2026-08-06")):
        with sqlite_sessions.begin() as session:
            ready(session, roadmap, month, papers=8)
            assert build(session, month, roadmap, at(day)).status == "final"
        with sqlite_sessions.begin() as session:
            engine = session.get_bind()
            assert isinstance(engine, Engine)
            with counting(engine) as statements:
                note_errata(session, at(day))
        counts.append(len(statements))
    assert counts == [counts[0]] * 3


# -- the pure part ---------------------------------------------------------------------------------------------------


def standing(*ids: str, gone: bool = True, comment: str | None = None) -> dict[str, Standing]:
    return {item_id: Standing(gone, comment) for item_id in ids}


def test_every_heading_counts() -> None:
    digest = sample.digest()
    found = mentions(digest)
    assert {mention.section for mention in found.values()} >= {"stage", "late", "labs", "left-out", "read-first"}
    rows = corrections(digest, [], standing(*found), DAY)
    (printed_as_withdrawn,) = withdrawn(digest, [])
    assert {row["item_id"] for row in rows} == set(found) - {printed_as_withdrawn}
    assert corrections(digest, rows, standing(*found), DAY) == []
    back = corrections(digest, rows, standing(*found, gone=False), DAY)
    assert {row["kind"] for row in back} == {"restored"}
    assert withdrawn(digest, rows + back) == frozenset()


def test_the_stored_json_gives_every_id_without_being_read() -> None:
    digest = sample.digest()
    assert ids_in(to_json(digest)) == set(mentions(digest))


def test_what_the_issue_said_itself_is_no_erratum() -> None:
    stage = sample.digest().stages[0]
    left = LeftOut("2610.59999", "Taken Back", "https://arxiv.org/abs/2610.59999", 40, "withdrawn")
    digest = sample.digest(stages=(replace(stage, left_out=(left,)), *sample.digest().stages[1:]))
    assert corrections(digest, [], standing("2610.59999"), DAY) == []


def test_an_item_nobody_knows_any_more_stays_as_it_was_said() -> None:
    digest = sample.digest()
    item_id = digest.stages[4].entries[0].id
    rows = corrections(digest, [], standing(item_id), DAY)
    assert corrections(digest, rows, {}, DAY) == []


@pytest.mark.parametrize(
    ("comment", "detail"), [(None, ""), ("12 pages", ""), (NOTE, NOTE), (f"{NOTE} {'and more ' * 90}", "…")]
)
def test_the_detail_is_arxivs_note_on_it(comment: str | None, detail: str) -> None:
    digest = sample.digest()
    item_id = digest.stages[4].entries[0].id
    (row,) = corrections(digest, [], standing(item_id, comment=comment), DAY)
    assert row["detail"] == detail or (row["detail"].endswith("…") and len(row["detail"]) <= LONGEST_DETAIL)


def test_an_issue_without_errata_is_shown_as_it_is() -> None:
    digest = sample.digest()
    assert corrected(digest, []) is digest


SAID = {
    "en": ("Erratum, 7 Aug 2026.", "was withdrawn after this issue was closed", "Late arrivals", "From the labs",
           "Left out, and why", "Read this first", "arXiv’s note:", "is no longer withdrawn"),
    "ja": ("訂正（2026年8月7日）。", "この号の確定後に取り下げられました", "遅れて届いたもの", "研究所から",
           "載せなかったものと理由", "先に読むもの", "arXivの注記：", "の取り下げは取り消されました"),
}  # fmt: skip


@pytest.mark.parametrize("form", sorted(set(formats()) - {"json"}))
@pytest.mark.parametrize("lang", SAID)
def test_every_format_names_paper_heading_and_day(form: str, lang: str) -> None:
    digest = sample.digest()
    found = mentions(digest)
    rows = corrections(digest, [], standing(*found, comment=NOTE), DAY)
    back = corrections(digest, rows, standing(digest.hour[0], gone=False), DAY)
    written = formats()[form].render(corrected(digest, rows + back), lang)
    shown = flat(Page(written).text if form == "html" else written)
    assert [words for words in SAID[lang] if flat(words) not in shown] == []


def test_a_narrowed_view_and_json_still_name_it() -> None:
    digest = sample.digest()
    entry = digest.stages[4].entries[1]
    rows = corrections(digest, [], standing(entry.id), DAY)
    whole = corrected(digest, rows)
    only = flat(formats()["text"].render(view(whole, [3]), "en"))
    assert flat(f"5.2 {entry.title} (Stage 5) was withdrawn") in only
    facts = formats()["json"].to_json(whole)["banners"][0]["facts"]
    assert facts == {**rows[0], "title": entry.title, "section": "stage", "number": "5.2", "stage": 5}


@pytest.mark.parametrize("lang", SAID)
def test_a_mail_names_it_in_both_parts(lang: str) -> None:
    digest = sample.digest()
    rows = corrections(digest, [], standing(digest.hour[0]), DAY)
    parts = message_parts(corrected(digest, rows), lang, sample_reader())
    for part in (Page(parts.html).text, parts.text):
        assert flat(SAID[lang][0]) in flat(part)
        assert flat(SAID[lang][1]) in flat(part)


def flat(text: str) -> str:
    """Drop what a format puts between words: breaks, blanks and the marks of Markdown."""
    return re.sub(r"[\s\\*>]", "", text)


def sample_reader() -> email.Reader:
    return email.Reader(
        stages=(5,), here=5, base_url="https://digest.example.org", preferences_url=None,
        unsubscribe_url="https://digest.example.org/s/t/unsubscribe", address="a…@example.org",
        confirmed=date(2026, 5, 1), feedback_url=None, minutes=None,
    )  # fmt: skip
