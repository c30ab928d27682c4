"""Names of items: whatever an item was once told by stays, whichever claim won."""

from collections.abc import Sequence
from datetime import date
from functools import reduce

from hypothesis import example, given
from hypothesis import strategies as st

from core.record import Author, PaperRecord
from ingest.believed import Believed
from ingest.merge import believe, join
from ingest.names import names, same
from tests.ingest.test_merge import NOW, post, record

# An author named "!!!" folds to nothing: such a claim may win and yet be no name.
authors = st.sampled_from(
    [(), (Author("Ada Moorhen"),), (Author("ADA  Moörhen"),), (Author("Bo Coot"),), (Author("!"),)]
)
titles = st.sampled_from(["Clockwork herons", "clockwork HERONS!", "On herons", "?!", "h" * 400])
dois = st.sampled_from([None, "10.1/a", "10.1/b", "10.1/" + "c" * 400])
posts = st.builds(post, title=titles, authors=authors, doi=dois, feed_date=st.none() | st.just(date(2025, 12, 31)))
papers = st.builds(
    record, st.sampled_from(["arxiv", "hf", "elsewhere"]), title=titles, authors=authors, doi=dois,
    submitted=st.sampled_from([None, *(NOW.replace(year=year, month=6) for year in (2025, 2026))]),
)  # fmt: skip
told = st.lists(papers | posts, min_size=1, max_size=5)


def united(beliefs: Sequence[Believed]) -> Believed:
    return reduce(join, beliefs)


@given(told)
@example([record(authors=(Author("Ada Moorhen"),)), record("hf", authors=(Author("!"),))])
def test_an_item_has_every_name_that_any_claim_gave_it(records: list[PaperRecord]) -> None:
    beliefs = [believe(each, NOW) for each in records]
    whole = names(united(beliefs))
    for kind, values in whole.items():
        assert values == frozenset().union(*(names(belief)[kind] for belief in beliefs))


@given(told, st.data())
def test_aliases_are_the_same_in_any_order_and_only_where_claims_differ(
    records: list[PaperRecord], data: st.DataObject
) -> None:
    beliefs = [believe(each, NOW) for each in records]
    shuffled = data.draw(st.permutations(beliefs + beliefs[:2]))
    assert united(shuffled).aliases == united(beliefs).aliases
    assert united(beliefs[:1] * 3).aliases == frozenset()


def test_a_work_is_told_by_its_doi_or_by_title_author_and_year_together() -> None:
    ada = (Author("Ada Moorhen"),)
    paper = names(believe(record(authors=ada, doi="10.1/A"), NOW))
    assert same(paper, names(believe(post(title="Other", doi="10.1/a"), NOW)))
    assert same(paper, names(believe(post(authors=ada, feed_date=date(2026, 1, 1)), NOW)))
    assert not same(paper, names(believe(post(authors=ada, feed_date=date(2025, 1, 1)), NOW)))
    assert not same(paper, names(believe(post(authors=ada), NOW)))
    assert not same(paper, names(believe(post(feed_date=date(2026, 1, 1)), NOW)))
