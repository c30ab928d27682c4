"""arXiv's three channels at the command line: pull reads them all, a digest its API alone, and nothing goes missing."""

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import create_engine, text

from ingest.source import Source
from ingest.sources.arxiv_api import ArxivApi
from ingest.sources.arxiv_oai import ArxivOai
from ingest.sources.arxiv_rss import ArxivRss
from shirube.settings import load_settings
from tests.shirube.command import Bench, run
from tests.shirube.conftest import Store
from tests.upstream import Upstream

FRIDAY = datetime(2026, 10, 30, 16, tzinfo=UTC)  # the day of the stand-in's feeds
CATEGORIES = "cs.LG cs.CL"
PULL = ("pull", "--source", "arxiv", "--since", "2026-10-27", "--until", "2026-10-30")


def asked(up: Upstream, prefix: str) -> list[str]:
    """The paths of the requests to a service."""
    return [request.path for request in up.requests(prefix)]


def rows(env: dict[str, str], query: str) -> list[tuple[object, ...]]:
    """Rows of a store."""
    engine = create_engine(f"sqlite:///{Path(env['SHIRUBE_DATA_DIR']) / 'shirube.db'}")
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]
    finally:
        engine.dispose()


def test_a_pull_reads_all_three_channels(empty: dict[str, str], up: Upstream) -> None:
    env = {**empty, "SHIRUBE_CATEGORIES": CATEGORIES}
    up.log.clear()
    ended = run(*PULL, env=env, now=FRIDAY)
    assert ended.code == 0, ended.err
    assert asked(up, "/rss/") == ["/rss/cs.LG", "/rss/cs.CL"]
    # Changes before the first pull are in what it read: today's lists alone are asked for.
    assert ["2026-10-30" in request.query for request in up.requests("/oai")] == [True, True]
    assert len(asked(up, "/api/query")) >= 4
    channels = rows(
        env, "SELECT channel, count(*) FROM window WHERE state = 'closed' GROUP BY channel ORDER BY channel"
    )
    assert channels == [("api", 4), ("oai:cs:cs:CL", 1), ("oai:cs:cs:LG", 1), ("rss:cs.CL", 1), ("rss:cs.LG", 1)]
    announced = rows(env, "SELECT count(*), count(submitted) FROM item WHERE announced = '2026-10-30'")
    assert announced[0][0] == announced[0][1] != 0
    assert rows(env, "SELECT min(received) FROM window WHERE channel LIKE 'oai:%'")[0][0] != 0


def test_what_the_api_holds_back_is_found_by_the_announcements_and_named(empty: dict[str, str], up: Upstream) -> None:
    env = {**empty, "SHIRUBE_CATEGORIES": "cs.LG"}
    body = up.answer("/rss/cs.LG", {}).body.decode()
    run(*PULL, env=env, now=FRIDAY)
    ((lost,),) = rows(env, "SELECT min(id) FROM item WHERE announced = '2026-10-30'")
    try:
        up.catalogue.hold(str(lost))
        other = {**env, "SHIRUBE_DATA_DIR": env["SHIRUBE_DATA_DIR"] + "2"}
        up.fault("/rss/cs.LG", status=200, body=body)
        ended = run(*PULL, env=other, now=FRIDAY)
        assert ended.code == 3
        assert f"announced, but not given by the API: {lost}" in " ".join(ended.out.split())
        assert rows(other, "SELECT state FROM window WHERE channel = 'rss:cs.LG'") == [("stale",)]
        assert rows(other, f"SELECT count(*) FROM item WHERE id = '{lost}'") == [(1,)]  # noqa: S608 - our own id
    finally:
        up.catalogue.release(str(lost))
    up.clear_faults()
    again = run(*PULL, env=other, now=FRIDAY)
    assert again.code == 0, again.out + again.err
    assert rows(other, "SELECT state, error FROM window WHERE channel = 'rss:cs.LG'") == [("closed", None)]


def test_a_digest_asks_the_api_alone(october: Store) -> None:
    kinds = rows(october.env, "SELECT DISTINCT channel FROM window WHERE source = 'arxiv'")
    assert kinds == [("api",)]
    assert "cs.LG" in october.up.requests("/api/query")[0].query


def sources(env: dict[str, str], *, channels: bool) -> list[Source]:
    """arXiv's sources as wired."""
    settings = load_settings(data_dir=Path(env["SHIRUBE_DATA_DIR"]), categories=("cs.LG",))
    return Bench(settings, lambda: FRIDAY).sources(("arxiv",), channels=channels)


def test_the_wiring_gives_one_source_or_three(empty: dict[str, str]) -> None:
    assert [type(source) for source in sources(empty, channels=False)] == [ArxivApi]
    api, rss, oai = sources(empty, channels=True)
    assert [type(source) for source in (api, rss, oai)] == [ArxivApi, ArxivRss, ArxivOai]
    today, start = FRIDAY.date(), date(2026, 9, 1)
    assert [window.start for window in oai.windows(start, today, today)] == [today]
    assert [window.start for window in rss.windows(start, today, today)] == [today]
