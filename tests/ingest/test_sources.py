"""The contract of a source, held over every source there is: a new module in ingest/sources joins by one builder."""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

import ingest.sources
from core.errors import SourceError
from core.ids import parse_arxiv_id
from core.record import PaperRecord
from core.text import clean
from ingest.http import Guard
from ingest.loose import address
from ingest.source import EntryError, Page, Source, Window
from ingest.sources.arxiv_api import ArxivApi
from ingest.sources.arxiv_oai import ArxivOai
from ingest.sources.arxiv_rss import ArxivRss
from ingest.sources.hf_papers import HfPapers
from ingest.sources.lab_feeds import LabFeeds
from ingest.sources.pwc_api import PwcApi
from ingest.sources.recorded import Recorded
from tests.ingest.doubles import NOW, guarded
from tests.upstream import Upstream

START, END, TODAY = date(2026, 9, 1), date(2026, 10, 31), date(2026, 10, 31)
ANNOUNCED = datetime(2026, 10, 30, 12, tzinfo=UTC)  # the day of the stand-in's feeds
CATEGORIES = ("cs.LG", "cs.CL", "cs.AI", "cs.CV", "cs.IR", "stat.ML")

# How each source is made against the stand-in; `recorded` needs none.
BUILDERS: dict[type, Callable[[Upstream, Guard], Source]] = {
    ArxivApi: lambda up, guard: ArxivApi(up.url, CATEGORIES, guard, page_size=20),
    ArxivOai: lambda up, guard: ArxivOai(f"{up.url}/oai", ("cs.LG", "cs.CL"), guard),
    ArxivRss: lambda up, guard: ArxivRss(f"{up.url}/rss", ("cs.LG", "cs.CL"), guard, lambda: ANNOUNCED),
    HfPapers: lambda up, guard: HfPapers(up.url, guard),
    PwcApi: lambda up, guard: PwcApi(up.environment()["SHIRUBE_PWC_URL"], guard),
    LabFeeds: lambda up, guard: LabFeeds(json.loads(up.environment()["SHIRUBE_LAB_FEEDS"]), guard),
    Recorded: lambda _up, _guard: Recorded(),
}
NETWORK = [kind for kind in BUILDERS if kind is not Recorded]
# The days over which each source has something to give.
DAYS: dict[type, tuple[date, date, date]] = {
    Recorded: (date(2026, 6, 1), date(2026, 6, 30), TODAY),
    ArxivRss: (ANNOUNCED.date(), ANNOUNCED.date(), ANNOUNCED.date()),
}


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    """One stand-in for the whole module, without faults."""
    with Upstream(months=("2026-09", "2026-10")) as running:
        yield running


@pytest.fixture(scope="module")
def guard(up: Upstream) -> Iterator[Guard]:
    """One guard for the whole module."""
    with guarded(up) as running:
        yield running


@pytest.fixture(scope="module")
def harvests(up: Upstream, guard: Guard) -> Callable[[type], list[tuple[Window, list[Page]]]]:
    """Every window of a source with its pages, read once for all tests."""
    kept: dict[type, list[tuple[Window, list[Page]]]] = {}

    def harvest(kind: type) -> list[tuple[Window, list[Page]]]:
        if kind not in kept:
            source = BUILDERS[kind](up, guard)
            windows = source.windows(*DAYS.get(kind, (START, END, TODAY)))
            kept[kind] = [(window, list(source.fetch(window, NOW))) for window in windows]
        return kept[kind]

    return harvest


every_source = pytest.mark.parametrize("kind", list(BUILDERS), ids=lambda kind: kind.__name__)
Harvests = Callable[[type], list[tuple[Window, list[Page]]]]


def records(harvest: list[tuple[Window, list[Page]]]) -> list[PaperRecord]:
    """All records of a harvest."""
    return [record for _, pages in harvest for page in pages for record in page.records]


def test_every_source_there_is_holds_the_contract() -> None:
    found: set[Any] = set()
    for module in pkgutil.iter_modules(ingest.sources.__path__, "ingest.sources."):
        members = vars(importlib.import_module(module.name)).values()
        found |= {
            kind for kind in members if inspect.isclass(kind) and hasattr(kind, "fetch") and hasattr(kind, "windows")
        } - {Source}
    assert found == set(BUILDERS)


@every_source
def test_windows_are_newest_first_and_cover_the_days(up: Upstream, guard: Guard, kind: type) -> None:
    source = BUILDERS[kind](up, guard)
    start, end, today = DAYS.get(kind, (START, END, TODAY))
    windows = source.windows(start, end, today)
    assert len(set(windows)) == len(windows) > 0
    assert all(window.source == source.name and window.start <= window.end for window in windows)
    for channel in {window.channel for window in windows}:
        mine = [window for window in windows if window.channel == channel]
        assert all(newer.start == older.end + timedelta(days=1) for newer, older in pairwise(mine))
        assert mine[-1].start <= start
        assert mine[0].end >= end


@every_source
def test_no_window_begins_after_today_and_windows_never_move(up: Upstream, guard: Guard, kind: type) -> None:
    source = BUILDERS[kind](up, guard)
    start, end, _ = DAYS.get(kind, (START, END, TODAY))
    whole = source.windows(start, end, end)
    for today in (start, start + timedelta(days=10), end):
        part = source.windows(start, end, today)
        assert part == [window for window in whole if window.start <= today]
    assert source.windows(start, end, start - timedelta(days=400)) == []
    assert set(source.windows(start + timedelta(days=10), end, end)) <= set(whole)
    assert 0 <= source.reread_days() <= 60


@every_source
def test_records_are_what_the_rest_relies_on(harvests: Harvests, kind: type) -> None:
    harvest = harvests(kind)
    found = records(harvest)
    assert found
    for record in found:
        assert record.source == harvest[0][0].source
        assert record.title == clean(record.title) != ""
        if record.kind == "paper":
            assert parse_arxiv_id(record.id) == (record.id, None)
            assert record.arxiv_id == record.id
        else:
            assert record.arxiv_id is None
            assert ":" in record.id
        for moment in (record.as_of, record.submitted):
            assert moment is None or (moment.tzinfo is not None and moment.utcoffset() == timedelta(0))
        for link in (record.url, record.pdf_url, record.project_url, *(code.url for code in record.code)):
            assert link is None or address(link) == link
        for text in (record.abstract, record.comment, *(author.name for author in record.authors)):
            assert text is None or text == clean(text) != ""


@every_source
def test_each_window_gives_each_item_once_and_all_it_expects(harvests: Harvests, kind: type) -> None:
    for _, pages in harvests(kind):
        ids = [record.id for page in pages for record in page.records]
        assert len(set(ids)) == len(ids)
        totals = [page.expected for page in pages if page.expected is not None]
        assert not totals or totals[-1] == len(ids) + sum(len(page.errors) for page in pages)
        assert not any(page.errors for page in pages)


@every_source
def test_the_same_fetch_gives_equal_records(up: Upstream, guard: Guard, harvests: Harvests, kind: type) -> None:
    harvest = harvests(kind)
    fullest = sorted(harvest, key=lambda part: -sum(len(page.records) for page in part[1]))[:3]
    again = BUILDERS[kind](up, guard)
    for window, pages in fullest:
        assert list(again.fetch(window, NOW)) == pages


@pytest.mark.parametrize("kind", NETWORK, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("fault", ["malformed-first", "malformed-middle", "malformed-last"])
def test_errors_are_values(harvests: Harvests, kind: type, fault: str) -> None:
    window, pages = max(harvests(kind), key=lambda part: sum(len(page.records) for page in part[1]))
    with Upstream(months=("2026-09", "2026-10")) as broken, guarded(broken) as guard:
        broken.fault("/", fault, how="no-title", times=1)
        spoiled = list(BUILDERS[kind](broken, guard).fetch(window, NOW))
    lost = {r.id for page in pages for r in page.records} - {r.id for page in spoiled for r in page.records}
    errors: list[EntryError] = [error for page in spoiled for error in page.errors]
    # A feed's first or last entry may lie outside the month; nothing else is lost either way.
    assert len(lost) == len(errors) <= 1
    assert all(error.reason and error.raw for error in errors)
    assert kind is LabFeeds or len(errors) == 1


@pytest.mark.parametrize("kind", NETWORK, ids=lambda kind: kind.__name__)
def test_a_source_without_a_network_says_so(harvests: Harvests, kind: type) -> None:
    window = harvests(kind)[0][0]
    gone = Upstream(months=("2026-09",)).start()
    with guarded(gone) as guard:
        source = BUILDERS[kind](gone, guard)
        gone.close()
        with pytest.raises(SourceError) as failed:
            list(source.fetch(window, NOW))
    assert failed.value.unreachable
    assert failed.value.advice
