"""What an issue tells is what its rows hold: days of reading, counts, months, and how much was chosen; in words."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from sqlalchemy import select

from core.scores import Reason
from db.engine import Sessions
from db.models import Rating, Window
from digest.compose import compose
from digest.coverage import Stored, WindowFact, coverage
from digest.formats import formats
from digest.formats.html import fragment
from digest.formats.json import from_json, to_json
from digest.links import Links
from digest.model import CodeRef, Digest
from digest.press import message_parts
from digest.sentences import code
from digest.service import digest_of
from digest.service.catching_up import catch_up
from digest.sheet import COLUMNS, columns, wrap
from digest.views import view
from digest.words import NBSP, voice
from roadmap.model import Roadmap
from tests.digest import sample
from tests.digest.store import OPTIONS, add_paper, add_window, at, build, ready
from tests.digest.test_compose import COVERAGE, facts, paper, place
from tests.shirube import golden

WORDS = ("html", "text", "markdown")


def told(digest: Digest, lang: str, name: str = "text") -> str:
    """Give the words of a format with single spaces."""
    return " ".join(formats()[name].render(digest, lang).replace(NBSP, " ").replace("\u2009", "").split())


def squeezed(text: str) -> str:
    """Leave out all spaces, since Japanese breaks its lines anywhere."""
    return "".join(text.split())


def voted(sessions: Sessions, day: str) -> None:
    """Let a paper of June have upvotes that were read on a day."""
    with sessions.begin() as session:
        rating = session.get_one(Rating, "2606.10000")
        readers = {"votes": 232, "place": 1, "of": 9, "date": day}
        rating.reasons = [*rating.reasons, {"kind": "readers", "facts": readers, "share": 0.1}]


@pytest.mark.parametrize(("now", "read"), [("2026-07-10", "2026-07-09"), ("2026-07-03", "2026-07-02")])
def test_upvotes_are_told_as_of_the_newest_day_of_an_entry_or_of_a_reading(
    sessions: Sessions, roadmap: Roadmap, now: str, read: str
) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        window = session.scalars(select(Window).where(Window.source == "hf")).one()
        window.checked_at = at(read)  # the counts are those of June 29
        window.closed_at = at("2026-06-29")
    voted(sessions, "2026-07-01")
    with sessions.begin() as session:
        digest = digest_of(build(session, "2026-06", roadmap, at(now)))
    final = digest.status == "final"
    assert final == (now == "2026-07-10")
    for name in WORDS:
        page = told(digest, "en", name)
        assert ("9 Jul 2026" if final else "1 Jul 2026") in page.partition("Upvotes are as of ")[2][:80], name
        assert "29 Jun 2026" not in page
        assert "Upvotes were last read" not in page
        japanese = squeezed(told(digest, "ja", name))
        assert f"2026年7月{9 if final else 1}日" in japanese.partition("票数は")[2][:80], name


def test_an_issue_frozen_before_tells_no_day_before_its_own_upvotes() -> None:
    old = sample.digest()
    rows = tuple(replace(s, last_read=datetime(2026, 10, 31, tzinfo=UTC)) for s in old.coverage.sources)
    digest = from_json(to_json(replace(old, coverage=replace(old.coverage, sources=rows))))
    assert "Upvotes are as of 4 Nov 2026." in told(digest, "en")
    assert "票数は2026年11月4日時点です。" in squeezed(told(digest, "ja"))


def test_a_draft_is_the_same_after_a_reading_that_changed_nothing(sessions: Sessions, roadmap: Roadmap) -> None:
    def bytes_of() -> str:
        with sessions.begin() as session:
            digest = digest_of(build(session, "2026-06", roadmap, at("2026-07-02")))
        return str(formats()["json"].render(digest, "en"))

    with sessions.begin() as session:
        ready(session, roadmap)
    before = bytes_of()
    with sessions.begin() as session:
        for window in session.scalars(select(Window)):
            window.checked_at = at("2026-07-09")
    assert bytes_of() == before


@pytest.mark.parametrize("now", ["2026-07-02", "2026-07-10"])
def test_offline_tells_when_the_sources_were_read_not_when_they_changed(
    sessions: Sessions, roadmap: Roadmap, now: str
) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        for window in session.scalars(select(Window)):
            window.closed_at = at("2026-06-29")
            window.checked_at = at("2026-07-09")
        session.flush()
        build(session, "2026-06", roadmap, at(now))
        digest = digest_of(build(session, "2026-06", roadmap, at(now), offline=True))
    assert "The sources were last read on 9 Jul 2026." in told(digest, "en")
    assert "2026年7月9日" in squeezed(told(digest, "ja"))


def test_the_recorded_month_is_no_reading_of_a_source(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        for window in session.scalars(select(Window)):
            session.delete(window)
        add_window(session, "recorded", "2026-06")
        digest = digest_of(build(session, "2026-06", roadmap, at("2026-07-02"), offline=True))
    assert "Made with --offline" in told(digest, "en")
    assert "last read" not in told(digest, "en")


def test_a_window_that_failed_since_was_read_when_it_closed() -> None:
    closed, later = at("2026-06-29"), at("2026-07-09")
    window = WindowFact(
        "hf", "daily", date(2026, 6, 1), date(2026, 6, 30), "closed", None, 9, 0, None, later, closed, False
    )
    for state, read in (("closed", later), ("stale", closed)):
        rows = [replace(window, state=state)]
        found = coverage("2026-06", rows, ("hf",), Stored(9, 9, 0), date(2026, 6, 30), exact=True)
        assert found.sources[0].last_read == read


def spring(sessions: Sessions, roadmap: Roadmap) -> Digest:
    """Store March (final), May with a late paper of March (final), and look at both together."""
    with sessions.begin() as session:
        ready(session, roadmap, "2026-03")
        build(session, "2026-03", roadmap, at("2026-04-06"))
        add_paper(session, roadmap, "2603.20000", "2026-03", worth=0.99, stage=7, seen=at("2026-05-09"))
        ready(session, roadmap, "2026-05")
        rating = session.get_one(Rating, "2603.10000")
        readers = {"votes": 40, "place": 22, "of": 90, "date": "2026-04-02"}
        rating.reasons = [{"kind": "readers", "facts": readers, "share": 0.1}]
        assert digest_of(build(session, "2026-05", roadmap, at("2026-06-06"))).coverage.late == 1
    with sessions() as session:
        return digest_of(catch_up(session, "2026-03", "2026-05", roadmap, lambda: at("2026-06-09"), OPTIONS))


def test_a_view_of_several_months_names_the_month_and_counts_no_late_papers(
    sessions: Sessions, roadmap: Roadmap
) -> None:
    digest = spring(sessions, roadmap)
    for name in WORDS:
        page, japanese = told(digest, "en", name), squeezed(told(digest, "ja", name))
        assert "Late, from closed months" not in page, name
        assert "this month" not in page, name
        assert "of the month" not in page, name
        assert "Nothing passed the bar in March–May 2026." in page, name
        assert "What may be missing" in page, name
        assert "今月" not in japanese, name
        assert "この月の論文" not in japanese, name
        assert "遅れて届いた" not in japanese, name
    assert "40 upvotes, 22nd of March 2026" in told(digest, "en", "html")
    assert "40票（2026年3月中22位）" in squeezed(told(digest, "ja", "html"))
    alone = sample.digest()
    assert "22nd" not in told(alone, "en")
    assert "Late, from closed months" in told(alone, "en")
    assert "243 upvotes, 3rd of the month" in told(alone, "en")


def test_two_topics_with_as_many_papers_are_not_told_apart(roadmap: Roadmap) -> None:
    one, other, few = list(roadmap.topics)[:3]
    said = "drew the most papers"
    tied = composed(roadmap, {one: 14, other: 14, few: 3})
    assert tied.topmost is None
    assert said not in told(tied, "en")
    ahead = composed(roadmap, {one: 14, other: 15, few: 3})
    assert said in told(ahead, "en")
    assert "37分野のうち" in squeezed(told(ahead, "ja")) or ahead.topmost is not None


def composed(roadmap: Roadmap, topics: dict[str, int] | None = None, late: int = 0) -> Digest:
    """Compose a month of two papers of stage 5 and some late ones, twelve minutes each."""
    chosen = [place(paper(f"2606.0000{n}", roadmap), n) for n in (1, 2)]
    arrived = tuple(paper(f"2605.0000{n}", roadmap, stage=7, month="2026-05") for n in range(late))
    return compose(chosen, roadmap, COVERAGE, facts(topics=topics or {}, late=arrived, late_total=late))


def test_the_time_to_read_what_was_chosen_leaves_late_papers_out(roadmap: Roadmap) -> None:
    digest = composed(roadmap, late=3)
    assert (digest.chosen, len(digest.late), digest.minutes) == (2, 3, 24)
    for name in WORDS:
        assert "24 min to read them all" in re.sub(r"<[^>]+>", "", told(digest, "en", name).replace("</dt><dd>", " "))
        assert "24分" in squeezed(re.sub(r"<[^>]+>", "", told(digest, "ja", name)))
    assert view(digest, minutes=60).minutes == 24  # and 36 of late ones
    assert view(digest, stages=[7]).minutes == 0


@pytest.mark.parametrize(("lang", "post"), [("en", "post"), ("ja", "記事")])
@pytest.mark.parametrize("name", WORDS)
def test_a_post_is_marked_wherever_it_stands(name: str, lang: str, post: str) -> None:
    digest = sample.digest()
    stage = digest.stages[4]
    title = "A Note That Is No Paper"
    for index in (0, len(stage.entries) - 1):  # in full, and as a line
        entry = replace(stage.entries[index], kind="post", title=title, id="qwen:note")
        rows = tuple(entry if n == index else one for n, one in enumerate(stage.entries))
        section = replace(stage, entries=rows)
        shown = told(replace(digest, stages=(section,), hour=(), labs=(), late=()), lang, name)
        tagged = {"html": f">{post}</span>"}.get(name, post)
        around = shown.partition('id="p-qwen')[2][:1200] if name == "html" else shown.partition(title)[2][:300]
        assert tagged in around, (name, index)


@pytest.mark.parametrize("width", range(24, COLUMNS + 1))
def test_a_japanese_date_or_duration_stays_on_its_line(width: int) -> None:
    words = (
        "数理基礎、10月2日、2026年11月8日と（10月12日）まで、12時間36分、243票。"
        "本文は2026年3月にて、その3日後の10月2日から"
    )
    lines = wrap(words, width)
    assert "".join(lines) == words
    for date_ in ("10月2日", "2026年11月8日", "10月12日", "12時間36分", "243票", "2026年3月"):
        assert any(date_ in line for line in lines), date_
    assert max(columns(line) for line in lines) <= width + 2


def test_no_date_of_a_japanese_issue_is_broken() -> None:
    lines = formats()["text"].render(sample.digest(), "ja").splitlines()
    broken = [
        pair for pair in pairwise(lines) if re.search(r"\d(?:[年月]|時間)$", pair[0]) and re.match(r" *\d", pair[1])
    ]
    assert broken == []


def test_a_mail_says_on_which_day_its_reader_agreed() -> None:
    mail = message_parts(sample.digest(), "en", golden.reader())
    japanese = message_parts(sample.digest(), "ja", golden.reader())
    for part in (mail.text, mail.html):
        words = " ".join(re.sub(r"<[^>]+>", "", part).replace("&nbsp;", " ").replace(NBSP, " ").split())
        assert "You get this because r•••@example.org agreed on 12 Mar 2026." in words
    assert "購読に同意された" in squeezed(japanese.text)


FIRST = replace(sample.WORK, key="warm", title="Warmth Before Routing", url="https://arxiv.org/abs/1901.00002")


@pytest.mark.parametrize(("lang", "words"), [("en", "Read first: "), ("ja", "先に読むもの：")])
def test_every_format_names_the_work_to_read_before_an_entry(lang: str, words: str) -> None:
    digest = sample.digest()
    rows = [
        replace(one, reasons=tuple(r for r in one.reasons if r.kind != "builds-on")) for one in digest.stages[4].entries
    ]
    one, *rest = (replace(entry, read_first=None) for entry in rows)
    for_one = replace(digest.stages[4], entries=(replace(one, read_first=FIRST), *rest))
    shown = replace(digest, stages=(for_one,), hour=())
    said = squeezed(f"{words}{FIRST.title}")
    named = replace(one, read_first=FIRST, reasons=(*one.reasons, Reason("builds-on", {"work": "warm"})))
    again = replace(shown, stages=(replace(for_one, entries=(named, *rest)),))
    for digest_, count in ((shown, 1), (again, 0)):
        mail = message_parts(digest_, lang, golden.reader())
        written = {name: formats()[name].render(digest_, lang) for name in WORDS}
        written |= {"mail.html": mail.html, "mail.txt": mail.text}
        for name, text in written.items():
            plain = re.sub(r"<[^>]*>|[\[*]", "", text).replace(NBSP, " ")
            assert squeezed(plain).count(said) == count, name


def test_the_code_of_an_entry_is_told_with_its_owner_and_its_stars() -> None:
    checked = date(2026, 11, 4)
    cases = {
        ("https://github.com/example/regret", True, 1870): (
            "official, example, 1,870 stars",
            "公式、example、スター1,870",
        ),
        ("https://huggingface.co/moorhen/heron", None, None): ("moorhen", "moorhen"),
        ("https://heron.example/code", True, None): ("official", "公式"),
        ("https://github.com/%3Cb%3E/x", True, None): ("official", "公式"),
    }
    for (url, official, stars), (english, japanese) in cases.items():
        ref = CodeRef(url, official, stars, checked)
        assert str(code(voice("en"), ref)).replace(NBSP, " ") == english
        assert squeezed(str(code(voice("ja"), ref))) == squeezed(japanese)


@pytest.mark.parametrize(
    ("lang", "more", "less"), [("en", "More like this", "Less"), ("ja", "似た論文を増やす", "減らす")]
)
def test_only_a_signed_mail_asks_what_a_reader_says_of_a_paper(lang: str, more: str, less: str) -> None:
    class Signed(Links):
        feedback = "https://shirube.example/s/TOKEN/feedback"

    assert "<form" not in fragment(sample.digest(), lang, Signed())
    mail = message_parts(sample.digest(), lang, golden.reader())
    verbs = Counter(re.findall(r"verb=([a-z-]+)", mail.html))
    assert set(verbs) == {"more", "less"}
    assert verbs["more"] == verbs["less"] == mail.html.count(f">{more}</a>") == mail.html.count(f">{less}</a>") > 0
    assert Counter(re.findall(r"verb=([a-z-]+)", mail.text)) == verbs
