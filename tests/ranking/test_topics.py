"""How well items fit topics: the signals' shape, the fallback without trained weights, the packaged ones."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from ranking.embedder import Vectors
from ranking.guide import Guide, make_guide
from ranking.network import Network
from ranking.topics import (
    FIRST_YEAR,
    FURTHEST,
    LEAD,
    LINEAR,
    LISTED,
    LOUDEST,
    MOST,
    SIGNALS,
    SUBJECT,
    WORDS,
    Blend,
    Texts,
    by_spread,
    fits,
    lead,
    packaged_blend,
    settle,
    signals,
    timely,
)  # fmt: skip
from roadmap.model import Roadmap
from tests.fakes import HashEmbedder
from tests.ranking.toy import TOY, topic

OTHERS = [Texts(f"Matter{n} weighed by office{n}", f"Ledger{n} and clerk{n} agree on sum{n}.") for n in range(40)]
HERON = Texts("A brass heron by heron casting", "Brass herons wade where brass herons stood.")
KITE = Texts("Paper kites in wind", "Folded paper kites rise; paper kites fall.")
MONTH = [HERON, KITE, *OTHERS]
NOW = [2026] * len(MONTH)


@pytest.fixture(scope="module")
def guide() -> Guide:
    """The toy roadmap as vectors."""
    return make_guide(TOY, HashEmbedder())


def vectors(texts: list[Texts]) -> Vectors:
    return HashEmbedder().embed([f"{t.title}. {t.abstract}" for t in texts])


def toy_blend(topics: tuple[str, ...], signal: str = "words") -> Blend:
    """Weights that look at one signal alone; the linear models know one term, which speaks for the first topic."""
    weights = np.zeros((len(topics), len(SIGNALS)), dtype=np.float32)
    weights[:, SIGNALS.index(signal)] = 8
    answers, one = 2 * len(topics), np.ones(1, np.float32)
    return Blend(
        "toy",
        topics,
        np.zeros((answers, 384), np.float32),
        np.zeros(answers, np.float32),
        ("brass heron",),
        one,
        np.eye(1, answers, dtype=np.float32),
        Network.silent(1, 384, answers),
        -2 * np.eye(1, 386, dtype=np.float32)[0],
        weights,
        np.full(len(topics), -4, np.float32),
        np.array([1, 0, 0], np.float32),
        np.zeros((len(topics), 1), np.float32),
    )


def test_words_of_mere_use_speak_alike_against_every_topic_and_only_so_loud(guide: Guide) -> None:
    used, other = Texts("A brass heron at work", None), Texts("Quiet ponds", None)
    found = signals([used, other], vectors([used, other]), guide, TOY, toy_blend(guide.topics))[:, :, SUBJECT]
    assert found == pytest.approx(np.array([[-LOUDEST] * 3, [0.0] * 3]))


@given(arrays(np.float32, (5, 12), elements=st.floats(-9, 9, width=32)), st.floats(0, 2, width=32))
def test_the_logit_says_on_which_side_of_the_line_a_fit_lies(values: NDArray[np.float32], much: float) -> None:
    logits, listed, lead, listed_lead, time = values
    found = settle(logits, listed, lead, listed_lead, time, np.array([1, much, much], np.float32))
    assert ((found >= 0.5) == (logits >= 0)).all()
    assert (np.round(found, 4)[logits < 0] < 0.5).all()
    assert ((found >= 0) & (found <= 1)).all()


ORDER = np.array([1, 0.5, 0.25], np.float32)
STILL = np.zeros(3, np.float32)


def test_far_above_the_line_the_wider_model_orders_too_and_at_the_line_it_says_nothing() -> None:
    far = settle(np.full(3, 2, np.float32), np.array([-1, 0, 3], np.float32), STILL, STILL, STILL, ORDER)
    assert far.tolist() == sorted(far)
    line = settle(np.zeros(3, np.float32), np.array([-8, 0, 8], np.float32), STILL, STILL, STILL, ORDER)
    assert line.tolist() == pytest.approx([0.51] * 3)


def test_far_below_the_line_the_wider_model_and_its_lead_alone_order() -> None:
    logits, lead = np.array([-2, -9, -5], np.float32), np.array([6, -6, 0], np.float32)
    by_list = settle(logits, np.array([-3, -2, -1], np.float32), lead, STILL, STILL, ORDER)
    assert by_list.tolist() == sorted(by_list)
    by_lead = settle(logits, STILL, STILL, np.array([-3, -2, -1], np.float32), STILL, ORDER)
    assert by_lead.tolist() == sorted(by_lead)
    near = settle(np.full(3, -1e-6, np.float32), np.array([-8, 0, 8], np.float32), STILL, STILL, STILL, ORDER)
    assert near.tolist() == pytest.approx([0.4999] * 3, abs=1e-4)


def test_a_topics_time_orders_what_is_below_the_line_and_nothing_that_is_filed() -> None:
    time = np.array([-2, 0, 2], np.float32)
    below = settle(np.full(3, -2, np.float32), STILL, STILL, STILL, time, ORDER)
    assert below.tolist() == sorted(set(below.tolist()))
    for filed in (0, 0.3, 2):
        assert len(set(settle(np.full(3, filed, np.float32), STILL, STILL, STILL, time, ORDER).tolist())) == 1


def test_a_year_before_the_first_is_the_first_and_one_to_come_is_today() -> None:
    times = np.array([[3, 1, 0], [-1, 2, 0]], np.float32)
    found = timely(times, [1994, FIRST_YEAR, FIRST_YEAR + 1, FIRST_YEAR + 2, 2071])
    assert found.tolist() == [[3, 3, 1, 0, 0], [-1, -1, 2, 0, 0]]


def test_time_speaks_of_what_is_filed_nowhere_and_is_not_of_today(guide: Guide) -> None:
    timeless = toy_blend(guide.topics)
    timed = replace(timeless, times=np.array([[3, 0], [0, 0], [0, 0]], np.float32))
    then = [FIRST_YEAR] * len(MONTH)
    plain, today, old = (
        fits(MONTH, years, vectors(MONTH), guide, TOY, blend)
        for years, blend in ((NOW, timeless), (NOW, timed), (then, timed))
    )
    assert np.array_equal(today, plain)
    assert plain[0, 0] == old[0, 0] >= 0.5
    assert (old[1:, 0] > plain[1:, 0]).all()
    assert np.array_equal(old[:, 1:], plain[:, 1:])
    assert (old[1:, 0] < 0.5).all()
    assert timed.fingerprint != timeless.fingerprint


def test_signals_are_items_by_topics_by_signals(guide: Guide) -> None:
    found = signals(MONTH, vectors(MONTH), guide, TOY, None)
    assert found.shape == (len(MONTH), 3, len(SIGNALS))
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    named = dict(zip(SIGNALS, found[0].T, strict=True))
    assert np.argmax(named["queries"]) == np.argmax(named["words"]) == 0
    assert (named["linear"] == -MOST).all()
    assert not named["lead"].any()


def test_linear_models_read_words_and_vectors_and_lead_over_rivals(guide: Guide) -> None:
    blend = toy_blend(guide.topics, "linear")
    found = signals(MONTH, vectors(MONTH), guide, TOY, blend)
    assert found[:2, :, LINEAR].tolist() == [[1, 0, 0], [0, 0, 0]]
    assert found[0, :, LEAD].tolist() == [1, -1, -1]
    seeing = replace(blend, heads=np.vstack([vectors([KITE])] * 6) * np.array([[0], [0], [20]] * 2, np.float32))
    assert (signals(MONTH, vectors(MONTH), guide, TOY, seeing)[1, 2, [LINEAR, LISTED]] == MOST).all()
    assert seeing.fingerprint != blend.fingerprint != replace(blend, terms=("paper kite",)).fingerprint


def test_what_the_models_never_learned_is_no_rival(guide: Guide) -> None:
    found = signals(MONTH, vectors(MONTH), guide, TOY, toy_blend((guide.topics[0], "gone-topic")))
    assert found[0, :, LINEAR].tolist() == [1, -MOST, -MOST]
    assert found[0, :, LISTED].tolist() == [0, -MOST, -MOST]
    assert found[0, 0, LEAD] == FURTHEST


@given(arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(-8, 8, width=32)))
def test_one_topic_leads_by_what_the_second_is_behind(scores: Vectors) -> None:
    found = lead(scores)
    assert found.shape == scores.shape
    assert (np.abs(found) <= FURTHEST).all()
    if scores.shape[1] > 1:
        assert (found.max(axis=1) >= 0).all()
        assert (found.min(axis=1) <= 0).all()


def test_without_trained_weights_the_spread_decides(guide: Guide) -> None:
    found = fits(MONTH, NOW, vectors(MONTH), guide, TOY, None)
    assert found.shape == (len(MONTH), 3)
    assert ((found >= 0) & (found <= 1)).all()
    assert found[0, 0] >= 0.5 > found[0, 2]
    assert found[1, 2] >= 0.5 > found[1, 0]
    assert (found[2:] < 0.5).all()


def test_trained_weights_hold_for_the_topics_they_know(guide: Guide) -> None:
    blend = toy_blend(("brass-herons", "gone-topic"))
    found = fits(
        MONTH, NOW, vectors(MONTH), guide, TOY, replace(blend, head_bias=np.repeat([0, -4], 2).astype(np.float32))
    )
    fallback = fits(MONTH, NOW, vectors(MONTH), guide, TOY, None)
    assert found[0, 0] > 0.9
    assert found[2, 0] == pytest.approx(0.5 / (1 + np.exp(2)), abs=1e-4)  # -4 by the wider model, which leads by 4
    assert np.array_equal(found[:, 1:], fallback[:, 1:])


def test_a_title_alone_is_judged_too(guide: Guide) -> None:
    alone = [Texts(t.title, None) for t in MONTH]
    found = fits(alone, NOW, HashEmbedder().embed([t.title for t in alone]), guide, TOY, None)
    assert found[0, 0] >= 0.5


def test_no_items_have_no_fits(guide: Guide) -> None:
    assert fits([], [], np.zeros((0, 384), dtype=np.float32), guide, TOY, toy_blend(guide.topics)).shape == (0, 3)


def test_one_topic_and_one_item_are_no_fault() -> None:
    one = replace(TOY, topics={"brass-herons": topic("brass-herons", 1, ("brass heron", 1.0))})
    guide = make_guide(one, HashEmbedder())
    lonely = fits([HERON], [2026], vectors([HERON]), guide, one, None)
    assert lonely.shape == (1, 1)
    assert 0 <= lonely[0, 0] <= 1


@given(arrays(np.float32, st.tuples(st.integers(1, 30), st.just(len(SIGNALS))), elements=st.floats(-1, 1, width=32)))
def test_the_fallback_is_a_fit_and_a_phrase_never_hurts(pair: Vectors) -> None:
    found = by_spread(pair)
    assert ((found >= 0) & (found <= 1)).all()
    more = pair.copy()
    more[0, WORDS] = 1
    assert by_spread(more)[0] >= found[0]


def test_the_packaged_weights_fit_roadmap_and_model(roadmap: Roadmap) -> None:
    blend = packaged_blend()
    assert set(blend.topics) <= set(roadmap.topics)  # a topic added since is judged by the fallback
    assert blend.model == "all-MiniLM-L6-v2"
    answers = 2 * len(blend.topics)
    assert blend.heads.shape == (answers, 384)
    assert blend.weights.shape == (len(blend.topics), len(SIGNALS))
    assert len(blend.times) == len(blend.topics)
    assert not blend.times[:, -1].any()  # a new month is ordered as if no topic had a time
    assert np.abs(blend.times).max() < 10
    assert (blend.bias.shape, blend.head_bias.shape) == ((len(blend.topics),), (answers,))
    assert blend.term_heads.shape == (len(blend.terms), answers)
    assert len(set(blend.terms)) == len(blend.rarity) == len(blend.terms) > 1000
    assert blend.subject.shape == (len(blend.terms) + 384 + 1,)
    layer, units = blend.network, len(blend.network.bias)
    assert (layer.terms.shape, layer.vector.shape) == ((len(blend.terms), units), (units, 384))
    assert layer.out.shape == (units, answers)
    for part in (
        blend.term_heads,
        blend.rarity,
        blend.heads,
        blend.weights,
        blend.bias,
        blend.head_bias,
        *layer.arrays,
    ):
        assert np.isfinite(part).all()
    assert packaged_blend() is blend
