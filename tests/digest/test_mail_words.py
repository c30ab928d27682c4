"""What a mail says of itself: subject, preheader, opening and both parts agree with what is printed, in words."""

import re
from dataclasses import replace
from html import unescape

import pytest

from core.scores import Reason
from digest.formats.email import MailParts
from digest.model import Digest
from digest.own import NO_BENCH, Moved, Own
from digest.press import message_parts
from digest.selection import select
from digest.words import NBSP, Line, Part, voice
from locales.load import LANGUAGES
from tests.digest import sample
from tests.digest.test_press import crowded, reader

BEST = {"en": "the best of all stages", "ja": "全段階から価値の高いものを"}
FULL = {"en": ("stage 5 in full", "all stages in full"), "ja": ("第5段階をすべて", "全段階をすべて")}
MORE = {
    "en": "%s more are in the browser: a mail holds only so much.",
    "ja": "一通には載せきれないため、ほか%s本はブラウザーでお読みください。",
}
SUBJECT = {"en": "October 2026: %s papers for you, %s", "ja": "2026年10月号：あなたへの%s本、%s"}


def words(part: str) -> str:
    """Give the words of a part without marks or spaces, so that its lines may break anywhere."""
    bare = re.sub(r"<style>.*?</style>|<[^>]*>", "", part, flags=re.S)
    return re.sub(r"\s+", "", unescape(bare).replace(NBSP, " "))


def both(parts: MailParts) -> list[str]:
    return [words(parts.html), words(parts.text)]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text.replace(NBSP, " "))


def minutes_of(digest: Digest, ids: set[str]) -> int:
    return sum(entry.minutes for stage in digest.stages for entry in stage.entries if entry.id in ids)


def printed(parts: MailParts, digest: Digest) -> set[str]:
    """Find the entries that the stages of a mail print, by the line of their number in the text part."""
    numbers = set(re.findall(r"^([1-8]\.\d) ", parts.text, flags=re.M))
    return {entry.id for stage in digest.stages for entry in stage.entries if entry.number in numbers}


@pytest.mark.parametrize("lang", list(SUBJECT))
def test_a_mail_that_was_cut_counts_what_it_prints(lang: str) -> None:
    digest = crowded()
    parts = message_parts(digest, lang, reader())
    shown = printed(parts, digest)
    count, time = len(shown), voice(lang).duration(minutes_of(digest, shown))
    assert 0 < count < digest.chosen
    assert parts.subject == SUBJECT[lang] % (count, time.replace(NBSP, " "))
    for part in both(parts):
        assert squeezed(BEST[lang]) in part
        assert squeezed(MORE[lang] % (digest.chosen - count)) in part
        assert squeezed(time) in part
        assert not any(squeezed(full) in part for full in FULL[lang])
        assert squeezed("1, 2, 3, 4, 5") not in part
    assert any(digest.stages[n].entries[0].title in parts.preheader for n in range(8) if digest.stages[n].entries)


@pytest.mark.parametrize("lang", list(SUBJECT))
def test_a_mail_that_holds_all_of_a_stage_says_so(lang: str) -> None:
    parts = message_parts(sample.digest(), lang, reader(5))
    every = message_parts(slight(), lang, reader())
    assert all(squeezed(FULL[lang][0]) in part for part in both(parts))
    assert all(squeezed(FULL[lang][1]) in part for part in both(every))
    assert not any(squeezed((MORE[lang] % 0)[-8:]) in part for part in both(parts) + both(every))


def slight() -> Digest:
    """An issue that a mail holds whole."""
    made = sample.digest()
    stages = tuple(replace(s, entries=s.entries[:2], left_out=()) for s in made.stages)
    return replace(made, stages=stages, chosen=sum(len(s.entries) for s in stages))


@pytest.mark.parametrize(("lang", "said"), [("en", "You chose all stages."), ("ja", "お選びの内容：全段階。")])
def test_all_stages_are_never_listed(lang: str, said: str) -> None:
    for one in (reader(), reader(*range(1, 9))):
        for part in both(message_parts(slight(), lang, one)):
            assert squeezed(said) in part
            assert squeezed("1, 2, 3") not in part
            assert "1、2、3" not in part


@pytest.mark.parametrize("lang", list(SUBJECT))
def test_a_cut_that_leaves_nothing_does_not_say_that_nothing_was_chosen(lang: str) -> None:
    made = sample.digest()
    stages = tuple(replace(s, entries=tuple(replace(e, title="長" * 40_000) for e in s.entries)) for s in made.stages)
    parts = message_parts(replace(made, stages=stages, hour=()), lang, reader(5))
    assert printed(parts, made) == set()
    assert parts.subject == {"en": "October 2026: Shirube", "ja": "2026年10月号｜道標"}[lang]
    assert all(squeezed(MORE[lang] % 8) in part for part in both(parts))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_work_that_takes_more_than_half_of_the_time_is_not_to_be_read_first(lang: str) -> None:
    for minutes, there in ((30, False), (60, False), (90, True)):
        for part in both(message_parts(sample.digest(), lang, reader(5, minutes=minutes))):
            assert (squeezed(sample.WORK.why.in_(lang)) in part) == there, minutes


@pytest.mark.parametrize(
    ("lang", "because", "others"),
    [
        ("en", "Because you follow Qwen.", "7 others of this stage in the browser"),
        ("ja", "お選びのQwenに関するもの。", "この段階のほかの7本はブラウザーで読めます"),
    ],
)
def test_the_rest_of_a_stage_not_chosen_is_not_said_to_be_of_the_lab(lang: str, because: str, others: str) -> None:
    parts = message_parts(sample.digest(), lang, reader(labs=("qwen",)))
    for part in both(parts):
        assert squeezed(because) in part
        assert squeezed(others) in part
        assert "7morein" not in part
        assert "。ほか7本" not in part


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "stage 5 in full; what was chosen on Linear algebra; what came from OpenAI and Qwen,"),
        ("ja", "第5段階をすべて、線形代数について選ばれたもの、OpenAI、Qwenから出たもの、合計"),
    ],
)
def test_wishes_of_every_kind_are_one_list(lang: str, said: str) -> None:
    one = reader(5, topics=("algebra",), labs=("openai", "qwen"))
    assert all(squeezed(said) in part for part in both(message_parts(slight(), lang, one)))


def test_what_a_lab_has_beyond_the_mail_is_counted_and_linked() -> None:
    parts = message_parts(sample.digest(), "en", reader(labs=("qwen",)))
    for part in (parts.html, parts.text):
        assert "https://shirube.example/labs/qwen?lang=en" in part
        assert re.search(r"4[\u00a0 ]more in the browser", part), "six seen, two of them named"


def of_one_lab(count: int) -> Digest:
    """An issue of which `count` posts of Qwen are all of the lab, none printed in a stage."""
    made = sample.digest()
    line = next(line for lab in made.labs for line in lab.lines if line.number is None)
    lines = tuple(replace(line, id=f"qwen:{n}") for n in range(count))
    labs = tuple(replace(lab, count=count, lines=lines) if lab.key == "qwen" else lab for lab in made.labs)
    bare = tuple(replace(s, entries=tuple(replace(e, labs=()) for e in s.entries)) for s in made.stages)
    return replace(made, labs=labs, stages=bare, late=())


@pytest.mark.parametrize(
    ("lang", "holds", "unsaid"),
    [("en", "For you: what came from Qwen.", "0 min"), ("ja", "Qwenから出たもの。", "0分")],
)
def test_a_mail_that_prints_no_entry_names_no_time(lang: str, holds: str, unsaid: str) -> None:
    for part in both(message_parts(of_one_lab(2), lang, reader(labs=("qwen",), minutes=90))):
        assert squeezed(holds) in part
        assert not re.search(rf"(?<!\d){squeezed(unsaid)}", part)


@pytest.mark.parametrize(
    ("lang", "subject", "said"),
    [
        ("en", "October 2026: nothing new from Qwen", "All that came from Qwen you have read or hidden."),
        ("ja", "2026年10月号：Qwenからの新しいものはありません", "Qwenからのものは、すべて既読か非表示です。"),
    ],
)
def test_what_a_reader_hid_of_a_lab_is_not_promised(lang: str, subject: str, said: str) -> None:
    own = Own(hidden=frozenset({"qwen:0"}), seen=frozenset({"qwen:1"}))
    parts = message_parts(of_one_lab(2), lang, reader(labs=("qwen",), own=own))
    assert parts.subject == subject
    for part in both(parts):
        assert squeezed(said) in part
        assert squeezed({"en": "more in the browser", "ja": "ほか"}[lang]) not in part.partition("Qwen")[2][:200]
        assert squeezed({"en": "Nothing was seen this month from", "ja": "何も見つかりませんでした"}[lang]) not in part
    one_left = message_parts(of_one_lab(2), lang, reader(labs=("qwen",), own=Own(hidden=frozenset({"qwen:0"}))))
    assert {"en": "1 paper or post from Qwen", "ja": "Qwenの論文と記事1件"}[lang] in one_left.subject


@pytest.mark.parametrize("lang", list(SUBJECT))
def test_a_withdrawn_paper_leads_no_mail(lang: str) -> None:
    made = sample.digest()
    first = made.stages[0].entries[0].id
    gone = {first, *made.hour[:1]}
    stages = tuple(
        replace(s, entries=tuple(replace(e, withdrawn=e.id in gone) for e in s.entries)) for s in made.stages
    )
    issue = replace(made, stages=stages)
    parts = message_parts(issue, lang, reader())
    assert made.stages[0].entries[0].title not in parts.preheader
    assert made.stages[0].entries[1].title in parts.preheader
    chosen = select(issue, NO_BENCH, reader().wishes, Own())
    assert made.hour[0] not in chosen.digest.hour
    assert len(chosen.digest.hour) == len(made.hour) - 1


@pytest.mark.parametrize(("lang", "said"), [("en", "Close to: A Closer Look,"), ("ja", "近い文献：A Closer Look")])
def test_a_paper_of_the_shortlists_names_its_closest_work_by_title(lang: str, said: str) -> None:
    work = replace(sample.WORK, key="closer-look", title="A Closer Look")
    reason = Reason("builds-on", {"work": work.key})
    spare = replace(sample.entry(1, 20), number="1+", read_first=work, reasons=(reason,), code=())
    parts = message_parts(sample.digest(), lang, reader(topics=("algebra",)), {1: (spare,)})
    for part in both(parts):
        assert squeezed(said) in part
        assert "closer-look" not in part


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_work_that_left_the_reading_list_is_no_reason(lang: str) -> None:
    gone = (Reason("topic", {"topic": "algebra"}), Reason("builds-on", {"work": "rag-survey"}))
    spare = replace(sample.entry(1, 20), number="1+", read_first=None, reasons=gone)
    parts = message_parts(sample.digest(), lang, reader(topics=("algebra",)), {1: (spare,)})
    assert all(spare.id in part for part in (parts.html, parts.text))
    assert not any("rag-survey" in part for part in (parts.html, parts.text))


PASSED = {"en": "Nothing passed the bar this month on", "ja": "基準を満たすものがありませんでした。"}
READ = {
    "en": "All that was chosen on Linear algebra you have read or hidden.",
    "ja": "線形代数について選ばれたものは、すべて既読か非表示です。",
}


@pytest.mark.parametrize(
    ("lang", "subject"),
    [("en", "October 2026: nothing new on Linear algebra"), ("ja", "2026年10月号：線形代数に新しいものはありません")],
)
def test_a_topic_that_was_read_is_not_said_to_be_empty(lang: str, subject: str) -> None:
    all_of_it = [entry.id for entry in sample.digest().stages[0].entries]
    own = Own(seen=frozenset(all_of_it[:2]), hidden=frozenset(all_of_it[2:]))
    parts = message_parts(sample.digest(), lang, reader(topics=("algebra",), own=own))
    assert parts.subject == subject
    for part in both(parts):
        assert squeezed(READ[lang]) in part
        assert squeezed(PASSED[lang]) not in part


@pytest.mark.parametrize("lang", list(SUBJECT))
def test_a_topic_of_which_nothing_passed_is_said_to_be_empty(lang: str) -> None:
    made = sample.digest()
    stages = (replace(made.stages[0], entries=()), *made.stages[1:])
    own = Own(seen=frozenset({"2610.50001"}))
    for one in (reader(topics=("algebra",)), reader(topics=("algebra",), own=own)):
        for part in both(message_parts(replace(made, stages=stages), lang, one)):
            assert squeezed(PASSED[lang]) in part
            assert squeezed(READ[lang]) not in part


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "October 2026: nothing new for you"), ("ja", "新しいものはありません")]
)
def test_a_stage_that_was_read_is_not_said_to_have_chosen_nothing(lang: str, said: str) -> None:
    own = Own(seen=frozenset(entry.id for entry in sample.digest().stages[4].entries))
    assert said in message_parts(sample.digest(), lang, reader(5, own=own)).subject


def test_a_paper_of_a_chosen_topic_that_was_moved_down_still_comes() -> None:
    moved = sample.entry(1, 2)
    rivals = tuple(replace(sample.entry(1, n), number="1+", topics=sample.entry(5, 1).topics) for n in (20, 21, 22))
    own = Own(moved={moved.id: Moved(-1.0, (("2609.1", "Another", "less"),))})
    parts = message_parts(sample.digest(), "en", reader(topics=("algebra",), own=own), {1: rivals})
    assert moved.id in parts.text


def test_a_mail_says_dates_and_figures_without_elements_of_the_web() -> None:
    v = voice("en")
    line = Line((Part("23 Jun", kind="time", when="2026-06-23"), Part("2606.24597", kind="n"), v.bold("5")))
    assert line.mail() == "23 Jun2606.24597<b>5</b>"
    assert line.__html__() == '<time datetime="2026-06-23">23 Jun</time><span class="n">2606.24597</span><b>5</b>'
    linked = Part("23 Jun", kind="time", when="2026-06-23", href="https://example.org/", lang="en")
    assert Line((linked,)).mail() == '<a href="https://example.org/" lang="en">23 Jun</a>'
