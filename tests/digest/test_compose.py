"""Composing is pure: floor, budget, order, hour list, labs, what is left out; and the views of one issue."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.months import days
from digest.candidates import Candidate, Facts, LabBelief, LabItem, Place
from digest.compose import HOUR_MINUTES, WORTH_FLOOR, compose, hour_list, month_work
from digest.coverage import Stored, WindowFact, coverage, horizon, missing_days, open_sources
from digest.model import Digest
from digest.views import view
from roadmap.model import Roadmap

MONTH = "2026-06"
CLOSES = datetime(2026, 7, 5, 6, tzinfo=UTC)
COVERAGE = coverage(MONTH, (), ("arxiv", "hf"), Stored(100, 100, 0), date(2026, 6, 30))


def paper(
    id_: str, roadmap: Roadmap, stage: int = 5, worth: float | None = 0.7, fit: float = 0.8, **more: object
) -> Candidate:
    base = Candidate(
        id=id_,
        kind="paper",
        month=MONTH,
        title=f"On {id_}",
        authors=("A. One", "B. Two", "C. Three", "D. Four"),
        submitted=date(2026, 6, 3),
        categories=("cs.LG",),
        url=f"https://arxiv.org/abs/{id_}",
        pdf_url=None,
        topics=((roadmap.topics_of(stage)[0].key, fit),),
        labs=(),
        code=(),
        votes=None,
        stage=stage,
        worth=worth,
        minutes=12,
        minutes_guessed=False,
        reasons=(),
        summary=None,
        read_first=(),
        withdrawn=False,
        has_abstract=True,
        recorded=False,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def place(
    candidate: Candidate,
    position: int = 1,
    section: str = "main",
    twins: tuple[Candidate, ...] = (),
    reason: str | None = None,
    stage: int | None = None,
) -> Place:
    return Place(stage or candidate.stage or 5, position, section, candidate, twins, reason)


def facts(**more: object) -> Facts:
    base = Facts(
        month=MONTH,
        status="draft",
        made=CLOSES,
        published=None,
        closes=CLOSES,
        previous=None,
        next=None,
        banners=(),
        considered={5: 40},
        topics={},
        lab_items=(),
        late=(),
        late_total=0,
        printed_before=frozenset(),
        version="0.1.0",
        model="tiny@int8",
        inputs_hash="",
    )
    return replace(base, **more)  # type: ignore[arg-type]


def test_floor_and_fit_are_hard_and_an_empty_stage_names_a_canon_work(roadmap: Roadmap) -> None:
    listed = [
        place(paper("2606.00001", roadmap, worth=WORTH_FLOOR), 1),
        place(paper("2606.00002", roadmap, worth=WORTH_FLOOR - 0.01), 2),
        place(paper("2606.00003", roadmap, fit=0.49), 3),
        place(paper("2606.00004", roadmap, worth=None), 4),
        place(paper("2606.00005", roadmap, withdrawn=True), 5),
    ]
    digest = compose(listed, roadmap, COVERAGE, facts())
    assert list(digest.entries) == ["2606.00001"]
    assert [section.number for section in digest.stages] == list(range(1, 9))
    assert digest.stages[0].entries == ()
    assert digest.stages[0].read_first is not None
    assert digest.stages[0].read_first.key in {work.key for work in roadmap.canon_of(1)}
    assert (digest.considered, digest.chosen, digest.minutes) == (40, 1, 12)


def test_at_most_eight_in_shortlist_order_each_once_in_its_best_stage(roadmap: Roadmap) -> None:
    listed = [place(paper(f"2606.{n:05}", roadmap, worth=0.4 + n / 100), 20 - n) for n in range(12)]
    listed += [place(paper("2606.00003", roadmap), 40), place(paper("2606.00011", roadmap, stage=5), 1, stage=6)]
    digest = compose(listed, roadmap, COVERAGE, facts(printed_before=frozenset({"2606.00010"})))
    stage = digest.stages[4]
    assert [entry.id[-2:] for entry in stage.entries] == ["11", "09", "08", "07", "06", "05", "04", "03"]
    assert [entry.number for entry in stage.entries][::7] == ["5.1", "5.8"]
    assert digest.stages[5].entries == ()
    assert (stage.entries[0].authors, stage.entries[0].more_authors) == (("A. One", "B. Two", "C. Three"), 1)


def test_the_canon_work_changes_with_the_month_and_comes_round(roadmap: Roadmap) -> None:
    works = roadmap.canon_of(5)
    seen = [month_work(roadmap, 5, f"20{26 + n // 12}-{n % 12 + 1:02}") for n in range(len(works) + 1)]
    assert {work.key for work in seen if work} == {work.key for work in works}
    assert seen[0] == seen[-1]
    assert seen[0] != seen[1]


def test_an_entry_names_the_work_to_read_first(roadmap: Roadmap) -> None:
    work = roadmap.canon_of(3)[0]
    digest = compose([place(paper("2606.00001", roadmap, read_first=("gone", work.key)))], roadmap, COVERAGE, facts())
    entry = digest.stages[4].entries[0]
    assert entry.read_first is not None
    assert (entry.read_first.key, entry.read_first.minutes) == (work.key, work.minutes)


minutes_by_stage = st.lists(
    st.lists(st.tuples(st.integers(3, 70), st.floats(WORTH_FLOOR, 1)), max_size=8), min_size=8, max_size=8
)


@given(stages=minutes_by_stage)
def test_the_hour_holds_five_stages_at_most_and_sixty_minutes(
    roadmap: Roadmap, stages: list[list[tuple[int, float]]]
) -> None:
    listed = [
        place(paper(f"26{number:02}.{position:05}", roadmap, stage=number, worth=worth, minutes=minutes), position)
        for number, rows in enumerate(stages, 1)
        for position, (minutes, worth) in enumerate(rows)
    ]
    digest = compose(listed, roadmap, COVERAGE, facts())
    hour = [digest.entries[id_] for id_ in digest.hour]
    assert digest.hour_minutes == sum(entry.minutes for entry in hour) <= HOUR_MINUTES
    assert len(hour) == len({entry.number[0] for entry in hour}) <= 5
    short = [rows for rows in stages if any(minutes <= HOUR_MINUTES // 5 for minutes, _ in rows)]
    assert len(hour) >= min(1, len(short))


def test_the_hour_takes_the_worthiest_of_each_stage_the_best_stage_first(roadmap: Roadmap) -> None:
    listed = [
        place(paper("2606.00001", roadmap, stage=3, worth=0.9, minutes=30)),
        place(paper("2606.00002", roadmap, stage=5, worth=0.8, minutes=40)),
        place(paper("2606.00003", roadmap, stage=5, worth=0.7, minutes=20), 2),
        place(paper("2606.00004", roadmap, stage=7, worth=0.5, minutes=11)),
    ]
    digest = compose(listed, roadmap, COVERAGE, facts())
    assert digest.hour == ("2606.00001", "2606.00003")
    assert digest.hour_minutes == 50
    assert hour_list([[]]) == []


def test_a_long_paper_gives_way_to_shorter_ones_that_are_worth_more_together(roadmap: Roadmap) -> None:
    listed = [place(paper("2606.00001", roadmap, stage=1, worth=0.9, minutes=40))]
    listed += [place(paper(f"2606.0001{n}", roadmap, stage=n, worth=0.6, minutes=12)) for n in range(2, 8)]
    digest = compose(listed, roadmap, COVERAGE, facts())
    assert digest.hour == tuple(f"2606.0001{n}" for n in range(2, 7))
    assert digest.hour_minutes == HOUR_MINUTES


def test_left_out_names_three_noticed_papers_with_neutral_reasons(roadmap: Roadmap) -> None:
    twin = paper("2606.00002", roadmap, votes=119)
    listed = [
        place(paper("2606.00001", roadmap), 1, twins=(twin,)),
        place(paper("2606.00003", roadmap, worth=0.1, votes=174), 2),
        place(paper("2606.00004", roadmap, fit=0.2, votes=19), 3),
        place(paper("2606.00005", roadmap, votes=301), 1, "left-out", reason="floor"),
        place(paper("2606.00006", roadmap, fit=0.3, votes=30), 2, "left-out", reason="fit"),
    ]
    rows = compose(listed, roadmap, COVERAGE, facts()).stages[4].left_out
    assert [(row.id[-1], row.votes, row.reason, row.twin_of) for row in rows] == [
        ("5", 301, "floor", None),
        ("3", 174, "floor", None),
        ("2", 119, "twin", "5.1"),
    ]


def test_what_the_budget_left_out_says_so(roadmap: Roadmap) -> None:
    listed = [place(paper(f"2606.{n:05}", roadmap, votes=40 + n), n) for n in range(10)]
    rows = compose(listed, roadmap, COVERAGE, facts()).stages[4].left_out
    assert [(row.id[-1], row.reason) for row in rows] == [("9", "budget"), ("8", "budget")]


def test_labs_list_printed_things_first_and_count_all(roadmap: Roadmap) -> None:
    lab = next(iter(roadmap.labs))
    items = [LabItem(lab, f"{lab}:post-{n}", "post", f"Post {n}", "https://example.org", n, 0.1, ()) for n in range(20)]
    items.append(LabItem(lab, "2606.00001", "paper", "Printed", "https://example.org", None, 0.7, (("feed", "x"),)))
    listed = [
        place(paper("2606.00001", roadmap, labs=(LabBelief(lab, 0.9, (("feed", "x"),)), LabBelief("gone", 1, ()))))
    ]
    digest = compose(listed, roadmap, COVERAGE, facts(lab_items=tuple(items)))
    section = next(section for section in digest.labs if section.key == lab)
    assert (section.count, len(section.lines)) == (21, 12)
    assert (section.lines[0].number, section.lines[1].id) == ("5.1", f"{lab}:post-19")
    assert [ref.key for ref in digest.stages[4].entries[0].labs] == [lab]
    assert len(digest.labs) == len(roadmap.labs)


def test_the_topmost_topic_is_a_count_anyone_can_repeat(roadmap: Roadmap) -> None:
    first, second = (topic.key for topic in roadmap.topics_of(5)[:2])
    digest = compose([], roadmap, COVERAGE, facts(topics={second: 9, first: 8, "gone": 50}))
    assert digest.topmost is not None
    assert (digest.topmost.key, digest.topmost.count) == (second, 9)
    assert compose([], roadmap, COVERAGE, facts(topics={second: 9, first: 9, "gone": 50})).topmost is None
    assert compose([], roadmap, COVERAGE, facts()).topmost is None


def test_late_arrivals_are_eight_and_the_rest_counted(roadmap: Roadmap) -> None:
    late = tuple(paper(f"2605.{n:05}", roadmap, stage=n % 8 + 1) for n in range(12))
    digest = compose([], roadmap, COVERAGE, facts(late=late, late_total=12))
    assert [entry.number for entry in digest.late] == [f"L{n}" for n in range(1, 9)]
    assert digest.late_more == 4
    assert (digest.chosen, digest.minutes) == (0, 0)
    assert digest.hour == ()


def full(roadmap: Roadmap) -> Digest:
    listed = [
        place(paper(f"26{stage:02}.{n:05}", roadmap, stage=stage, worth=0.9 - n / 20 - stage / 1000, minutes=10 + n), n)
        for stage in range(1, 9)
        for n in range(6)
    ]
    late = (paper("2512.00001", roadmap, stage=2, worth=0.5, minutes=10),)
    return compose(listed, roadmap, COVERAGE, facts(considered=dict.fromkeys(range(1, 9), 50), late=late, late_total=1))


def test_a_view_of_stages_keeps_numbers_and_recounts(roadmap: Roadmap) -> None:
    digest = full(roadmap)
    part = view(digest, stages=[2, 5])
    assert [section.number for section in part.stages] == [2, 5]
    assert part.stages[1] == digest.stages[4]
    assert (part.considered, part.chosen) == (100, 12)
    assert part.minutes == sum(entry.minutes for section in part.stages for entry in section.entries)
    assert [entry.id for entry in part.late] == ["2512.00001"]
    assert len(part.hour) == 2
    assert view(digest, stages=[5]).late == ()


@pytest.mark.parametrize("minutes", [0, 9, 30, 90, 240, 10_000])
def test_a_budget_of_minutes_is_shared_fairly_and_never_exceeded(roadmap: Roadmap, minutes: int) -> None:
    digest = full(roadmap)
    part = view(digest, minutes=minutes)
    assert part.minutes == sum(entry.minutes for section in part.stages for entry in section.entries)
    assert sum(entry.minutes for entry in part.entries.values()) <= minutes
    counts = [len(section.entries) for section in part.stages]
    assert max(counts) - min(counts) <= 1
    if minutes == 90:
        assert [entry.number[2:] for section in part.stages for entry in section.entries] == ["1"] * 8
    if minutes == 10_000:
        assert part == digest
    assert {line.number for lab in part.labs for line in lab.lines} <= {
        None,
        *(e.number for e in part.entries.values()),
    }


def fact(source: str, start: date, end: date, state: str = "closed", **more: object) -> WindowFact:
    base = WindowFact(source, "main", start, end, state, None, 5, 0, None, CLOSES, CLOSES, False)
    return replace(base, **more)  # type: ignore[arg-type]


def test_coverage_adds_up_one_channel_of_arxiv_and_all_feeds_of_the_labs() -> None:
    daily = [
        fact("arxiv", d, d, expected=10, received=10, channel="api") for d in days(date(2026, 6, 1), date(2026, 6, 30))
    ]
    daily[9] = replace(daily[9], state="error", received=4, error="answered 503")
    oai = fact("arxiv", date(2026, 6, 1), date(2026, 7, 9), channel="oai", received=999)
    feeds = [fact("labs", date(2026, 6, 1), date(2026, 6, 30), channel=lab, received=3) for lab in ("a", "b")]
    feeds[1] = replace(feeds[1], state="open", received=0)
    found = coverage(MONTH, [*daily, oai, *feeds], ("arxiv", "pwc", "labs"), Stored(294, 290, 1), date(2026, 6, 30))
    arxiv, pwc, labs = found.sources
    assert (found.expected, arxiv.received, arxiv.state) == (300, 294, "partial")
    assert arxiv.missing_days == (date(2026, 6, 10),)
    assert arxiv.error == "answered 503"
    assert pwc.state == "absent"
    assert (labs.state, labs.received, labs.missing_days) == ("partial", 3, ())
    assert found.failed == ("arxiv", "labs")


def test_coverage_knows_no_total_where_one_day_gave_none() -> None:
    daily = [fact("arxiv", d, d, expected=10, received=10) for d in days(date(2026, 6, 1), date(2026, 6, 3))]
    daily[1] = replace(daily[1], expected=None, state="open")
    found = coverage(MONTH, daily, ("arxiv",), Stored(0, 0, 0), date(2026, 6, 5))
    assert found.expected is None
    assert found.sources[0].missing_days == (date(2026, 6, 2), date(2026, 6, 4), date(2026, 6, 5))
    unreachable = [replace(w, state="open") for w in daily]
    unreachable[2] = replace(daily[2], state="error", error="cannot be reached", unreachable=True)
    assert coverage(MONTH, unreachable, ("arxiv",), Stored(0, 0, 0), date(2026, 6, 3)).sources[0].state == "unreachable"


def test_the_horizon_is_how_far_arxiv_was_asked() -> None:
    first = date(2026, 6, 1)
    assert horizon(MONTH, []) is None
    assert horizon(MONTH, [fact("labs", first, date(2026, 6, 30)), fact("arxiv", first, first)]) == first
    assert horizon(MONTH, [fact("labs", first, date(2026, 7, 30)), fact("hf", first, first)]) == first
    assert horizon(MONTH, [fact("arxiv", first, date(2026, 7, 2))]) == date(2026, 6, 30)


def test_a_source_read_before_its_day_was_over_is_still_open() -> None:
    whole = fact("arxiv", date(2026, 6, 1), date(2026, 6, 30))
    reads = {"hf": CLOSES}
    assert missing_days(MONTH, [whole], date(2026, 6, 30)) == ()
    assert open_sources(MONTH, [whole], ("arxiv", "hf"), reads, CLOSES) == ()
    assert open_sources(MONTH, [whole], ("hf",), {"hf": CLOSES - timedelta(seconds=1)}, CLOSES) == ("hf",)
    early = replace(whole, checked_at=datetime(2026, 6, 30, 23, 59, tzinfo=UTC))
    assert open_sources(MONTH, [early], ("arxiv",), reads, CLOSES) == ("arxiv",)


def test_a_list_of_changes_that_fails_makes_no_month_look_incomplete() -> None:
    whole = [fact("arxiv", d, d, channel="api") for d in days(date(2026, 6, 1), date(2026, 6, 30))]
    changes = fact("arxiv", date(2026, 6, 9), date(2026, 6, 9), "error", channel="oai:cs:cs:LG", error="answered 503")
    announced = fact("arxiv", date(2026, 6, 30), date(2026, 7, 2), "error", channel="rss", received=0, error="cut")
    told = [*whole, changes, announced]
    found = coverage(MONTH, told, ("arxiv",), Stored(150, 150, 0), date(2026, 6, 30))
    assert (found.failed, found.sources[0].state, found.sources[0].missing_days) == ((), "complete", ())
    assert found.sources[0].windows == found.sources[0].windows_closed == 30
    assert open_sources(MONTH, told, ("arxiv",), {}, CLOSES) == ()
    assert horizon(MONTH, [fact("hf", date(2026, 6, 1), date(2026, 6, 4)), changes]) == date(2026, 6, 4)


def test_a_list_of_changes_that_is_complete_makes_up_for_no_day_of_submission() -> None:
    changes = [fact("arxiv", d, d, channel="oai") for d in days(date(2026, 6, 1), date(2026, 6, 30))]
    cut = fact("arxiv", date(2026, 6, 4), date(2026, 6, 4), "error", channel="api", error="answered 503")
    found = coverage(MONTH, [*changes, cut], ("arxiv",), Stored(0, 0, 0), date(2026, 6, 4))
    assert found.sources[0].state == "failed"
    assert open_sources(MONTH, [*changes, cut], ("arxiv",), {}, CLOSES) == ("arxiv",)
