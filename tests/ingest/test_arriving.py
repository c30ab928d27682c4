"""The short way gives the rows of the long one: record by record, and for whole batches in both databases."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.record import Author, CodeLink, PaperRecord, Version
from db.engine import Sessions
from db.search import rebuild
from ingest import direct
from ingest.claims import RecordError
from ingest.merge import believe, month_for
from ingest.rows import to_row
from ingest.service import store
from ingest.service.arriving import store_many
from tests.conftest import NOW
from tests.ingest.fake import dump

THEN = datetime(2026, 6, 3, 17, 1, 2, tzinfo=UTC)
PLAIN = PaperRecord(
    source="arxiv-snapshot",
    id="2606.00001",
    kind="paper",
    title="Brass herons",
    as_of=THEN,
    arxiv_id="2606.00001",
    abstract="Herons wade.",
    authors=(Author("Ada Moorhen"), Author("Bo Coot", "Heronry")),
    categories=("cs.LG", "cs.CL"),
    submitted=THEN,
    version=1,
    versions=(Version(1, THEN),),
    withdrawn=False,
)

WORDS = [
    *("", " ", "Herons", "  Herons\n wade ", "Hérons", "x\x00y\u202e", "a|b", "|", "\ud800", "n" * 301, "tab\there"),
    *("10.1/B", "10.1/b", "https://doi.org/10.2/C", "10.48550/arXiv.2606.00001", "nb\xa0sp", "w " * 2_600),
    *("&nbsp;", "Herons&#39; &amp; tin &lt;3", "R&D; &#0;"),
    *(r"Fr\'echet's $\'e$", r"{\L}\&#39;a"),
]
MOMENTS = [
    *(THEN, THEN.replace(hour=0, minute=0, second=0), THEN.replace(microsecond=7), THEN.replace(tzinfo=None)),
    *(NOW, NOW + timedelta(days=1), NOW + timedelta(days=9), datetime(1980, 1, 1, tzinfo=UTC)),
    *(datetime(2026, 7, 1, 5, tzinfo=UTC), datetime(2026, 7, 3, tzinfo=UTC), datetime(1991, 8, 1, tzinfo=UTC)),
]
IDS = ["2606.00001", "math/0309136", "2613.00001", "2606.00001v2", "cs.LG/0309136", "heronry:x"]
words, moments = st.sampled_from(WORDS), st.sampled_from(MOMENTS)
numbers = st.sampled_from([None, 0, 1, 2, -1, 2**31])


links = st.builds(
    CodeLink,
    st.sampled_from(["https://example.org/c/d", "https://github.com/a/b", "https://github.com/A/b", "github.com/a/b"]),
    st.none() | st.booleans(),
    st.none() | st.sampled_from([0, 7]),
)


@st.composite
def records(draw: st.DrawFn) -> PaperRecord:
    """Draw a record that is nearly plain: a few of its fields are odd."""
    odd: dict[str, st.SearchStrategy[Any]] = {
        "source": st.sampled_from(["arxiv", "arxiv-snapshot", "hf", "pwc"]),
        "id": st.sampled_from(IDS),
        "title": words,
        "abstract": st.none() | words,
        "authors": st.lists(st.builds(Author, words, st.none() | words), max_size=4).map(tuple),
        "categories": st.lists(words, max_size=4).map(tuple),
        "comment": st.none() | words,
        "doi": st.none() | words,
        "journal_ref": st.none() | words,
        "as_of": moments,
        "submitted": st.none() | moments,
        "version": numbers,
        "versions": st.lists(st.builds(Version, st.sampled_from([0, 1, 2, 2**31]), moments), max_size=3).map(tuple),
        "withdrawn": st.sampled_from([None, True, False]),
        "votes": st.sampled_from([None, 3]),
        "url": st.sampled_from([None, "https://example.org/x"]),
        "code": st.lists(links, max_size=3).map(tuple),
    }
    names = draw(st.lists(st.sampled_from(sorted(odd)), max_size=4, unique=True))
    record = replace(PLAIN, **{name: draw(odd[name]) for name in names})
    return replace(record, arxiv_id=None if ":" in record.id else record.id)


@settings(max_examples=400)
@given(records())
def test_a_row_made_at_once_is_the_row_that_merging_makes(record: PaperRecord) -> None:
    found = direct.row(record, NOW)
    if found is not None:
        belief = believe(record, NOW)
        assert found == to_row(belief, month_for(belief, None, ()), NOW)


@settings(max_examples=100)
@given(records())
def test_what_merging_refuses_is_left_to_it(record: PaperRecord) -> None:
    try:
        believe(record, NOW)
    except RecordError:
        assert direct.row(record, NOW) is None


def test_entities_left_in_titles_and_abstracts_are_read() -> None:
    row = direct.row(replace(PLAIN, title="Herons&#39; tin", abstract="Tin &amp; brass", comment="a &amp; b"), NOW)
    assert row is not None
    assert (row["title"], row["folded_title"]) == ("Herons' tin", "herons tin")
    assert (row["abstract"], row["comment"]) == ("Tin & brass", "a &amp; b")


def test_accents_of_tex_in_titles_and_abstracts_are_read() -> None:
    row = direct.row(replace(PLAIN, title=r"Fr\'echet tin", abstract=r"An Erd\H{o}s $\'e$", comment=r"Fr\'echet"), NOW)
    assert row is not None
    assert (row["title"], row["folded_title"]) == ("Fréchet tin", "frechet tin")
    assert (row["abstract"], row["comment"]) == (r"An Erdős $\'e$", r"Fr\'echet")


def test_plain_papers_take_the_short_way() -> None:
    assert direct.row(PLAIN, NOW) is not None
    assert direct.row(replace(PLAIN, authors=(), abstract=None, versions=(), withdrawn=None), NOW) is not None
    code = CodeLink("https://github.com/heron/brass"), CodeLink("https://github.com/heron/anvil")
    assert direct.row(replace(PLAIN, code=code), NOW) is not None


def numbered(number: int, **given: Any) -> PaperRecord:
    item_id = f"2606.{number:05d}"
    return replace(PLAIN, **{"id": item_id, "arxiv_id": item_id, "title": f"Brass herons {number}"} | given)


POST = replace(
    PLAIN, source="labs", id="heronry:first", arxiv_id=None, kind="post", title="Brass herons 3", url="https://h.example/1",
    submitted=None, feed_date=THEN.date(), version=None, versions=(), withdrawn=None, doi="10.1/seven", categories=(),
)  # fmt: skip
BATCHES: list[list[PaperRecord]] = [
    [numbered(1), numbered(2, source="hf", votes=4), POST],
    [
        *(numbered(n) for n in range(1, 6)),  # 1 and 2 are stored, 3 is the post by title
        numbered(6),
        numbered(6, version=2, title="Brass herons, again"),  # twice in one batch
        numbered(7, doi="10.1/seven"),
        numbered(8, title=""),
        numbered(9, title="\ud800 surrogates\x00", comment="é" * 6_000, authors=(Author("Zoë"), Author(" "))),
        numbered(10, withdrawn=True, version=3),
        numbered(11, withdrawn=True, version=None),
        numbered(12, submitted=None, versions=(Version(1, THEN), Version(2, NOW))),
    ],
    [numbered(n, as_of=NOW, abstract="Herons wade more.") for n in (2, 4, 11)],
]


def filled(sessions: Sessions, how: Any, batches: Sequence[Sequence[PaperRecord]]) -> list[Any]:
    tallies = []
    for batch in batches:
        with sessions.begin() as session:
            tallies.append(how(session, batch, NOW))
    return tallies


def emptied(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.execute(text("DELETE FROM item"))
        session.execute(text("DELETE FROM note"))


def test_many_at_once_come_to_the_same_rows(sessions: Sessions) -> None:
    tallies = filled(sessions, store, BATCHES)
    expected = dump(sessions)
    emptied(sessions)
    assert dump(sessions) != expected
    assert filled(sessions, store_many, BATCHES) == tallies
    assert dump(sessions) == expected
    with sessions.begin() as session:
        rebuild(session)
    assert dump(sessions) == expected


def test_bytes_are_those_of_the_long_way(sqlite_sessions: Sessions) -> None:
    """Not only equal when read: an update must not take an equal value for another."""
    filled(sqlite_sessions, store, BATCHES)
    expected = raw(sqlite_sessions)
    emptied(sqlite_sessions)
    filled(sqlite_sessions, store_many, BATCHES)
    assert raw(sqlite_sessions) == expected


def raw(sessions: Sessions) -> list[Any]:
    with sessions.begin() as session:
        tables = ("SELECT * FROM item ORDER BY id", "SELECT * FROM version ORDER BY 1, 2")
        return [tuple(row) for query in tables for row in session.connection().exec_driver_sql(query)]


@pytest.mark.parametrize("times", [1, 2])
def test_a_batch_again_changes_nothing(sessions: Sessions, times: int) -> None:
    filled(sessions, store_many, BATCHES[1:2])
    before = dump(sessions)
    again = filled(sessions, store_many, BATCHES[1:2] * times)
    assert all((tally.new, tally.changed) == (0, 0) for tally in again)
    assert dump(sessions) == before
