"""Reading apart from scoring: together they are the plain formula, in whatever batches texts are read and scored."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking import topics
from ranking.embedder import Vectors
from ranking.guide import Guide
from ranking.network import Network
from ranking.reading import Readings
from ranking.topics import (
    AHEAD,
    FURTHEST,
    LOUDEST,
    MOST,
    SIGNALS,
    SURE,
    Blend,
    Texts,
    fits,
    make_reader,
    score,
    signals,
)
from roadmap.model import Phrase
from tests.ranking.toy import TOY

DIMENSIONS, UNITS = 8, 4
SAID = ["brass", "heron", "herons", "casting", "quiet", "pond", "still", "water", "paper", "kite", "kites", "moss"]
WORDS = st.lists(st.sampled_from(SAID), max_size=12).map(" ".join)
TEXTS = st.lists(st.builds(Texts, WORDS, st.none() | WORDS), max_size=9)
APPLIED = replace(TOY, applied=(Phrase("moss", 0.7),))


def units(count: int, seed: int) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def some_guide(queries: list[int], misses: list[int], seed: int = 1) -> Guide:
    """Make a guide in which each topic has so many queries and near misses."""
    owners = [np.repeat(np.arange(3), count) for count in (queries, misses)]
    rows = units(sum(queries) + sum(misses) + 3, seed)
    first, second, third = np.split(rows, [sum(queries), sum(queries) + sum(misses)])
    return Guide(tuple(TOY.topics), first, owners[0], third, second, owners[1], rows[:0])


def some_blend(known: tuple[str, ...], seed: int = 2) -> Blend:
    rng = np.random.default_rng(seed)

    def numbers(*shape: int, scale: float = 1) -> Vectors:
        return np.asarray(scale * rng.normal(size=shape), np.float32)

    terms, count = ("brass heron", "kite", "water", "moss", "pond"), len(known)
    rarity, heads = np.abs(numbers(5)) + 1, numbers(2 * count, DIMENSIONS, scale=4)
    weights = numbers(count, len(SIGNALS))
    return Blend(
        "toy",
        known,
        heads,
        numbers(2 * count),
        terms,
        rarity,
        numbers(5, 2 * count),
        Network(numbers(5, UNITS), numbers(UNITS, DIMENSIONS), numbers(UNITS), numbers(UNITS, 2 * count)),
        numbers(5 + DIMENSIONS + 1),
        weights,
        numbers(count),
        np.abs(numbers(3)),
        numbers(count, 4),
    )


def plain(texts: list[Texts], vectors: Vectors, guide: Guide, blend: Blend | None) -> list[list[list[float]]]:
    """Compute the signals pair by pair, as ranking.topics describes them."""
    phrases = topics.make_reader(guide, APPLIED, blend).phrases
    found = []
    for text, vector in zip(texts, vectors, strict=True):
        linear, listed = ([_linear(text, vector, topic, blend, answer) for topic in guide.topics] for answer in (0, 1))
        words = phrases.scores(phrases.rows([text]))[0].tolist()
        row = []
        for n in range(len(guide.topics)):
            near = sorted((float(q @ vector) for q in guide.queries[guide.query_owner == n]), reverse=True)[:3]
            miss = [float(m @ vector) for m in guide.misses[guide.miss_owner == n]]
            ahead = linear[n] - max(linear[:n] + linear[n + 1 :])
            mean = sum(near) / len(near) if near else 0.0
            likeness = [mean, float(guide.descriptions[n] @ vector), sum(miss) / max(len(miss), 1)]
            lead = min(max(ahead, -FURTHEST), FURTHEST)
            high, low, far = max(linear[n] - SURE, 0), max(-linear[n] - SURE, 0), max(lead - AHEAD, 0)
            last = listed[n], words[n], words[-1], _subject(text, vector, blend)
            row.append([*likeness, linear[n], high, low, lead, far, *last])
        found.append(row)
    return found


def _linear(text: Texts, vector: Vectors, topic: str, blend: Blend | None, answer: int) -> float:
    if blend is None or topic not in blend.topics:
        return -MOST
    n, layer = blend.topics.index(topic) + answer * len(blend.topics), blend.network
    row = blend.vocabulary.rows([text]).toarray()[0]
    line = blend.heads[n] @ vector + row @ blend.term_heads[:, n] + blend.head_bias[n]
    units = [max(0, row @ layer.terms[:, u] + layer.vector[u] @ vector + layer.bias[u]) for u in range(UNITS)]
    return float(np.clip(line + units @ layer.out[:, n], -MOST, MOST))


def _subject(text: Texts, vector: Vectors, blend: Blend | None) -> float:
    if blend is None:
        return 0.0
    both = np.concatenate([blend.vocabulary.rows([text]).toarray()[0], vector, [1]])
    return float(np.clip(both @ blend.subject, -LOUDEST, LOUDEST))


@given(
    TEXTS,
    st.lists(st.integers(0, 5), min_size=3, max_size=3),
    st.lists(st.integers(0, 3), min_size=3, max_size=3),
    st.sampled_from([None, ("quiet-ponds", "gone-topic"), ("paper-kites", "brass-herons", "quiet-ponds")]),
)
def test_signals_are_what_the_plain_formula_gives(
    texts: list[Texts], queries: list[int], misses: list[int], known: tuple[str, ...] | None
) -> None:
    guide, blend = some_guide(queries, misses), some_blend(known) if known else None
    vectors = units(len(texts), 5)
    found = signals(texts, vectors, guide, APPLIED, blend)
    assert found.shape == (len(texts), 3, len(SIGNALS))
    assert found.tolist() == [
        [pytest.approx(pair, abs=1e-5) for pair in row] for row in plain(texts, vectors, guide, blend)
    ]


@given(TEXTS, st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_in_any_batches_the_fits_are_the_same(texts: list[Texts], read: int, block: int, whole: bool) -> None:
    guide, blend = some_guide([3, 1, 4], [2, 0, 1]), some_blend(tuple(TOY.topics)[: 3 if whole else 1])
    vectors = units(len(texts), 6)
    years = [2014 + n for n in range(len(texts))]
    wanted = fits(texts, years, vectors, guide, APPLIED, blend)
    reader = make_reader(guide, APPLIED, blend)
    readings = reader.read([])
    for start in range(0, len(texts), read):
        readings = readings.joined(reader.read(texts[start : start + read]))
    assert len(readings) == len(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topics, "BLOCK", block)
        assert score(readings, years, vectors, guide, reader, blend) == pytest.approx(wanted, abs=1e-5)
    order = list(reversed(range(len(texts))))
    again = score(readings.take(order), years[::-1], vectors[order], guide, reader, blend)
    assert again[order] == pytest.approx(wanted, abs=1e-5)


def test_other_weights_of_the_same_words_need_no_reading() -> None:
    guide, blend = some_guide([1, 1, 1], [1, 1, 1]), some_blend(tuple(TOY.topics))
    heavier = replace(APPLIED, applied=(Phrase("moss", 0.9),))
    longer = replace(APPLIED, applied=(Phrase("moss", 0.7), Phrase("moss bed", 0.7)))
    texts = [Texts("Moss", "A brass heron"), Texts("A kite", "moss")]
    first, second = make_reader(guide, APPLIED, blend), make_reader(guide, heavier, blend)
    assert first.fingerprint == second.fingerprint
    readings, vectors = first.read(texts), units(2, 7)
    wanted = fits(texts, [2020, 2026], vectors, guide, heavier, blend)
    assert score(readings, [2020, 2026], vectors, guide, second, blend) == pytest.approx(wanted)
    retrained = replace(blend, heads=-blend.heads)
    assert make_reader(guide, APPLIED, retrained).fingerprint == first.fingerprint
    others = [(longer, blend), (APPLIED, replace(blend, rarity=blend.rarity * 2)), (APPLIED, None)]
    assert len({make_reader(guide, *other).fingerprint for other in others} | {first.fingerprint}) == 4


def test_readings_are_small_numbers_that_can_be_kept() -> None:
    readings = make_reader(some_guide([1, 1, 1], [1, 1, 1]), APPLIED, some_blend(tuple(TOY.topics))).read(
        [Texts("Brass heron", "Water and moss")]
    )
    both: Readings = readings.joined(readings)
    for rows in (readings.terms, readings.phrases, both.terms, both.phrases, both.take([1]).terms):
        assert (rows.data.dtype, rows.indices.dtype, rows.indptr.dtype) == (np.float32, np.int32, np.int32)
