"""How well papers are ordered by what a list did not teach: its part of a topic is withheld whole.

The topic's models then learn from other lists, judged pairs and the roadmap's own sentences, and from no paper
that this list alone files there; papers of other topics are scored by models without their fold. The blend around it is
the one that ships: its few weights a topic, and the terms, were chosen with the list at hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import corpus
from benchmarks.examples import ANSWERS, FOLDS, Known, answer, fold, places_of
from benchmarks.network import Heads, train_heads
from benchmarks.times import times, year_of
from benchmarks.train_topics import Linear, Trainer
from ranking import topics
from ranking.words import Vocabulary

Scores = NDArray[np.float32]  # papers x lists
LEAST = 8, 10  # papers of the pool that no other list of the topic names, and papers of the topic known from elsewhere


@dataclass(frozen=True, slots=True)
class Left:
    """A list's part of a topic, left out: the papers that no other list of the topic names."""

    topic: str
    alone: frozenset[str]

    def forget(self, known: Known) -> Known:
        """Give what is known without what this list alone says of its topic."""
        own = known.lists[self.topic] - self.alone
        grades = {p: g for p, g in known.grades.get(self.topic, {}).items() if p not in self.alone}
        return Known({**known.lists, self.topic: own}, {**known.grades, self.topic: grades}, known.unfiled)


def left_out(trainer: Trainer, ids: list[str], least: tuple[int, int]) -> list[Left]:
    """Choose the lists with enough papers among `ids` whose topic is known by enough others."""
    lists, found = corpus.lists(), []
    for (topic, name), papers in sorted(lists.items()):
        others = set().union(*(s for (t, n), s in lists.items() if t == topic and n != name))
        left = Left(topic, frozenset(papers - others))
        known = left.forget(trainer.known)
        rest = len(known.lists[topic]) + sum(grade == 2 for grade in known.grades[topic].values())
        if len(left.alone & set(ids)) >= least[0] and rest >= least[1]:
            found.append(left)
    return found


def scored(trainer: Trainer, ids: list[str], lists: list[Left], blend: topics.Blend) -> Mapping[str, Scores]:
    """Score papers for each list's topic by its withheld model of lists, and by the blend around both models."""
    texts, vectors = [trainer.texts(p) for p in ids], np.array([trainer.vectors[p] for p in ids], np.float32)
    logits = _logits(trainer, ids, lists, texts, vectors)
    count = len(trainer.guide.topics)
    filed, listed = np.split(logits[:, 2 * count :], 2, axis=1)
    signals = topics.signals(texts, vectors, trainer.guide, trainer.roadmap, blend)
    blended = [
        _blended(signals, [year_of(p) for p in ids], logits[:, : 2 * count], trainer, left, own, blend)
        for left, *own in zip(lists, filed.T, listed.T, strict=True)
    ]
    return {"the models of lists alone": listed, "the blend": np.array(blended, np.float32).T}


def _logits(
    trainer: Trainer, ids: list[str], lists: list[Left], texts: list[topics.Texts], vectors: NDArray[np.float32]
) -> Scores:
    """Give the answers of all topics, then of the lists' topics without them, papers held out by their fold."""
    linear = Linear(trainer)
    belongs, shares = taught(trainer, linear, lists)
    words = Vocabulary(linear.terms, linear.rarity).rows(texts)
    found = np.zeros((len(ids), belongs.shape[1]), np.float32)
    for number in range(FOLDS):
        used, held = linear.fold != number, np.array([fold(p) == number for p in ids])
        heads: Heads = train_heads(linear.vectors[used], linear.words[used], belongs[used], shares[used])
        found[held] = np.clip(heads(vectors[held], words[held]), -topics.MOST, topics.MOST)
    return found


def taught(trainer: Trainer, linear: Linear, lists: list[Left]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Say what each example answers, and how much it counts, for all topics and then for the lists' without them.

    Of each it is what readers would file for all, then what lists name for all.
    """
    places = places_of(linear.examples)
    found = [_forgotten(trainer, linear, places, left, much) for much in ANSWERS for left in lists]
    belongs, shares = ([some[:, None] for some in part] for part in zip(*found, strict=True))
    return np.hstack([linear.answers, *belongs]), np.hstack([linear.shares, *shares])


def _forgotten(
    trainer: Trainer, linear: Linear, places: Mapping[str, list[int]], left: Left, much: Mapping[str, float]
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Give the answers for a list's topic as they would be without what the list says."""
    known = left.forget(trainer.known)
    own, weight = answer(left.topic, linear.examples, places, known, trainer.roadmap, much)
    # Other topics' lists may name these papers too, and would speak against this one.
    weight[[example.paper in left.alone for example in linear.examples]] = 0
    return own, weight


def _blended(
    signals: NDArray[np.float32],
    years: Sequence[int],
    logits: Scores,
    trainer: Trainer,
    left: Left,
    own: Sequence[NDArray[np.float32]],
    blend: topics.Blend,
) -> NDArray[np.float32]:
    """Weigh a topic's signals as the blend does, with other models (what is filed, what is listed) for its own."""
    place = trainer.guide.topics.index(left.topic)
    time = topics.timely(times(left.forget(trainer.known).lists, [left.topic]), years)[0]
    linear, listed = (some.copy() for some in np.split(logits, 2, axis=1))
    linear[:, place], listed[:, place] = own
    pair, (lead, listed_lead) = signals[:, place].copy(), (topics.lead(some)[:, place] for some in (linear, listed))
    pair[:, topics.LINEAR], pair[:, topics.LEAD], pair[:, topics.LISTED] = own[0], lead, own[1]
    for name, bend in zip(topics.BENDS, topics.bends(own[0], lead), strict=True):
        pair[:, topics.SIGNALS.index(name)] = bend
    learned = blend.topics.index(left.topic)
    logit = pair @ blend.weights[learned] + blend.bias[learned]
    return topics.settle(logit, own[1], lead, listed_lead, time, blend.order)
