"""Trains the topic blend that ships in ranking/weights: `python -m benchmarks.train_topics`.

Linear models on vectors and words (benchmarks/heads.py), and a small network beside them (benchmarks/network.py), from
all that people said (benchmarks/examples.py); then one logistic regression over the signals of pairs: judged ones, and
those of the public lists. The learned signals of a pair come from models that never saw its paper. Each pair counts
twice, with and without its abstract, so that an item known by title alone is judged on the same scale.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from benchmarks import corpus, embedded
from benchmarks.examples import (
    FOLDS,
    LEAST_LISTED,
    OWN_JUDGMENTS,
    TITLE_WEIGHT,
    Example,
    Known,
    both_answers,
    fold,
    near,
    read_known,
)
from benchmarks.heads import choose_terms, telling_terms, train_lines, train_subject
from benchmarks.network import Heads, train_heads
from benchmarks.times import times
from ranking import topics
from ranking.embedder import PACKAGED, Embedder, SentenceTransformerEmbedder
from ranking.guide import Guide, make_guide
from ranking.words import Rows, Texts, Vocabulary
from roadmap.load import load_roadmap
from roadmap.model import Roadmap

OUT = Path(__file__).resolve().parents[1] / "ranking" / "weights" / topics.BLEND_FILE
STRENGTH = 1.0  # inverse of the ridge on the blend
TOPIC_STRENGTH = 1.0  # how far a topic's own offset may leave the common line
TOPIC_SLOPE = 0.6  # how far a topic's own trust in its linear model may leave the common one
LISTS_SHARE = 1.0  # weight of all pairs of lists beside that of all judged pairs
ORDER = 0.7  # share of the wider model, beside the logit, in the order of what is filed; half of it is the lead's
FILED = 0.7  # probability on judged pairs that becomes fit 0.5: they hold more doubtful papers than a month does

Array = NDArray[np.float32]
Pairs = list[tuple[str, str, bool]]  # topic, paper, belongs


@dataclass(frozen=True)
class Trainer:
    """Everything read once: the roadmap as vectors, papers with their vectors, by abstract and by title."""

    roadmap: Roadmap
    guide: Guide
    papers: Mapping[str, corpus.Paper]
    vectors: Mapping[str, Array]
    titles: Mapping[str, str]
    title_vectors: Mapping[str, Array]
    known: Known

    def examples(self) -> list[Example]:
        """List every text to learn from: abstracts, titles with the abstract's vector, titles alone, sentences."""
        said = self.known.papers
        whole = [p for p in self.papers if p in said and p in self.vectors]
        return [
            *(Example(p, self.texts(p), self.vectors[p]) for p in whole),
            *(Example(p, self.texts(p, alone=True), self.vectors[p], TITLE_WEIGHT) for p in whole),
            *(
                Example(p, Texts(title, None), self.title_vectors[p], TITLE_WEIGHT)
                for p, title in self.titles.items()
                if p in said
            ),
            *self._sentences(),
        ]

    def texts(self, paper: str, *, alone: bool = False) -> Texts:
        """Give a paper's words, with the abstract or without."""
        return Texts(self.papers[paper].title, None if alone else self.papers[paper].abstract)

    def _sentences(self) -> list[Example]:
        found = []
        for column, (key, topic) in enumerate(self.roadmap.topics.items()):
            own = self.guide.queries[self.guide.query_owner == column]
            found += [Example("", Texts(q, None), v, 1.0, key) for q, v in zip(topic.queries, own, strict=True)]
            words = Texts(topic.name.en, topic.description.en)
            found.append(Example("", words, self.guide.descriptions[column], 1.0, key))
        return found


@dataclass(frozen=True)
class Learned:
    """The topics' models with the vocabulary they hold for."""

    terms: tuple[str, ...]
    rarity: Array
    heads: Heads

    def rows(self, texts: list[Texts]) -> Rows:
        """Read texts by the models' own terms."""
        return Vocabulary(self.terms, self.rarity).rows(texts)

    def __call__(self, words: Rows, vectors: Array) -> Array:
        """Give the topics' logits as ranking.topics does."""
        return np.clip(self.heads(vectors, words), -topics.MOST, topics.MOST)


class Linear:
    """Trains linear models on all examples or on all but one fold, with one vocabulary."""

    def __init__(self, trainer: Trainer) -> None:
        """Read the examples; choose the terms that tell most by a first training on all terms."""
        self.examples = trainer.examples()
        self._texts = [example.texts for example in self.examples]
        self.vectors = np.array([example.vector for example in self.examples], np.float32)
        self.fold = np.array([fold(e.paper) if e.paper else -1 for e in self.examples])
        self.answers, self.shares = both_answers(self.examples, trainer.known, trainer.roadmap)
        self.terms, self.rarity = choose_terms([f"{t.title} {t.abstract or ''}" for t in self._texts])
        self.words: Rows = Vocabulary(self.terms, self.rarity).rows(self._texts)
        kept = telling_terms(train_lines(self.vectors, self.words, self.answers, self.shares), self.rarity)
        self.terms, self.rarity = tuple(self.terms[n] for n in kept), self.rarity[kept]
        self.words = Vocabulary(self.terms, self.rarity).rows(self._texts)

    def without(self, number: int | None) -> Learned:
        """Train on all examples but those of a fold."""
        used = self.fold != number if number is not None else np.ones(len(self.fold), np.bool_)
        return Learned(self.terms, self.rarity, self._heads(used))

    def _heads(self, used: NDArray[np.bool_]) -> Heads:
        return train_heads(self.vectors[used], self.words[used], self.answers[used], self.shares[used])


def train(trainer: Trainer) -> topics.Blend:
    """Train heads and blend; the result is what ranking.topics reads."""
    pairs = _judged(trainer), _listed(trainer)
    ids = sorted({p for some in pairs for _, p, _ in some})
    linear = Linear(trainer)
    parts = [linear.without(number) for number in range(FOLDS)]
    stacks = [_signals(trainer, ids, parts, alone=alone) for alone in (False, True)]
    subject = _subject(trainer, stacks, ids, Vocabulary(linear.terms, linear.rarity), pairs[0])
    weights, bias = _blend(trainer, stacks, ids, *pairs)
    order = _order(trainer, stacks[0], ids, weights, bias, pairs[0])
    whole, names = linear.without(None), tuple(trainer.roadmap.topics)
    lines = whole.heads.lines
    return topics.Blend(
        PACKAGED,
        names,
        lines.vector.T.copy(),
        lines.bias,
        whole.terms,
        whole.rarity,
        lines.term,
        whole.heads.network,
        subject,
        weights,
        bias,
        order,
        times(trainer.known.lists, names),
    )


def _judged(trainer: Trainer) -> Pairs:
    grades = trainer.known.grades
    return [(t, p, g == 2) for t in sorted(grades) for p, g in sorted(grades[t].items()) if p in trainer.vectors]


def _listed(trainer: Trainer) -> Pairs:
    """List the pairs a list speaks about: its papers, and those of topics that do not overlap."""
    lists = {t: {p for p in ids if p in trainer.vectors} for t, ids in trainer.known.lists.items()}
    found: Pairs = []
    for topic, own in sorted(lists.items()):
        if len(own) >= LEAST_LISTED:
            close = near(topic, trainer.roadmap)
            far = set().union(*(ids for other, ids in lists.items() if other not in close | {topic}))
            far -= set().union(*(lists.get(other, set()) for other in close)) | own
            found += [(topic, p, p in own) for p in sorted(own | far)]
    return found


def _signals(trainer: Trainer, ids: list[str], parts: list[Learned], *, alone: bool) -> Array:
    """Compute the signals of papers, the learned ones by models that did not see them: papers x topics x signals."""
    texts = [trainer.texts(p, alone=alone) for p in ids]
    vectors = np.array([trainer.vectors[p] for p in ids], np.float32)
    stack = topics.signals(texts, vectors, trainer.guide, trainer.roadmap, None)
    for number, part in enumerate(parts):
        held = [n for n, p in enumerate(ids) if fold(p) == number]
        if held:
            words = part.rows([texts[n] for n in held])
            said = part(words, vectors[held])
            stack[held, :, topics.LINEAR], stack[held, :, topics.LISTED] = np.split(said, 2, axis=1)
    linear = stack[:, :, topics.LINEAR]
    stack[:, :, topics.LEAD] = topics.lead(linear)
    for name, bend in zip(topics.BENDS, topics.bends(linear, stack[:, :, topics.LEAD]), strict=True):
        stack[:, :, topics.SIGNALS.index(name)] = bend
    return stack


def _places(trainer: Trainer, ids: list[str], pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the rows and columns of pairs in a stack."""
    row, column = {p: n for n, p in enumerate(ids)}, {t: n for n, t in enumerate(trainer.roadmap.topics)}
    return np.array([row[p] for _, p, _ in pairs]), np.array([column[t] for t, _, _ in pairs])


def _subject(trainer: Trainer, stacks: list[Array], ids: list[str], vocabulary: Vocabulary, judged: Pairs) -> Array:
    """Learn what tells method from use, and write into the stacks what models say that never saw a paper's fold."""
    rows, columns = _places(trainer, ids, judged)
    words = [vocabulary.rows([trainer.texts(p, alone=alone) for p in ids]) for alone in (False, True)]
    vectors = np.array([trainer.vectors[p] for p in ids], np.float32)
    folds = np.array([fold(p) for p in ids])

    def learn(used: NDArray[np.bool_]) -> Array:
        r, c = rows[used], columns[used]
        told = [stack[r, c][:, [topics.LINEAR, topics.LEAD]] for stack in stacks]
        belongs = np.array([b for *_, b in judged])[used]
        much = np.repeat([1.0, TITLE_WEIGHT], len(r)).astype(np.float32)
        both = sparse.vstack([some[r] for some in words], "csr")
        return train_subject(
            both, np.tile(vectors[r], (2, 1)), np.tile(c, 2), np.vstack(told), np.tile(belongs, 2), much
        )

    for number in range(FOLDS):
        held = folds == number
        subject = learn(folds[rows] != number)
        for stack, some in zip(stacks, words, strict=True):
            stack[held, :, topics.SUBJECT] = topics.told(some[held], vectors[held], subject)[:, None]
    return learn(np.ones(len(rows), np.bool_))


def _blend(trainer: Trainer, stacks: list[Array], ids: list[str], judged: Pairs, listed: Pairs) -> tuple[Array, Array]:
    """Fit one weight a signal, and for each topic an offset and a slope: (topics x signals, topics)."""
    pairs, count = [*judged, *listed], len(trainer.roadmap.topics)
    where = _places(trainer, ids, pairs)
    x = np.vstack([stack[where] for stack in stacks])
    middle, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    offsets = np.zeros((len(pairs), count + 1), np.float32)
    offsets[np.arange(len(judged)), where[1][: len(judged)]] = TOPIC_STRENGTH
    offsets[len(judged) :, -1] = 1  # lists draw their line elsewhere: many are wider than the definitions
    scaled, offsets = (x - middle) / spread, np.vstack([offsets] * len(stacks))
    slopes = offsets[:, :-1] / TOPIC_STRENGTH * TOPIC_SLOPE * scaled[:, [topics.LINEAR]]
    both = np.hstack([scaled, offsets, slopes])
    y, much = np.array([b for *_, b in pairs] * len(stacks)), _weights(judged, listed) * len(stacks)
    model = LogisticRegression(C=STRENGTH, max_iter=3000).fit(both, y, sample_weight=much)
    common, own, own_slopes = np.split(model.coef_[0], np.cumsum([len(topics.SIGNALS), count + 1]))
    weights = np.tile(common / spread, (count, 1))
    weights[:, topics.LINEAR] += own_slopes * TOPIC_SLOPE / spread[topics.LINEAR]
    bias = model.intercept_[0] - weights @ middle + own[:-1] * TOPIC_STRENGTH - np.log(FILED / (1 - FILED))
    return weights.astype(np.float32), bias.astype(np.float32)


def _order(trainer: Trainer, stack: Array, ids: list[str], weights: Array, bias: Array, judged: Pairs) -> Array:
    """Scale the sum that orders papers, so that it stays a logit: one slope, fitted to judged pairs."""
    rows, columns = _places(trainer, ids, judged)
    pairs = stack[rows, columns]
    logits = (pairs * weights[columns]).sum(axis=1) + bias[columns]
    away = np.minimum(np.abs(logits), 1)
    mixed = logits + ORDER * away * (pairs[:, topics.LISTED] + pairs[:, topics.LEAD] / 2)
    slope = LogisticRegression(C=STRENGTH).fit(mixed[:, None], [b for *_, b in judged]).coef_[0, 0]
    return np.array([slope, slope * ORDER, slope * ORDER / 2], np.float32)


def _weights(judged: Pairs, listed: Pairs) -> list[float]:
    """Weigh judged pairs 1 each; a topic's lists share alike, half for its papers and half against the others."""
    count: dict[tuple[str, bool], int] = {}
    for topic, _, belongs in listed:
        count[topic, belongs] = count.get((topic, belongs), 0) + 1
    unit = LISTS_SHARE * len(judged) / max(len(count), 1)
    return [1.0] * len(judged) + [unit / count[topic, belongs] for topic, _, belongs in listed]


def save(blend: topics.Blend, file: Path) -> None:
    """Write the weights: those of vectors at half precision, those of terms at a byte with a scale a topic or unit."""
    network = blend.network
    (term_heads, term_scale), (unit_terms, unit_scale) = map(_bytes, (blend.term_heads, network.terms))
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        file,
        model=np.array(blend.model),
        topics=np.array(blend.topics),
        heads=blend.heads.astype(np.float16),
        head_bias=blend.head_bias,
        terms=np.frombuffer("\n".join(blend.terms).encode(), np.uint8),
        rarity=blend.rarity.astype(np.float16),
        subject=blend.subject.astype(np.float16),
        term_heads=term_heads,
        term_scale=term_scale,
        unit_terms=unit_terms,
        unit_scale=unit_scale,
        unit_vector=network.vector.astype(np.float16),
        unit_bias=network.bias,
        unit_out=network.out.astype(np.float16),
        weights=blend.weights,
        bias=blend.bias,
        order=blend.order,
        times=blend.times,
    )


def _bytes(weights: Array) -> tuple[NDArray[np.int8], Array]:
    scale = np.abs(weights).max(axis=0) / 127 + 1e-9
    return np.round(weights / scale).astype(np.int8), scale.astype(np.float32)


def read_trainer(roadmap: Roadmap, embedder: Embedder, known: Known, more: frozenset[str] = frozenset()) -> Trainer:
    """Read and embed all that training needs (kept in a cache), and the papers of `more` beside."""
    papers = corpus.papers(known.papers | more)
    titles = {p: title for p, title in corpus.listed_titles().items() if title}
    alone = {f"title:{p}": corpus.Paper(f"title:{p}", title, None) for p, title in titles.items()}
    title_vectors = embedded.vectors(alone, embedder)
    vectors = embedded.vectors(papers, embedder)
    guide = make_guide(roadmap, embedder)
    return Trainer(roadmap, guide, papers, vectors, titles, {p: title_vectors[f"title:{p}"] for p in titles}, known)


def held_out(trainer: Trainer, number: int) -> Trainer:
    """Give a trainer that never heard of one fold of papers."""
    return replace(trainer, known=trainer.known.without(number))


def main() -> None:
    """Read the labels, embed what they name (kept in a cache), train, write."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--out", type=Path, default=OUT)
    args.add_argument("--labels", type=Path, nargs="*", default=[OWN_JUDGMENTS], help="judged pairs beside judged.tsv")
    options = args.parse_args()
    known = read_known(tuple(options.labels))
    trainer = read_trainer(load_roadmap(), SentenceTransformerEmbedder(), known)
    save(train(trainer), options.out)
    print(f"{len(known.papers):,} papers, {sum(map(len, known.grades.values())):,} judged pairs -> {options.out.name}")


if __name__ == "__main__":
    main()
