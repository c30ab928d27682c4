"""Trains the topic blend that ships in ranking/weights: `python -m benchmarks.train_topics`.

A linear model per topic on the vector (positives: public lists, judgments, the topic's own sentences; negatives: papers
of topics that do not overlap, judged non-members), then one logistic regression over the signals of judged pairs, its
linear signal taken from folds that never saw the paper. Each pair counts twice, with and without its abstract, so
that an item known by title alone is judged on the same scale.
"""

import argparse
import hashlib
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from benchmarks import corpus, embedded
from ranking import topics
from ranking.embedder import PACKAGED, SentenceTransformerEmbedder, Vectors
from ranking.guide import Guide, make_guide
from roadmap.load import load_roadmap
from roadmap.model import Roadmap

OUT = Path(__file__).resolve().parents[1] / "ranking" / "weights" / topics.BLEND_FILE
FOLDS = 5
HEAD_C, BLEND_C = 8.0, 1.0
TOPIC_STRENGTH = 0.4  # how far a topic's own offset may leave the common line
FILED = 0.5  # probability on judged pairs that becomes fit 0.5
LINEAR = topics.SIGNALS.index("linear")

Grades = dict[str, dict[str, int]]  # topic -> id -> grade
Array = NDArray[np.float32]


class Trainer:
    """Everything read once: labels, vectors, the roadmap as vectors."""

    def __init__(self, roadmap: Roadmap, guide: Guide, vectors: dict[str, Array], grades: Grades) -> None:
        """Take what training reads; `vectors` holds a unit row for each paper that may be used."""
        self.roadmap, self.guide, self.vectors, self.grades = roadmap, guide, vectors, grades
        self.lists = corpus.topic_labels()
        self.near = {topic: set(roadmap.topics[topic].neighbours) | corpus.overlaps(topic) for topic in guide.topics}

    def heads(self, without: int | None = None) -> tuple[Array, Array]:
        """Train every topic's linear model, leaving out one fold of papers: (topics x dimensions, topics)."""
        pairs = [self._head(topic, without) for topic in self.guide.topics]
        return np.array([w for w, _ in pairs], np.float32), np.array([b for _, b in pairs], np.float32)

    def _head(self, topic: str, without: int | None) -> tuple[Array, float]:
        own, close, far = self._examples(topic, without)
        i = self.guide.topics.index(topic)
        said = np.vstack([self.guide.queries[self.guide.query_owner == i], self.guide.descriptions[i : i + 1]])
        misses = self.guide.misses[self.guide.miss_owner == i]
        groups = [self._rows(own, said), self._rows(close, misses), self._rows(far, self._other_sentences(topic))]
        x = np.vstack(groups)
        y = np.concatenate([np.full(len(g), n == 0) for n, g in enumerate(groups)])
        weights = np.concatenate(
            [np.full(len(g), share / max(len(g), 1)) for g, share in zip(groups, (21, 15, 63), strict=True)]
        )
        model = LogisticRegression(C=HEAD_C, max_iter=500).fit(x, y, sample_weight=weights)
        return model.coef_[0].astype(np.float32), float(model.intercept_[0])

    def _examples(self, topic: str, without: int | None) -> tuple[list[str], list[str], list[str]]:
        grades = self.grades.get(topic, {})
        own = self.lists.get(topic, set()) | {p for p, g in grades.items() if g == 2}
        close = {p for p, g in grades.items() if g == 1}
        far = {p for p, g in grades.items() if g == 0}
        for other in self.guide.topics:
            if other != topic and other not in self.near[topic]:
                far |= self.lists.get(other, set())
                far |= {p for p, g in self.grades.get(other, {}).items() if g == 2 and p not in grades}
        for other in self.near[topic]:
            far -= self.lists.get(other, set())
        kept = [
            [p for p in sorted(s) if p in self.vectors and fold(p) != without] for s in (own, close, far - own - close)
        ]
        return kept[0], kept[1], kept[2]

    def _rows(self, ids: list[str], more: Vectors) -> Array:
        return np.vstack([np.array([self.vectors[p] for p in ids], np.float32).reshape(-1, more.shape[1]), more])

    def _other_sentences(self, topic: str) -> Array:
        far = [n for n, other in enumerate(self.guide.topics) if other != topic and other not in self.near[topic]]
        return self.guide.queries[np.isin(self.guide.query_owner, far)]


def train(trainer: Trainer, papers: dict[str, corpus.Paper]) -> topics.Blend:
    """Train heads and blend; the result is what ranking.topics reads."""
    pairs = [
        (t, p, g) for t, grades in sorted(trainer.grades.items()) for p, g in sorted(grades.items()) if p in papers
    ]
    ids = sorted({p for _, p, _ in pairs})
    linear = out_of_fold(trainer, ids)
    stacks = [_signals(trainer, papers, ids, linear, titles_only) for titles_only in (False, True)]
    row, column = {p: n for n, p in enumerate(ids)}, {t: n for n, t in enumerate(trainer.guide.topics)}
    where = [row[p] for _, p, _ in pairs], [column[t] for t, _, _ in pairs]
    x = np.vstack([stack[where] for stack in stacks])
    offsets = np.zeros((len(x), len(column)), np.float32)
    offsets[np.arange(len(x)), [column[t] for t, _, _ in pairs] * 2] = TOPIC_STRENGTH
    return _blend(trainer, x, offsets, np.array([g == 2 for _, _, g in pairs] * 2))


def out_of_fold(trainer: Trainer, ids: list[str]) -> Array:
    """Give each paper's linear signals by models that did not see it: papers x topics."""
    vectors = np.array([trainer.vectors[p] for p in ids], np.float32)
    result = np.zeros((len(ids), len(trainer.guide.topics)), np.float32)
    for number in range(FOLDS):
        weights, bias = trainer.heads(without=number)
        held = np.array([fold(p) == number for p in ids])
        result[held] = np.clip(vectors[held] @ weights.T + bias, -8, 8)
    return result


def fold(paper: str) -> int:
    """Put a paper into one of the folds, by its id alone."""
    return hashlib.md5(paper.encode(), usedforsecurity=False).digest()[0] % FOLDS


def _signals(
    trainer: Trainer, papers: dict[str, corpus.Paper], ids: list[str], linear: Array, titles_only: bool
) -> Array:
    texts = [topics.Texts(papers[p].title, None if titles_only else papers[p].abstract) for p in ids]
    vectors = np.array([trainer.vectors[p] for p in ids], np.float32)
    stack = topics.signals(texts, vectors, trainer.guide, trainer.roadmap, None)
    stack[:, :, LINEAR] = linear
    return stack


def _blend(trainer: Trainer, x: Array, offsets: Array, y: NDArray[np.bool_]) -> topics.Blend:
    middle, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    model = LogisticRegression(C=BLEND_C, max_iter=2000).fit(np.hstack([(x - middle) / spread, offsets]), y)
    weights = (model.coef_[0][: len(topics.SIGNALS)] / spread).astype(np.float32)
    own = model.coef_[0][len(topics.SIGNALS) :] * TOPIC_STRENGTH
    shift = np.log(FILED / (1 - FILED))
    bias = model.intercept_[0] - float(weights @ middle) + own - shift
    heads, head_bias = trainer.heads()
    count = len(trainer.guide.topics)
    return topics.Blend(
        PACKAGED, trainer.guide.topics, heads, head_bias, np.tile(weights, (count, 1)), bias.astype(np.float32)
    )


def save(blend: topics.Blend, file: Path) -> None:
    """Write the weights; heads at half precision, a fifth of a megabyte in all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        file,
        model=np.array(blend.model),
        topics=np.array(blend.topics),
        heads=blend.heads.astype(np.float16),
        head_bias=blend.head_bias,
        weights=blend.weights,
        bias=blend.bias,
    )


def main() -> None:
    """Read the labels, embed what they name (kept in a cache), train, write."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--out", type=Path, default=OUT)
    args.add_argument(
        "--labels", type=Path, nargs="*", default=[], help="further judged pairs, in the form of judged.tsv"
    )
    options = args.parse_args()
    grades: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for topic, paper, grade in [pair for file in (None, *options.labels) for pair in corpus.judgments(file)]:
        grades[topic][paper] = grade
    wanted = {p for g in grades.values() for p in g} | (set().union(*corpus.topic_labels().values()) & corpus.pool())
    papers, embedder = corpus.papers(wanted), SentenceTransformerEmbedder()
    roadmap = load_roadmap()
    vectors = embedded.vectors(papers, embedder)
    save(train(Trainer(roadmap, make_guide(roadmap, embedder), vectors, dict(grades)), papers), options.out)
    print(f"{len(papers):,} papers, {sum(map(len, grades.values())):,} judged pairs -> {options.out.name}")


if __name__ == "__main__":
    main()
