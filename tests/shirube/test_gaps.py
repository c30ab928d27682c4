"""A month with a gap says so first, in every format it is read in, until the gap is closed."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import html
from sqlalchemy import exists, select

from db.models import IssueItem, Item
from digest.formats.email import Reader
from digest.model import Digest
from digest.press import message_parts
from tests.shirube.command import DRAFT, run
from tests.shirube.conftest import MONTH, Store
from tests.shirube.test_digest import digest, state
from tests.upstream import Upstream

DAY = date(2026, 10, 13)
LONG_AFTER = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # more than seven days past the closing time
HEAD = {"en": "Partly done.", "ja": "一部のみ完了。"}
SAYS = {"en": "arXiv (13 Oct)", "ja": "arXiv（10月13日）"}


@pytest.fixture(scope="module")
def cut(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """October, of which one day of arXiv arrived only in part; only to be read."""
    env = {**up.environment(), "SHIRUBE_DATA_DIR": str(tmp_path_factory.mktemp("cut") / "var")}
    up.fault("/api/query", "cut", containing=f"{DAY:%Y%m%d}0000")
    yield Store(up, env, run("digest", MONTH, env=env))
    up.clear_faults()


def written(store: Store, form: str, lang: str) -> str:
    """The digest of what is stored, in one format."""
    words = ("digest", MONTH, "--offline", "--format", form, "--lang", lang, "--out", "-")
    return run(*words, env=store.env, now=DRAFT).out


def top(page: str, issue: Digest) -> str:
    """The words of a page before the first address of a paper."""
    first = page[: min(page.index(f"/{id_}") for id_ in issue.entries if f"/{id_}" in page)]
    words = "".join(str(text) for text in html.fromstring(first).itertext()) if first.startswith("<") else first
    return " ".join(words.replace("\u00a0", " ").split())


def mail(issue: Digest, lang: str) -> tuple[str, str]:
    """Both parts of the mail."""
    parts = message_parts(
        issue,
        lang,
        Reader((), None, "https://road.example", None, "https://road.example/s/t/unsubscribe", "r•••@example.org"),
    )
    return parts.html, parts.text


def test_the_gap_is_the_day_that_was_cut(cut: Store) -> None:
    assert cut.made.code == 3
    (arxiv,) = [source for source in digest(cut).coverage.sources if source.source == "arxiv"]
    assert (arxiv.state, arxiv.missing_days) == ("partial", (DAY,))


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("form", ["html", "text", "markdown"])
def test_a_page_names_the_day_and_the_source_before_any_paper(cut: Store, form: str, lang: str) -> None:
    said = top(written(cut, form, lang), digest(cut))
    assert HEAD[lang] in said
    assert SAYS[lang] in said


def test_json_names_the_day_and_the_source(cut: Store) -> None:
    found = json.loads(written(cut, "json", "en"))
    facts = [banner["facts"] for banner in found["banners"] if banner["kind"] == "partial"]
    assert facts == [{"sources": "arxiv", "days": DAY.isoformat()}]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_both_parts_of_a_mail_name_the_day_and_the_source(cut: Store, lang: str) -> None:
    issue = digest(cut)
    for part in mail(issue, lang):
        said = top(part, issue)
        assert HEAD[lang] in said
        assert SAYS[lang] in said


def test_a_month_whose_days_are_fetched_long_after_its_time_closes_once_they_are_read(
    cut: Store, tmp_path: Path
) -> None:
    late = cut.copied(tmp_path / "late")
    cut.up.clear_faults()
    ended = run("digest", MONTH, env=late.env, now=LONG_AFTER)
    cut.up.fault("/api/query", "cut", containing=f"{DAY:%Y%m%d}0000")
    assert ended.code == 0
    issue = digest(late)
    assert issue.status == "final"
    assert [banner.kind for banner in issue.banners] == []
    (arxiv,) = [source for source in issue.coverage.sources if source.source == "arxiv"]
    assert (arxiv.state, arxiv.missing_days) == ("complete", ())
    unconsidered = select(Item.id).where(Item.month == MONTH, ~exists().where(IssueItem.item_id == Item.id))
    assert state(late, unconsidered) == []


def test_a_gap_that_was_closed_is_not_spoken_of(cut: Store, tmp_path: Path) -> None:
    mended = cut.copied(tmp_path / "mended")
    cut.up.clear_faults()
    ended = run("digest", MONTH, env=mended.env)
    cut.up.fault("/api/query", "cut", containing=f"{DAY:%Y%m%d}0000")
    assert ended.code == 0
    assert HEAD["en"] not in written(mended, "text", "en")
