"""Likeness to the editors' choice: what ships fits the shipped model, and more likeness is never worth less."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import train_picks
from benchmarks.train_picks import Shelf
from ranking import editors
from ranking.editors import BEST, STRIKING, Taste, likeness, shipped
from ranking.embedder import CATALOGUE, PACKAGED
from ranking.words import Texts

SCALE = Taste(
    "toy",
    np.array([1, 0], dtype=np.float32),
    ("heron", "bridge"),
    np.array([1, 1], dtype=np.float32),
    np.array([0.25, -0.25], dtype=np.float32),
    np.array([-0.5, 0.0, 0.5], dtype=np.float32),
    np.array([1.0, 0.5, 0.001], dtype=np.float32),
)
scores = st.lists(st.floats(-1, 1, width=32), min_size=2).map(sorted)
SILENT = Texts("Of nothing known", None)


@given(scores)
def test_a_higher_score_is_among_fewer_and_worth_no_less(values: list[float]) -> None:
    vectors = np.array([[value, 0] for value in values], dtype=np.float32)
    shares = SCALE.rank_shares([SILENT] * len(values), vectors)
    assert all(0 < share <= 1 and 0 <= likeness(share) <= 1 for share in shares)
    for lower, higher in pairwise(shares):
        assert higher <= lower
        assert likeness(higher) >= likeness(lower)


def test_words_speak_beside_the_vector() -> None:
    texts = [Texts("A bridge", "Of a bridge."), SILENT, Texts("A heron", "Of a heron.")]
    shares = SCALE.rank_shares(texts, np.zeros((3, 2), dtype=np.float32))
    assert shares[0] > shares[1] == 0.5 > shares[2]
    assert SCALE.rank_shares([], np.zeros((0, 2), dtype=np.float32)) == []


def test_likeness_has_a_cap() -> None:
    assert (likeness(1.0), likeness(BEST), likeness(BEST / 9), likeness(0.0)) == (0, 1, 1, 1)
    assert likeness(0.1) == pytest.approx(1 / 4)


def test_what_ships_holds_for_the_model_that_ships() -> None:
    taste = shipped()
    assert taste.model == PACKAGED
    assert taste.weights.shape == (CATALOGUE[PACKAGED].dimensions,)
    assert len(taste.terms) == len(taste.rarity) == len(taste.term_weights) == len(set(taste.terms))
    assert np.isfinite(taste.term_weights).all()
    assert (np.diff(taste.scores) > 0).all()
    assert (np.diff(taste.shares) < 0).all()
    assert taste.shares[-1] < STRIKING < taste.shares[0]


def corpus(months: int = 3, size: int = 40) -> tuple[Shelf, set[str], dict[str, int]]:
    """Invent months of papers: the first number and one word tell what is picked, the second and others the month."""
    draw = np.random.default_rng(7)
    vectors, texts = {}, {}
    for month in range(5, 5 + months):
        for n in range(size):
            picked = n < size // (month - 3)
            row = np.array([1.0 if picked else -1.0, month - 6.0, 0.0]) + 0.2 * draw.standard_normal(3)
            name = f"240{month}.{n:05d}"
            vectors[name] = (row / np.linalg.norm(row)).astype(np.float32)
            word = ("Heron", "Egret")[n % 2] if picked else ("Bridge", "Tower", "Mill", "Ford")[n % 4]
            texts[name] = Texts(word, f"Seen in month{month}{'ab'[n % 2]}.")
    picks = {p for p in vectors if int(p[5:]) < size // (int(p[3]) - 3)}
    return (
        Shelf(vectors, texts, {"2406.90000": "Large Language Model Heron - tells of a heron"}),
        picks,
        dict.fromkeys(vectors, 1),
    )


def test_training_finds_what_is_picked_and_not_the_time() -> None:
    shelf, picks, votes = corpus()
    found = train_picks.direction(train_picks.picked(votes, picks, votes), shelf, 1.0)
    terms = dict(zip(shelf.terms[0], found.terms.tolist(), strict=True))
    assert found.vector[0] > 1
    assert abs(found.vector[1]) < found.vector[0] / 5
    assert terms["heron"] > 0 > terms["bridge"]
    assert abs(terms["month7a"]) < terms["heron"] / 5


def test_a_pick_known_by_title_alone_teaches_its_words_and_not_how_the_newsletter_writes() -> None:
    shelf, picks, votes = corpus()
    question = train_picks.picked(votes, set(), votes, shelf.titles)
    assert (question.named, question.passed) == (("2406.90000",), ())
    assert train_picks.plain(shelf.titles["2406.90000"]) == "llm Heron"
    told = train_picks.direction(train_picks.picked(votes, picks, votes, {"2406.90000"}), shelf, 1.0)
    without = train_picks.direction(train_picks.picked(votes, picks, votes), shelf, 1.0)
    assert (told.vector == without.vector).all()
    assert (told.terms != without.terms).any()


def test_every_span_counts_what_was_chosen_and_what_was_passed_alike() -> None:
    ids, y = ["2401.1", "2406.2", "2406.3", "2407.4", "2501.5"], np.array([True, False, False, True, False])
    weights = train_picks.even(ids, y)
    assert weights.tolist() == pytest.approx([1.25, 0.625, 0.625, 1.25, 1.25])
    assert train_picks.even(["2406.1", "2407.2"], np.array([True, False])).tolist() == [0, 0]


def test_a_month_without_picks_teaches_nothing() -> None:
    _, picks, votes = corpus()
    question = train_picks.picked(votes, {p for p in picks if p.startswith("2405")}, votes)
    assert {p[:4] for p in question.passed} == {"2405"}


def test_listed_papers_are_set_against_the_rest_of_dense_months_alone() -> None:
    _, _, votes = corpus()
    question = train_picks.listed(votes, {"2405.00001": 5, "2406.00001": 2}, ("2406",))
    assert question.chosen == ("2406.00001",)
    assert {p[:4] for p in question.passed} == {"2406"}


def test_what_is_written_is_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf, picks, votes = corpus()
    both = [train_picks.direction(train_picks.picked(votes, picks, votes), shelf, c) for c in (1.0, 0.1)]
    made = train_picks.taste(both[0], both[1], shelf, sorted(votes))
    train_picks.save(made, tmp_path / "editors.npz")
    monkeypatch.setattr(editors, "TASTE_FILE", tmp_path / "editors.npz")
    read = editors.shipped.__wrapped__()
    assert (read.model, read.terms) == (made.model, made.terms)
    texts, vectors = [shelf.texts[p] for p in votes], shelf.rows(list(votes))
    assert read.score(texts, vectors) == pytest.approx(made.score(texts, vectors), abs=0.05)
    assert read.fingerprint != made.fingerprint  # as it is rounded
