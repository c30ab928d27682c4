"""`shirube digest` from the sources to the page: whole, again, with a source down, without a network, interrupted."""

import re
import socket
import stat
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from sqlalchemy import func, select

from core.months import first_day, last_day
from db.engine import make_engine, make_sessions
from db.models import Base, Issue, Item, Window
from digest.model import Digest
from digest.service import digest_of
from ingest.source import NOTHING, Earlier, Source
from ingest.source import Window as Stretch
from ingest.sources import added
from ingest.sources.arxiv_api import ArxivApi
from shirube.names import NETWORK_SOURCES
from tests.ingest.fake import dump
from tests.shirube.command import CLOSED, DRAFT, Bench, run
from tests.shirube.conftest import MONTH, Store
from tests.upstream import Upstream

SECONDS_WITHOUT_NETWORK = 90.0  # a fresh machine's whole wait for the sample; about 20 on two idle cores


def state(store: Store, query: Any) -> list[Any]:
    """Read rows of a store."""
    engine = make_engine(f"sqlite:///{store.folder / 'shirube.db'}")
    try:
        with make_sessions(engine)() as session:
            return [tuple(row) for row in session.execute(query)]
    finally:
        engine.dispose()


def counts(store: Store) -> dict[str, int]:
    """Count the rows of every table."""
    tables = Base.metadata.sorted_tables
    return {table.name: state(store, select(func.count()).select_from(table))[0][0] for table in tables}


def digest(store: Store, month: str = MONTH) -> Digest:
    ((issue,),) = state(store, select(Issue).where(Issue.month == month))
    return digest_of(issue)


def sections(page: str) -> list[str]:
    """Name the stage sections of a page by the ids of their headings."""
    ids = [element.get("id") or "" for element in html.fromstring(page).iter()]
    return [id_ for id_ in ids if re.fullmatch(r"stage-\d+", id_)]


def front(page: str) -> str:
    """Read the words of a page up to its table of contents."""
    return " ".join("".join(str(text) for text in html.fromstring(page).itertext()).split()).partition("In this issue")[
        0
    ]


def closed_port() -> int:
    """Find a port on loopback where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """Settings of a machine whose every source refuses the connection."""
    port = closed_port()
    url = f"http://127.0.0.1:{port}"
    return {
        "SHIRUBE_DATA_DIR": str(tmp_path / "var"),
        "SHIRUBE_ARXIV_URL": url,
        "SHIRUBE_HF_URL": url,
        "SHIRUBE_PWC_URL": f"{url}/api/v1",
        "SHIRUBE_LAB_FEEDS": f'{{"openai": "{url}/a", "qwen": "{url}/b", "google-deepmind": "{url}/c"}}',
        "SHIRUBE_ALLOW_PRIVATE_HOSTS": f'["127.0.0.1:{port}"]',
        "SHIRUBE_ARXIV_DELAY_SECONDS": "0",
    }


def test_one_command_makes_the_digest_in_both_languages(october: Store) -> None:
    assert october.made.code == 0
    assert october.made.out == f"{october.folder / 'digests' / MONTH}.html\n"
    english, japanese = october.page(), october.page(f"{MONTH}.ja.html")
    assert sections(english) == sections(japanese) == [f"stage-{number}" for number in range(1, 9)]
    assert html.fromstring(english).get("lang") == "en"
    assert html.fromstring(japanese).get("lang") == "ja"
    assert "<script" not in english


def test_everything_the_sources_have_of_the_month_is_stored(october: Store) -> None:
    here = {p.arxiv_id for p in october.up.catalogue if first_day(MONTH) <= p.submitted.date() <= last_day(MONTH)}
    stored = {id_ for (id_,) in state(october, select(Item.id).where(Item.month == MONTH, Item.kind == "paper"))}
    assert stored == here
    rows = state(october, select(Window.source, Window.state, Window.expected, Window.received))
    assert {source for source, *_ in rows} == set(NETWORK_SOURCES) - set(added())
    assert {state_ for _, state_, *_ in rows} == {"closed"}
    assert all(expected in (None, received) for *_, expected, received in rows)


def test_the_draft_says_so_and_files_papers_under_every_stage(october: Store) -> None:
    found = digest(october)
    assert (found.status, found.coverage.failed) == ("draft", ())
    assert (
        found.coverage.stored
        == found.coverage.ranked
        == len(state(october, select(Item.id).where(Item.month == MONTH, Item.kind == "paper")))
    )
    assert [stage.number for stage in found.stages] == list(range(1, 9))
    assert all(stage.entries for stage in found.stages)
    wanted = {paper.arxiv_id: paper.topic for paper in october.up.catalogue}
    right = [wanted.get(entry.id) in {topic.key for topic in entry.topics} for entry in found.entries.values()]
    assert sum(right) > 0.8 * len(right)


def test_a_second_run_adds_no_row_and_gives_the_same_bytes(mine: Store) -> None:
    before, pages = counts(mine), [mine.page(), mine.page(f"{MONTH}.ja.html")]
    asked = len(mine.up.log)
    again = run("digest", MONTH, env=mine.env)
    assert again.code == 0
    assert counts(mine) == before
    assert [mine.page(), mine.page(f"{MONTH}.ja.html")] == pages
    listings = [r for r in mine.up.log[asked:] if r.method == "GET" and "/papers/" not in r.path]
    assert listings == []  # what was read to the end an instant ago is not asked again


def test_a_draft_does_not_follow_the_clock(mine: Store) -> None:
    later = DRAFT.replace(hour=23)
    assert run("digest", MONTH, "--offline", "--out", str(mine.folder / "one"), env=mine.env).code == 0
    assert run("digest", MONTH, "--offline", "--out", str(mine.folder / "two"), env=mine.env, now=later).code == 0
    one, two = ((mine.folder / name / f"{MONTH}.html").read_bytes() for name in ("one", "two"))
    assert one == two


def test_the_data_folder_is_private(october: Store) -> None:
    assert stat.S_IMODE(october.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((october.folder / "shirube.db").stat().st_mode) == 0o600


def test_after_the_closing_time_it_is_final_and_frozen(final: Store, tmp_path: Path) -> None:
    found = digest(final)
    assert (final.made.code, found.status, found.published) == (0, "final", CLOSED)
    copy = final.copied(tmp_path / "copy")
    popular = next(p.arxiv_id for p in copy.up.catalogue if p.daily and p.daily.day == date(2026, 10, 29))
    world, page = copy.up.catalogue, copy.page()
    votes = world.bump(popular, 500)
    ended = run("digest", MONTH, env=copy.env, now=CLOSED.replace(day=9))
    world.bump(popular, -500)
    assert ended.code == 0
    assert state(copy, select(Item.votes).where(Item.id == popular)) == [(votes,)]
    assert copy.page() == page


@pytest.mark.parametrize(
    ("form", "lang", "name"),
    [("text", "en", "2026-10.txt"), ("json", "en", "2026-10.json"), ("markdown", "ja", "2026-10.ja.md")],
)
def test_every_format_is_written_under_its_name(mine: Store, form: str, lang: str, name: str) -> None:
    out = mine.folder / "out"
    words = ("digest", MONTH, "--offline", "--format", form, "--lang", lang)
    ended = run(*words, "--out", str(out), env=mine.env)
    assert (ended.code, ended.out) == (0, f"{out / name}\n")
    assert [file.name for file in out.iterdir()] == [name]
    assert run(*words, "--out", "-", env=mine.env).out == (out / name).read_text(encoding="utf-8")


def test_a_view_of_a_stage_never_replaces_the_whole(mine: Store) -> None:
    page = mine.page()
    ended = run("digest", MONTH, "--offline", "--stage", "5", "--minutes", "60", env=mine.env)
    assert ended.code == 0
    view = Path(ended.out.strip())
    assert view.name != f"{MONTH}.html"
    assert sections(view.read_text(encoding="utf-8")) == ["stage-5"]
    assert mine.page() == page
    assert digest(mine).status == "draft"


def test_a_folder_that_cannot_be_written_ends_with_one(mine: Store) -> None:
    blocked = mine.folder / "a-file"
    blocked.write_text("in the way")
    ended = run("digest", MONTH, "--offline", "--out", str(blocked), env=mine.env)
    assert ended.code == 1
    assert "--out" in ended.err


@pytest.mark.parametrize(
    ("route", "source", "name"),
    [
        ("/api/query", "arxiv", "arXiv"),
        ("/api/daily_papers", "hf", "Daily Papers"),
        ("/api/v1", "pwc", "Papers with Code"),
    ],
)
def test_a_source_that_is_down_is_named_and_the_others_go_on(
    empty: dict[str, str], up: Upstream, route: str, source: str, name: str
) -> None:
    up.fault(route, status=503)
    ended = run("digest", MONTH, env=empty)
    store = Store(up, empty, ended)
    assert ended.code == 3
    assert f"{name} failed" in ended.err
    assert "Traceback" not in ended.err
    found = digest(store)
    assert found.coverage.failed == (source,)
    assert "partial" in [banner.kind for banner in found.banners]
    assert re.search(rf"Not complete: [^.]*{name}\.", front(store.page()))
    others = {s for (s,) in state(store, select(Window.source).where(Window.state == "closed"))}
    assert others == set(NETWORK_SOURCES) - set(added()) - {source}
    up.clear_faults()
    again = run("digest", MONTH, env=empty)
    assert again.code == 0
    assert digest(store).coverage.failed == ()


def test_without_any_network_the_sample_is_made(nowhere: dict[str, str], up: Upstream) -> None:
    started = time.monotonic()
    ended = run("digest", env=nowhere)
    assert time.monotonic() - started < SECONDS_WITHOUT_NETWORK
    store = Store(up, nowhere, ended)
    assert ended.code == 0
    assert ended.out == f"{store.folder / 'digests' / '2026-06.html'}\n"
    assert all(name in ended.err for name in ("arXiv", "Daily Papers", "Papers with Code", "labs", "SAMPLE"))
    found = digest(store, "2026-06")
    assert (found.status, found.banners[0].kind) == ("sample", "sample")
    assert re.search(r"\bsample\b", front(store.page("2026-06.html")), re.IGNORECASE)
    assert sections(store.page("2026-06.html")) == [f"stage-{number}" for number in range(1, 9)]
    # With a store that holds nothing else, real data replaces the sample's month as soon as it can be reached.
    online = {**up.environment(), "SHIRUBE_DATA_DIR": nowhere["SHIRUBE_DATA_DIR"]}
    assert run("digest", MONTH, env=online).code == 0
    assert {month for (month,) in state(store, select(Issue.month))} == {"2026-06", MONTH}
    refused = run("send", "2026-06", env={**online, **MAIL})
    assert refused.code == 1


MAIL = {"SHIRUBE_BASE_URL": "https://road.example", "SHIRUBE_MAIL_FROM": "Shirube <digest@road.example>"}


def test_without_network_what_is_stored_is_shown_and_the_failure_counts(mine: Store, nowhere: dict[str, str]) -> None:
    papers = state(mine, select(func.count()).select_from(Item))
    ended = run("digest", MONTH, env={**nowhere, "SHIRUBE_DATA_DIR": str(mine.folder)}, now=CLOSED)
    assert ended.code == 3
    assert state(mine, select(func.count()).select_from(Item)) == papers
    found = digest(mine)
    assert found.status == "draft"
    assert sections(mine.page()) == [f"stage-{number}" for number in range(1, 9)]


class Stopped(Bench):
    """The wiring of a person who presses Ctrl-C while arXiv is read."""

    def sources(self, names: tuple[str, ...] = NETWORK_SOURCES, *, channels: bool = True) -> list[Source]:
        """Let the third day of arXiv's API be interrupted."""
        found = super().sources(names, channels=channels)
        return [Interrupted(source) if isinstance(source, ArxivApi) else source for source in found]


class Interrupted:
    """A source that is stopped by hand in its third window."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.name = source.name
        self.windows_read = 0

    def windows(self, start: date, end: date, today: date) -> list[Stretch]:
        """The source's own."""
        return self.source.windows(start, end, today)

    def reread_days(self) -> int:
        """The source's own."""
        return self.source.reread_days()

    def fetch(self, window: Stretch, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Any]:
        """Stop after the first page of the third window."""
        self.windows_read += 1
        for page in self.source.fetch(window, now):
            yield page
            if self.windows_read == 3:
                raise KeyboardInterrupt


def test_ctrl_c_makes_the_digest_of_what_came(empty: dict[str, str], up: Upstream) -> None:
    ended = run("digest", MONTH, env=empty, wiring=Stopped)
    store = Store(up, empty, ended)
    assert ended.code == 3
    assert "Stopped" in ended.err
    assert sections(store.page()) == [f"stage-{number}" for number in range(1, 9)]
    found = digest(store)
    assert (found.status, found.coverage.stored) == ("draft", found.coverage.ranked)
    windows = state(store, select(Window.state).where(Window.channel == "api"))
    assert windows.count(("closed",)) == 2
    assert windows.count(("open",)) == 29
    assert run("digest", MONTH, env=empty).code == 0
    assert digest(store).coverage.failed == ()


def test_ctrl_c_stops_a_pull_and_keeps_what_came(empty: dict[str, str], up: Upstream) -> None:
    ended = run("pull", "--source", "arxiv", "--since", "2026-10-01", env=empty, wiring=Stopped)
    assert ended.code == 3
    assert "what was read is kept" in ended.err
    assert state(Store(up, empty, ended), select(func.count()).select_from(Item))[0][0] > 0


def test_the_month_people_mean_is_the_last_one_in_the_first_week(mine: Store) -> None:
    ended = run("digest", "--offline", env=mine.env, now=datetime.fromisoformat("2026-11-03T09:00:00+00:00"))
    assert (ended.code, Path(ended.out.strip()).name) == (0, f"{MONTH}.html")


def test_the_same_store_comes_of_the_same_sources(october: Store, empty: dict[str, str]) -> None:
    run("digest", MONTH, env=empty)
    dumps = []
    for store in (october, Store(october.up, empty, october.made)):
        engine = make_engine(f"sqlite:///{store.folder / 'shirube.db'}")
        dumps.append(dump(make_sessions(engine)))
        engine.dispose()
    assert dumps[0] == dumps[1]
