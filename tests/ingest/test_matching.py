"""Matching: what is one item, found in whatever order its claims come; two papers never are."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import parse_arxiv_id
from core.record import Author, PaperRecord
from ingest.batch import Plan, Stock, plan
from ingest.believed import Believed
from ingest.matching import Matcher
from ingest.merge import believe, join
from ingest.rows import Row, from_row, to_row
from tests.ingest.test_merge import ID, NOW, post, record

ADA = (Author("Ada Moorhen"),)
DAY = date(2026, 6, 9)


@pytest.mark.parametrize(
    ("known", "fresh", "same"),
    [
        (record(), record("hf", title="Other words"), True),
        (record(doi="10.1/HERON"), post(doi="https://doi.org/10.1/heron"), True),
        (record(doi="10.1/heron"), record(id="2606.00043", arxiv_id="2606.00043", doi="10.1/heron"), False),
        (record(authors=ADA), post(title="clockwork  HERONS!", authors=ADA, feed_date=DAY), True),
        (record(authors=ADA), post(authors=ADA, feed_date=date(2025, 6, 9)), False),
        (record(authors=ADA), post(authors=(), feed_date=DAY), False),
        (post(authors=ADA, feed_date=DAY), record(authors=ADA), True),
        (post(authors=ADA, feed_date=DAY), post(id="other:blog", authors=ADA, feed_date=DAY), True),
        (record(), record(title="", withdrawn=True), True),
        (post(), record("labs", title="Other words", aliases=("heronry:clockwork",)), True),
        (record("labs", aliases=("heronry:clockwork",)), post(title="Other words"), True),
        (
            post(id="heronry:a", aliases=("heronry:c",)),
            post(id="heronry:b", title="Words", aliases=("heronry:c",)),
            True,
        ),
        (record(aliases=("heronry:a",)), record(id="2606.00043", arxiv_id="2606.00043", aliases=("heronry:a",)), False),
    ],
)
def test_what_is_one_item(known: PaperRecord, fresh: PaperRecord, same: bool) -> None:
    one, other = believe(known, NOW), believe(fresh, NOW)
    assert Matcher([one]).united(other) == ((join(other, one), [one.id]) if same else (other, []))


@pytest.mark.parametrize(
    "form",
    [
        *("math.GT/0309136v1", "math/0309136", "https://arxiv.org/abs/math/0309136", "arXiv:math/0309136v3"),
        *("https://doi.org/10.48550/arXiv.math/0309136", "oai:arXiv.org:math/0309136", "http://arxiv.org/pdf/math/0309136.pdf"),
    ],
)  # fmt: skip
def test_every_form_of_an_arxiv_id_leads_to_the_one_paper(form: str) -> None:
    parsed = parse_arxiv_id(form)
    assert parsed is not None
    known = believe(record(id="math/0309136", arxiv_id="math/0309136"), NOW)
    fresh = believe(record("pwc", id=parsed[0], arxiv_id=parsed[0], title="Other words"), NOW)
    assert Matcher([known]).united(fresh)[1] == ["math/0309136"]


def test_a_post_that_proves_to_be_a_paper_becomes_it_in_either_order() -> None:
    paper, note = believe(record(authors=ADA), NOW), believe(post(authors=ADA, feed_date=DAY), NOW)
    both = join(paper, note)
    assert both == join(note, paper)
    assert (both.id, both.kind, sorted(both.sources)) == (ID, "paper", ["arxiv", "labs"])
    assert both.aliases == {("id", ID), ("id", note.id)}
    assert from_row(to_row(both, "2026-06", NOW)) == both
    assert Matcher([both]).united(note) == (both, [ID])  # the post is still found by the id it had


def test_a_post_in_a_final_issue_keeps_its_name() -> None:
    paper, told = believe(record(authors=ADA), NOW), believe(post(authors=ADA, feed_date=DAY), NOW)
    matcher = Matcher([told], frozen={told.id})
    assert matcher.united(paper) == (paper, [])
    matcher.add(paper)
    assert matcher.united(told) == (told, [told.id])


def test_a_post_in_a_final_issue_is_no_paper_but_may_be_told_by_another_address() -> None:
    told = believe(post(aliases=("heronry:old",)), NOW)
    matcher = Matcher([told], frozen={told.id})
    paper = believe(record("labs", aliases=(told.id,)), NOW)
    assert matcher.united(paper) == (paper, [])
    for item_id, aliases in (("heronry:a", (told.id,)), ("heronry:old", ()), ("heronry:b", ("heronry:old",))):
        whole, taken = matcher.united(believe(post(id=item_id, aliases=aliases), NOW))
        assert (whole.id, taken) == (told.id, [told.id])


def test_another_id_may_show_that_two_stored_items_are_one() -> None:
    stored_twice = [believe(record(), NOW), believe(post(title="A post"), NOW)]
    whole, taken = Matcher(stored_twice).united(believe(record("labs", aliases=("heronry:clockwork",)), NOW))
    assert (whole.id, sorted(taken)) == (ID, [ID, "heronry:clockwork"])


def test_another_id_must_be_one_that_a_post_could_have() -> None:
    kept = believe(
        record("labs", aliases=("heronry:a", "", "2606.00043", "heronry:", "a:b\x00", "a:" + "b" * 300)), NOW
    )
    assert kept.aliases == {("id", "heronry:a")}


def test_a_claim_may_show_that_two_known_items_are_one() -> None:
    paper = believe(record(doi="10.1/a"), NOW)
    first = believe(post(id="heronry:a", title="First words", authors=ADA, feed_date=DAY), NOW)
    told = believe(post(id="elsewhere:b", title="First words", authors=ADA, feed_date=DAY, doi="10.1/a"), NOW)
    whole, taken = Matcher([paper, first]).united(told)
    assert (whole.id, sorted(taken)) == (ID, [ID, "heronry:a"])


TWINS = ("2606.00042", "2606.00043", "2606.00044")
POSTS = ("heronry:a", "heronry:b", "other:c")


@st.composite
def claims(draw: st.DrawFn, others: Sequence[str] = ()) -> PaperRecord:
    given: dict[str, Any] = {
        "title": draw(st.sampled_from(["Clockwork herons", "On herons"])),
        "authors": draw(st.sampled_from([ADA, (Author("Bo Coot"),)])),
        "doi": draw(st.sampled_from([None, "10.1/a", "10.1/b"])),
        "aliases": draw(st.sampled_from([(), *((other,) for other in others)])),
    }
    if draw(st.booleans()):
        item_id = draw(st.sampled_from(TWINS))
        return record(id=item_id, arxiv_id=item_id, **given)
    return post(id=draw(st.sampled_from(POSTS)), feed_date=DAY, **given)


def stored(batches: Sequence[Sequence[PaperRecord]]) -> list[Believed]:
    """Go batch by batch, every one with all that is stored."""
    rows: dict[str, Row] = {}
    for batch in batches:
        rows = after(rows, planned(rows, batch))
    return [from_row(rows[item_id]) for item_id in sorted(rows)]


def planned(rows: Mapping[str, Row], batch: Sequence[PaperRecord], issued: frozenset[str] = frozenset()) -> Plan:
    return plan([believe(each, NOW) for each in batch], Stock(list(rows.values()), issued=issued), NOW)


def after(rows: Mapping[str, Row], made: Plan) -> dict[str, Row]:
    left = {id_: row for id_, row in rows.items() if id_ not in made.gone}
    return left | {row["id"]: row for row in made.rows}


@given(st.lists(claims(), min_size=1, max_size=6))
def test_two_papers_are_never_one_and_every_claim_is_in_exactly_one_item(given_claims: list[PaperRecord]) -> None:
    found = stored([[claim] for claim in given_claims])
    papers = {claim.id for claim in given_claims if claim.arxiv_id}
    assert {belief.id for belief in found if belief.arxiv_id} == papers
    homes = [(value, b.id) for b in found for value in {b.id} | {value for kind, value in b.aliases if kind == "id"}]
    assert sorted({value for value, _ in homes}) == sorted({claim.id for claim in given_claims})
    assert len(homes) == len({value for value, _ in homes})


@given(st.lists(claims(("heronry:b", "heronry:d")), min_size=1, max_size=6), st.data())
def test_what_is_one_does_not_depend_on_order_or_batches(given_claims: list[PaperRecord], data: st.DataObject) -> None:
    """Of several papers that one post fits, the first one known takes it; here there is one paper."""
    one_paper = [claim for claim in given_claims if claim.arxiv_id in (None, TWINS[0])] or [record()]
    shuffled = data.draw(st.permutations(one_paper + one_paper[:2]))
    cut = data.draw(st.integers(0, len(shuffled)))
    assert stored([shuffled[:cut], shuffled[cut:]]) == stored([one_paper])


@given(
    st.lists(st.lists(claims(("heronry:b", "heronry:d")), max_size=3), max_size=4),
    st.frozensets(st.sampled_from(TWINS + POSTS)),
)
def test_what_a_final_issue_considered_becomes_no_other_item(
    batches: list[list[PaperRecord]], issued: frozenset[str]
) -> None:
    """So its place in the issue need not move with it (db.moving)."""
    rows: dict[str, Row] = {}
    for batch in batches:
        made = planned(rows, batch, issued)
        assert not made.gone.keys() & issued
        rows = after(rows, made)
