"""Mails printed one after the other: each is as if it were the only one, fits, and holds nothing of another reader."""

import re
import time
from dataclasses import replace
from datetime import date
from email import message_from_bytes, policy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest import press as module
from digest.cuts import STEPS, Cut, poorer, richest, shares
from digest.delivery.message import build_message
from digest.encoding import encoded, size
from digest.formats.email import Reader
from digest.model import Digest
from digest.own import Moved, Own
from digest.pieces import styled
from digest.press import KINDS, Press, fits, message_parts
from digest.words import voice
from locales.load import LANGUAGES
from tests.digest import sample
from tests.digest.mail import NOW, SENDER

OTHER = "https://shirube.example"
READERS = st.builds(
    Reader,
    stages=st.sets(st.integers(1, 8), max_size=3).map(lambda found: tuple(sorted(found))),
    here=st.sampled_from([None, 5]),
    base_url=st.just(OTHER),
    preferences_url=st.sampled_from([None, f"{OTHER}/s/p/preferences"]),
    unsubscribe_url=st.text("abc-_.&\"'", min_size=1, max_size=90).map(lambda word: f"{OTHER}/s/{word}/unsubscribe"),
    address=st.text("aé•&'\"\u00a0<", max_size=60).map(lambda word: f"{word}@example.org"),
    confirmed=st.none() | st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    feedback_url=st.sampled_from([None, f"{OTHER}/s/f/feedback", f"{OTHER}/s/{'f' * 90}/feedback"]),
    minutes=st.sampled_from([None, 30, 240]),
    topics=st.sampled_from([(), (), ("moe",), ("trees", "video")]),
    labs=st.sampled_from([(), (), ("qwen",)]),
    own=st.sampled_from(
        [
            Own(),
            Own(),
            Own(seen=frozenset({"2610.50001", "2610.70001"})),
            Own(
                hidden=frozenset({"2610.50002"}),
                moved={
                    "2610.50004": Moved(-0.6, (("2609.00001", sample.HOSTILE, "less"),)),
                    "2610.50020": Moved(0.9, (("2609.00002", "Of a Reader Alone", "more"),)),
                },
            ),
        ]
    ),
)
BENCH = {5: tuple(replace(sample.entry(5, place), number="5+") for place in (20, 21, 22))}


def reader(*stages: int, **more: Any) -> Reader:
    """Somebody with every link a mail may hold, each as long as real ones."""
    signed = "W1sxMjM0NTYsMTc4MzMzMDgwMF0.Zm9yIHRoaXMgdGVzdCBvbmx5LCBubyBzaWduYXR1cmUgYXQgYWxsIGhlcmU"
    return Reader(
        stages=stages,
        here=stages[-1] if stages else None,
        base_url=OTHER,
        preferences_url=f"{OTHER}/s/{signed}/preferences",
        unsubscribe_url=f"{OTHER}/s/{signed}/unsubscribe",
        address="r•••@a-rather-long-name-of-a-host.example.org",
        confirmed=date(2026, 3, 4),
        feedback_url=f"{OTHER}/s/{signed}/feedback",
        **more,
    )


def crowded() -> Digest:
    """An issue with titles and summaries far longer than any month has."""
    made = sample.digest()
    stages = tuple(
        replace(s, entries=tuple(replace(e, title=e.title + " and More" * 30) for e in s.entries)) for s in made.stages
    )
    return replace(made, stages=stages)


@settings(max_examples=25)
@given(readers=st.lists(READERS, min_size=2, max_size=4), lang=st.sampled_from(LANGUAGES))
def test_a_mail_is_the_same_whoever_had_one_before(readers: list[Reader], lang: str) -> None:
    digest, used = sample.digest(), Press()
    for one in (*readers, *reversed(readers)):
        parts = used(digest, lang, one, BENCH)
        alone = Press()(digest, lang, one, BENCH)
        assert parts == alone
        assert ("Of a Reader Alone" in parts.html + parts.text) <= bool(one.own.moved)
        assert not one.own.gone & set(re.findall(r"2610\.\d{5}", parts.html + parts.text))
        assert "<script" not in parts.html
        assert one.unsubscribe_url in parts.text
        assert not re.search(r"x[0-9a-f]{24}", parts.html + parts.text), "a mark was left"


def test_nothing_of_another_reader_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KINDS", 3)
    digest, used = sample.digest(), Press()
    secret = Own(moved={"2610.50004": Moved(0.9, (("2609.00002", "Of a Reader Alone", "more"),))})
    for number in range(6):
        used(digest, "en", reader(number % 8 + 1, minutes=number + 1))
    assert "Of a Reader Alone" in used(digest, "en", reader(5, own=secret)).text
    kept = repr((used._blanks, used._pieces))
    assert len(used._blanks) == 3 < KINDS
    assert "r•••@" not in kept
    assert "Of a Reader Alone" not in kept
    assert "W1sxMjM0NTYs" not in kept
    assert "2026" in kept


def test_a_cut_of_a_kind_is_written_once_and_only_added_up_from_then_on() -> None:
    digest, used = crowded(), Press()
    first = used(digest, "en", reader())
    sizes, written = dict(used._sizes), set(used._blanks)
    assert len(sizes) > 1
    other = replace(reader(), address="l•••@a-longer-host.example.org")
    again = used(digest, "en", other)
    assert (used._sizes, set(used._blanks)) == (sizes, written)
    assert again == message_parts(digest, "en", other) != first


@settings(max_examples=25)
@given(one=READERS, lang=st.sampled_from(LANGUAGES), step=st.integers(0, len(STEPS) - 1))
def test_what_is_added_up_is_what_a_filled_mail_measures(one: Reader, lang: str, step: int) -> None:
    used, v = Press(), voice(lang)
    used._begin(sample.digest(), {})
    plain, how = replace(one, own=Own()), Cut(step)
    parts = used._filled(v, plain, how)
    assert used._filling(v, plain).sizes(used._size(v, plain, how)) == (size(parts.html), size(parts.text))


def test_another_issue_begins_anew() -> None:
    used = Press()
    first = used(sample.digest(), "en", reader(5))
    second = used(sample.sample(), "en", reader(5))
    assert first.subject != second.subject
    assert second == message_parts(sample.sample(), "en", reader(5))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("stages", [(), (5,), (3, 5), (1, 2, 3, 4, 5, 6, 7)])
@pytest.mark.parametrize("make", [sample.digest, sample.sample, crowded])
def test_a_message_as_sent_stays_under_100_kilobytes(lang: str, stages: tuple[int, ...], make: Any) -> None:
    digest, one = make(), reader(*stages)
    parts = message_parts(digest, lang, one)
    sent = build_message(parts, SENDER, f"{'r' * 64}@example.org", "a" * 60, NOW, one.unsubscribe_url).as_bytes()
    assert len(sent) < 100_000
    assert fits(parts)
    read = message_from_bytes(sent, policy=policy.default)
    text, html = (str(part.get_content()).replace("\r\n", "\n") for part in read.iter_parts())
    assert (text, html) == (parts.text, parts.html)


def test_what_is_cut_is_counted_in_both_parts_and_the_whole_is_linked() -> None:
    parts = message_parts(crowded(), "en", reader())
    counted = [re.findall(r"(\d+)[\u00a0 ]more in the browser", part) for part in (parts.html, parts.text)]
    assert counted[0] == counted[1]
    assert counted[0]
    for part in (parts.html, parts.text):
        assert len(re.findall(rf"{OTHER}/digests/2026-10\?lang=en#stage-\d", part)) >= len(counted[0])


def test_each_step_holds_more_than_the_one_below() -> None:
    plenty = [(full, 99 if most is None else most, 99 if left is None else left) for full, most, left in STEPS]
    assert plenty == sorted(set(plenty), key=lambda step: (step[2], step[1], step[0]))
    assert all(low[1] <= high[1] and low[0] <= high[0] for low, high in pairwise(plenty))
    assert {full for full, most, _ in STEPS if most is not None} == {0, 1}, "all titles come before a second abstract"


@given(st.integers(0, 9), st.data())
def test_the_richest_cut_that_fits_is_found_and_goes_down_to_the_poorest(stages: int, data: st.DataObject) -> None:
    order = [Cut(0)]
    for step in range(len(STEPS)):
        order += [Cut(step, ahead) for ahead in range(max(1, stages)) if step < len(STEPS) - 1 or not ahead][not step :]
    last = data.draw(st.integers(0, len(order) - 1))
    found = richest(stages, lambda how: not how.lines and not how.gists and order.index(how) <= last)
    assert found == order[last]
    assert poorer(found, stages) == order[max(0, last - 1)]
    assert richest(stages, lambda _: False) == Cut(0)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("make", [sample.digest, crowded])
def test_what_room_is_left_is_filled_stage_by_stage(lang: str, make: Any) -> None:
    digest, one, used = make(), reader(), Press()
    used(digest, lang, one)
    how = used._cut(voice(lang), one)._replace(gists=False)
    sections = len(used._selected(one.wishes).sections)
    richer = how._replace(lines=how.lines + 1) if STEPS[how.step][1] is not None and how.lines < sections else None
    if richer:
        assert not fits(used._filled(voice(lang), one, richer))
    given_ = shares(how, used._selected(one.wishes).sections)
    assert max(share.most or 99 for share in given_) - min(share.most or 99 for share in given_) <= 2


def test_sentences_of_lines_come_last_and_go_first() -> None:
    def room(how: Cut) -> bool:
        return (how.step, how.ahead) <= (6, 0) and how.lines <= 2

    assert richest(3, room) == Cut(6, 0, 2, gists=True)
    assert richest(3, lambda how: room(how) and not how.gists) == Cut(6, 0, 2)
    assert richest(3, lambda how: True) == Cut(len(STEPS) - 1, gists=True)
    assert poorer(Cut(6, 0, 2, gists=True), 3) == Cut(6, 0, 2)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_mail_is_titles_alone_where_there_is_room_for_more(lang: str) -> None:
    used, one = Press(), reader()
    used._begin(crowded(), {})
    for how in (Cut(3), Cut(4)):
        fulls = [share.full for share in shares(how, used._selected(one.wishes).sections)]
        assert sorted(fulls) == [0] * 7 + [1]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_mail_of_all_stages_still_names_papers_of_each(lang: str) -> None:
    digest = crowded()
    text = message_parts(digest, lang, reader()).text.replace("\n", " ")
    assert all(any(entry.id in text for entry in stage.entries) for stage in digest.stages if stage.entries)


@given(st.text(max_size=3000).map(lambda text: text.replace("\r", "") + "\n"))
def test_the_bound_on_a_size_is_never_too_low(text: str) -> None:
    _, payload = encoded(text)
    assert len(payload) + payload.count("\n") <= size(text).most


@given(st.text("aé長 =.\t", max_size=400).map(lambda text: text + "\n"))
def test_what_is_encoded_comes_back(text: str) -> None:
    body = message_from_bytes(
        build_message(message_parts_of(text), SENDER, "r@example.org", "id", NOW, "https://x.org").as_bytes(),
        policy=policy.default,
    )
    plain = next(iter(body.iter_parts()))
    assert str(plain.get_content()).replace("\r\n", "\n") == text
    assert max(len(line) for line in body.as_bytes().split(b"\n")) <= 998


def message_parts_of(text: str) -> Any:
    return replace(message_parts(sample.digest(), "en", reader(5)), text=text, html=text)


def test_thousands_of_mails_cost_little_each() -> None:
    """No stop watch decides: a mail of a known kind writes no template and wraps no entry again."""
    digest, used = sample.digest(), Press()
    used(digest, "en", reader(5))
    before = {name: (list(value._places), dict(value.lines)) for name, value in used._pieces.items()}
    began = time.process_time()
    for number in range(50):
        used(digest, "en", replace(reader(5), unsubscribe_url=f"{OTHER}/s/{number}/unsubscribe"))
    assert {name: (list(value._places), dict(value.lines)) for name, value in used._pieces.items()} == before
    assert len(used._blanks) == 1
    assert time.process_time() - began < 60


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_not_said_twice_keeps_a_mail_small(lang: str) -> None:
    page = message_parts(sample.digest(), lang, reader(5)).html
    live = page.partition("<style>")[2].partition("</style>")[0]
    used = {name for names in re.findall(r'<[a-z][^<>]* class="([^"]*)"', page) for name in names.split()}
    assert all(f".{name}" in live for name in used), "a class nobody reads was sent"
    assert not re.search(r"\n[ \t]|</?tbody>|<span>|<time|&nbsp;", page)
    assert len(page.encode()) < 36_000


def test_words_of_an_attribute_and_of_a_text_are_nobodys_idle_markup() -> None:
    page = '<body><table>\n <tbody><tr><td title="a &lt;tbody&gt; b">&lt;tbody&gt; &amp;nbsp;</td></tr></tbody></table>'
    found = styled(page)
    assert "<tbody><tr>" not in found
    assert "</tbody></table>" not in found
    assert 'title="a <tbody> b"' in found
    assert "&lt;tbody&gt; &amp;nbsp;" in found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_mail_says_the_colour_and_size_of_its_words_once_a_table(lang: str) -> None:
    page = message_parts(sample.digest(), lang, reader()).html
    said = re.findall(r'<(\w+)[^<>]* style="[^"]*color:#465054;font-size:14px', page)
    assert sorted(said) == ["table", "table", "td"], "the column, the chart, and what may be missing"
    assert not re.search(r'<tr><td class="pad" style="(?!padding:[^;"]*")', page), "a row says its distances alone"
    assert "td, th { color: #465054; font-size: 14px; line-height: 21px }" in page, "Outlook inherits none of it"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_colour_said_by_an_attribute_is_not_said_by_a_style_too(lang: str) -> None:
    page = message_parts(sample.digest(), lang, reader(5)).html
    painted = re.findall(r'<t[^<>]* bgcolor="#(?:3c4649|b23c0e|14597d)"[^<>]*>', page)
    assert len(painted) > 8, "the stones and the bars of the chart"
    assert [tag for tag in painted if "background" in tag] == []


def test_a_mail_looks_the_same_where_the_style_element_is_dropped() -> None:
    """Colours, sizes and lines are inlined: what is left in the style element is for dark and narrow alone."""
    page = message_parts(sample.digest(), "en", reader(5)).html
    style = page.partition("<style>")[2].partition("</style>")[0]
    outside = re.sub(r"@media [^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", style)
    assert outside.split() == [":root", "{", "color-scheme:", "light", "dark;", "}"]
    for element in ("h1", "h2", "h3", "p", "a"):
        assert not re.search(rf"<{element}(?! [^>]*style=)[ >]", page), f"{element} without its style"


def test_words_like_markup_stay_words() -> None:
    made = sample.digest()
    first = replace(made.stages[4].entries[0], title='On class="ink" and\n  other names')
    stages = tuple(replace(s, entries=(first, *s.entries[1:])) if s.number == 5 else s for s in made.stages)
    page = message_parts(replace(made, stages=stages), "en", reader(5)).html
    assert 'On class="ink" and' in page.replace("&quot;", '"')
