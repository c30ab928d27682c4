"""How well each item fits each topic: signals blended and calibrated so that 0.5 means "file it here" (pure).

Signals of a pair: likeness to the topic's queries and description, and to its near misses, a model on the vector
and on words (lines, and a network for all topics), its lead over the best other topic, the topic's phrases in title and
abstract, words of a field that a method may merely be applied to, and, by one linear model for all topics, whether a
paper is about methods or merely uses them. The blend is a logistic regression (benchmarks/train_topics.py) whose
weights ship as data; a topic or a model it never saw falls back to the same signals set against the month's own spread.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from ranking.embedder import Vectors
from ranking.guide import Guide, Owners
from ranking.lexical import PhraseIndex
from ranking.network import Network
from ranking.reading import Reader, Readings
from ranking.words import Rows, Vocabulary
from ranking.words import Texts as Texts
from roadmap.model import Roadmap

Fits = NDArray[np.float32]  # items x topics, in [0, 1]
Years = Sequence[int] | NDArray[np.int64]  # one an item
SIGNALS = (
    "queries", "description", "miss", "linear", "linear_high", "linear_low", "lead", "lead_far", "listed", "words",
    "applied", "subject",
)  # fmt: skip
LINEAR, LEAD, LISTED = map(SIGNALS.index, ("linear", "lead", "listed"))
WORDS, APPLIED, SUBJECT = map(SIGNALS.index, ("words", "applied", "subject"))
BENDS = ("linear_high", "linear_low", "lead_far")
TOP_QUERIES = 3
MOST = 8.0  # logits: surer than this a topic's model is not believed
FURTHEST = 6.0  # logits of a lead
SURE, AHEAD = 2.0, 1.0  # logits: beyond them a topic's model and its lead may weigh otherwise than near the line
MARGIN = 0.02  # of fit: what is filed against its own order stays as near to 0.5
NEXT_TO_LINE = np.float32(0.4999)  # the most that is not filed: fits are kept to four digits
LOUDEST = 1.2  # logits: what speaks of every topic alike may not say more
BLOCK = 4_096  # items whose products lie side by side in the processor's cache
FIRST_YEAR = 2015  # what is older is of its time too
BLEND_FILE = "blend.npz"


@dataclass(frozen=True)
class Blend:
    """Trained weights: two models per topic on vector and words, one weight a signal, one offset a topic.

    The first model of a topic answers what readers file there, the second what wider lists name; those of all topics
    lie side by side, first models first ("answers").
    """

    model: str  # the embedding model they hold for
    topics: tuple[str, ...]
    heads: Vectors = field(repr=False)  # answers x dimensions
    head_bias: NDArray[np.float32] = field(repr=False)  # one an answer
    terms: tuple[str, ...] = field(repr=False)
    rarity: NDArray[np.float32] = field(repr=False)  # one a term
    term_heads: NDArray[np.float32] = field(repr=False)  # terms x answers
    network: Network = field(repr=False)
    subject: NDArray[np.float32] = field(repr=False)  # one a term and a dimension and an offset, for all topics alike
    weights: NDArray[np.float32] = field(repr=False)  # topics x signals
    bias: NDArray[np.float32] = field(repr=False)  # one a topic
    order: NDArray[np.float32] = field(repr=False)  # of the logit, the wider model and the lead: see `settle`
    times: NDArray[np.float32] = field(repr=False)  # topics x years from FIRST_YEAR: see `timely`

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Give the terms ready to read texts."""
        return Vocabulary(self.terms, self.rarity)

    @property
    def fingerprint(self) -> str:
        """Name these weights by what they are, so that new ones rank everything anew."""
        arrays = (
            self.heads,
            self.head_bias,
            self.rarity,
            self.term_heads,
            *self.network.arrays,
            self.subject,
            self.weights,
            self.bias,
            self.order,
            self.times,
        )
        parts = ("\n".join(self.terms).encode(), *(array.tobytes() for array in arrays))
        return hashlib.sha256(b"".join(parts)).hexdigest()[:12]


@cache
def packaged_blend() -> Blend:
    """Read the trained weights that ship with the program."""
    with resources.files("ranking").joinpath("weights", BLEND_FILE).open("rb") as file, np.load(file) as data:
        return Blend(
            model=str(data["model"]),
            topics=tuple(str(t) for t in data["topics"]),
            heads=data["heads"].astype(np.float32),
            head_bias=data["head_bias"],
            terms=tuple(data["terms"].tobytes().decode().split("\n")),
            rarity=data["rarity"].astype(np.float32),
            term_heads=data["term_heads"].astype(np.float32) * data["term_scale"],
            network=Network(
                terms=data["unit_terms"].astype(np.float32) * data["unit_scale"],
                vector=data["unit_vector"].astype(np.float32),
                bias=data["unit_bias"],
                out=data["unit_out"].astype(np.float32),
            ),
            subject=data["subject"].astype(np.float32),
            weights=data["weights"],
            bias=data["bias"],
            order=data["order"],
            times=data["times"],
        )


def fits(
    texts: Sequence[Texts], years: Years, vectors: Vectors, guide: Guide, roadmap: Roadmap, blend: Blend | None
) -> Fits:
    """Read every item and score it against every topic: items x topics, in the guide's order of topics."""
    reader = make_reader(guide, roadmap, blend)
    return score(reader.read(texts), years, vectors, guide, reader, blend)


def signals(
    texts: Sequence[Texts], vectors: Vectors, guide: Guide, roadmap: Roadmap, blend: Blend | None
) -> NDArray[np.float32]:
    """Read every item and compute its signals: items x topics x SIGNALS, float32."""
    reader = make_reader(guide, roadmap, blend)
    compare = _Comparison(reader.read(texts), vectors, guide, reader, blend)
    return np.ascontiguousarray(np.stack(np.broadcast_arrays(*compare.signals(0, len(texts)))).transpose(2, 1, 0))


def make_reader(guide: Guide, roadmap: Roadmap, blend: Blend | None) -> Reader:
    """Say what scoring needs read: the blend's terms, the topics' phrases and, last, those of applied fields."""
    vocabulary = blend.vocabulary if blend is not None else Vocabulary((), np.zeros(0, np.float32))
    phrases = [*(roadmap.topics[topic].phrases for topic in guide.topics), roadmap.applied]
    return Reader(vocabulary, PhraseIndex(phrases))


def score(
    readings: Readings, years: Years, vectors: Vectors, guide: Guide, reader: Reader, blend: Blend | None
) -> Fits:
    """Score what was read against every topic: items x topics, in the guide's order of topics.

    `years` are those the items came in; `reader` is what made the readings, or one that differs from it in weights of
    phrases alone.
    """
    known, learned = _known(guide, blend)
    rest = [column for column in range(len(guide.topics)) if column not in known]
    weights = np.zeros((len(SIGNALS), len(guide.topics), 1), np.float32)
    bias, order = np.zeros((len(guide.topics), 1), np.float32), np.zeros(3, np.float32)
    times = np.zeros((len(guide.topics), 1), np.float32)
    if blend is not None:
        order, times = blend.order, np.zeros((len(guide.topics), blend.times.shape[1]), np.float32)
        times[known] = blend.times[learned]
        weights[:, known], bias[known, 0] = blend.weights[learned].T[:, :, None], blend.bias[learned]
    result = np.empty((len(readings), len(guide.topics)), np.float32)
    unlearned = np.empty((len(rest), len(readings), len(SIGNALS)), np.float32)
    compare = _Comparison(readings, vectors, guide, reader, blend)
    for start in range(0, len(readings), BLOCK):
        found = compare.signals(start, start + BLOCK)
        logits = _weighed(weights, found, bias)
        time = timely(times, years[start : start + BLOCK])
        result[start : start + BLOCK] = settle(logits, found[LISTED], found[LEAD], _lead(found[LISTED]), time, order).T
        for place, signal in enumerate(found):
            unlearned[:, start : start + BLOCK, place] = np.broadcast_to(signal, logits.shape)[rest]
    for column, pair in zip(rest, unlearned, strict=True):
        result[:, column] = by_spread(pair)
    return result


def _weighed(weights: Vectors, found: list[Vectors], bias: Vectors) -> Vectors:
    """Add up signals by their weights, plane by plane, without a copy for each."""
    total = np.tile(bias, (1, found[0].shape[1]))
    product = np.empty_like(total)
    for weight, signal in zip(weights, found, strict=True):
        total += np.multiply(weight, signal, out=product)
    return total


def timely(times: NDArray[np.float32], years: Years) -> NDArray[np.float32]:
    """Say how much likelier than a paper of today lists name one of its year under each topic: topics x items, logits.

    `times` holds a column for each year from FIRST_YEAR. Before it the first column speaks; the last one, all 0, is
    today's, and that of all years to come.
    """
    return times[:, np.clip(np.asarray(years, np.int64) - FIRST_YEAR, 0, times.shape[1] - 1)]


def settle(
    logits: Vectors, listed: Vectors, lead: Vectors, listed_lead: Vectors, time: Vectors, order: NDArray[np.float32]
) -> Fits:
    """Give fits of logits that decide what is filed, in the order of all five together.

    Where the line runs, judged pairs know best; far from it, models of wider lists order papers better. So the logit
    says on which side of 0.5 a fit lies. The further it is above the line, up to 1, the more the wider model and the
    lead say how far. Below the line, where nothing is shown, from half a logit on the wider models and the topic's
    time (`timely`) alone say it.
    """
    away = np.abs(logits)
    above = order[0] * logits + np.minimum(away, 1) * (order[1] * listed + order[2] * lead)
    below = (order[0] + order[1]) * (listed + listed_lead / 2 + time)
    fit = _sigmoid(np.where(logits >= 0, above, below))
    filed = np.maximum(fit, MARGIN * fit + np.float32(0.5))
    left = NEXT_TO_LINE * (1 - np.minimum(2 * away, 1) * (1 - fit))
    return np.asarray(np.where(logits >= 0, filed, left), np.float32)


def bends(linear: Vectors, lead: Vectors) -> tuple[Vectors, Vectors, Vectors]:
    """Give BENDS: how far the linear model is beyond SURE for and against, and its lead beyond AHEAD."""
    return np.maximum(linear - SURE, 0), np.maximum(-linear - SURE, 0), np.maximum(lead - AHEAD, 0)


def told(terms: Rows, vectors: Vectors, subject: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tell a paper on a method (above 0) from one that merely applies it: one logit an item."""
    by_term, by_dimension, offset = np.split(subject, [terms.shape[1], len(subject) - 1])
    said = terms @ by_term + vectors @ by_dimension + offset
    return np.asarray(np.clip(said, -LOUDEST, LOUDEST), np.float32)


class _Comparison:
    """All products that scoring needs, made ready; blocks of items then stay within a processor's cache."""

    def __init__(self, readings: Readings, vectors: Vectors, guide: Guide, reader: Reader, blend: Blend | None) -> None:
        self._vectors, self._topics = vectors, len(guide.topics)
        self._words = reader.phrases.scores(readings.phrases)
        self._known, learned = _known(guide, blend)
        size = guide.descriptions.shape[1]
        heads, network = np.zeros((0, size), np.float32), Network.silent(0, size, 0)
        self._by_words = np.zeros((len(readings), 0), np.float32)
        self._subject = np.zeros(len(readings), np.float32)
        if blend is not None:
            both = learned + [len(blend.topics) + place for place in learned]
            heads, network = blend.heads[both], blend.network.of(both)
            # One pass over the words for the lines and the network's units together: it costs most of what they do.
            self._by_words = readings.terms @ np.hstack([blend.term_heads[:, both], network.terms])
            self._by_words += np.hstack([blend.head_bias[both], network.bias])
            self._subject = told(readings.terms, vectors, blend.subject)
        self._out = network.out.T
        misses = _centres(guide.misses, guide.miss_owner, self._topics)
        parts = (guide.queries, misses, guide.descriptions, heads, network.vector)
        self._sides, self._ends = np.vstack(parts), np.cumsum([len(part) for part in parts[:-1]])
        self._queries = _Groups(guide.query_owner, self._topics)

    def signals(self, start: int, end: int) -> list[NDArray[np.float32]]:
        """Compute SIGNALS of a block of items, each topics x items; the last two say the same of all topics."""
        cosines = self._sides @ self._vectors[start:end].T
        cosines[self._ends[2] :] += self._by_words[start:end].T
        queries, misses, descriptions, heads, units = np.split(cosines, self._ends)
        heads += self._out @ np.maximum(units, 0, out=units)
        words = self._words[start:end].T
        # What the models never learned is no rival to what they did.
        linear, listed = (np.full(descriptions.shape, -MOST, np.float32) for _ in range(2))
        linear[self._known], listed[self._known] = np.split(np.clip(heads, -MOST, MOST), 2)
        lead = _lead(linear)
        high, low, far = bends(linear, lead)
        return [
            self._queries.top_mean(queries),
            descriptions,
            misses,
            linear,
            high,
            low,
            lead,
            far,
            listed,
            words[: self._topics],
            words[self._topics :],
            self._subject[None, start:end],
        ]


def _centres(sentences: Vectors, owner: Owners, topics: int) -> Vectors:
    """Give the mean of each topic's sentences, 0 without any: one product for all of them."""
    total = np.zeros((topics, sentences.shape[1]), np.float32)
    np.add.at(total, owner, sentences)
    return np.asarray(total / np.maximum(np.bincount(owner, minlength=topics), 1)[:, None], np.float32)


class _Groups:
    """Cosines of each topic's own sentences, however many those are, side by side."""

    def __init__(self, owner: Owners, topics: int) -> None:
        self._count = np.bincount(owner, minlength=topics)
        self._most, self._topics = int(self._count.max(initial=0)), topics
        self._places = np.arange(len(owner)) - np.searchsorted(owner, owner), owner  # owners are in order

    def top_mean(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean of the best few of each topic: one lucky query is not enough, all of them too many; 0 without any."""
        total = np.zeros((self._topics, cosines.shape[1]), np.float32)
        for place, best in enumerate(_few_largest(self._spread(cosines), TOP_QUERIES)):
            total[self._count > place] += best[self._count > place]
        return total / np.clip(self._count, 1, TOP_QUERIES).astype(np.float32)[:, None]

    def _spread(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        room = np.full((self._most, self._topics, cosines.shape[1]), -np.inf, np.float32)
        room[self._places] = cosines
        return room


def _few_largest(rows: NDArray[np.float32], count: int) -> list[NDArray[np.float32]]:
    """Find the largest few over the first axis, in order, by insertion: for so few that is quicker than sorting."""
    best = [np.full(rows.shape[1:], -np.inf, np.float32) for _ in range(count)]
    for row in rows:
        for place in range(count):
            best[place], row = np.maximum(best[place], row), np.minimum(best[place], row)
    return best


def lead(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tell how far each topic stands before the best other one (negative: behind it), within FURTHEST."""
    return _lead(scores.T).T


def _lead(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Do so for topics x items."""
    if len(scores) < 2:
        return np.zeros_like(scores)
    best, second = _few_largest(scores, 2)
    return np.clip(scores - np.where(scores >= best, second, best), -FURTHEST, FURTHEST)


def _known(guide: Guide, blend: Blend | None) -> tuple[list[int], list[int]]:
    """Pair the guide's topics that the blend has learned with their places in the blend."""
    places = {topic: place for place, topic in enumerate(blend.topics)} if blend is not None else {}
    pairs = [(column, places[topic]) for column, topic in enumerate(guide.topics) if topic in places]
    return [column for column, _ in pairs], [place for _, place in pairs]


def by_spread(pair: NDArray[np.float32]) -> NDArray[np.float32]:
    """Judge one topic without trained weights: how far an item stands out of the month's spread, plus its words.

    Likeness to queries and description less a part of the likeness to near misses, in robust standard deviations;
    2.5 of them without a phrase, or 1.5 with a proving one, are the line.
    """
    if not len(pair):
        return np.zeros(0, np.float32)
    raw = pair[:, 0] * 0.6 + pair[:, 1] * 0.4 - 0.3 * pair[:, 2] - 0.05 * pair[:, APPLIED]
    middle = np.median(raw)
    spread = 1.4826 * np.median(np.abs(raw - middle)) or 1.0
    return _sigmoid(2.0 * ((raw - middle) / max(float(spread), 0.03) - 2.5 + 1.2 * pair[:, WORDS]))


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    falling = np.exp(-np.clip(x, -30, 30))
    falling += 1
    return np.asarray(np.reciprocal(falling), dtype=np.float32)
