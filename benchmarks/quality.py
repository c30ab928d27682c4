"""How good the topics are: the two measures on public labels, our blend beside its baselines, one table.

On `topics`: nDCG@20 and MAP over the labelled pool, our linear models trained without the paper's fold. On `shown`:
precision and recall of what a reader would see of one whole month.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]

from benchmarks import corpus, embedded
from benchmarks.train_topics import FOLDS, Trainer, fold, train
from ranking import metrics, topics
from ranking.embedder import SentenceTransformerEmbedder
from ranking.guide import Guide, make_guide
from roadmap.load import load_roadmap
from roadmap.model import Roadmap

Scores = NDArray[np.float32]  # papers x topics
SHOWN_PER_TOPIC = 10
LEAST_LABELS = 10
MONTH = "2506"


def rows(limit: int | None = None) -> Iterator[tuple[str, str]]:
    """Measure and give (what, figures) line by line; `limit` takes a small part, to prove that it runs."""
    roadmap, embedder = load_roadmap(), SentenceTransformerEmbedder()
    guide = make_guide(roadmap, embedder)
    grades: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for topic, paper, grade in corpus.judgments():
        grades[topic][paper] = grade
    wanted = labelled() | {p for g in grades.values() for p in g} | corpus.month(MONTH)
    ids = sorted(wanted)[:limit] if limit else sorted(wanted)
    papers = corpus.papers(ids)
    vectors = embedded.vectors(papers, embedder)
    trainer = Trainer(roadmap, guide, vectors, dict(grades))
    yield from _listed(trainer, papers, guide, roadmap)
    yield from _shown(trainer, papers, guide, roadmap)


def labelled() -> set[str]:
    """Name the papers of the pool that some list puts under a topic: no other is ever a candidate."""
    return corpus.pool() & set().union(*corpus.topic_labels().values())


def _listed(
    trainer: Trainer, papers: Mapping[str, corpus.Paper], guide: Guide, roadmap: Roadmap
) -> Iterator[tuple[str, str]]:
    """Measure the order of the labelled pool, as evaluate.py does."""
    ids = sorted(labelled() & set(papers))
    texts = [topics.Texts(papers[p].title, papers[p].abstract) for p in ids]
    for name, scores in (
        ("TF-IDF to the description", tfidf(texts, roadmap)),
        ("MiniLM to the description", np.array([trainer.vectors[p] for p in ids]) @ guide.descriptions.T),
        ("the blend, papers held out", held_out(trainer, papers, ids)),
    ):
        ndcg, precision = listed(scores, ids, guide.topics, trainer)
        yield f"lists: {name}", f"nDCG@20 {ndcg:.3f}  MAP {precision:.3f}"


def listed(scores: Scores, ids: list[str], names: tuple[str, ...], trainer: Trainer) -> tuple[float, float]:
    """Give mean nDCG@20 and MAP over the topics with enough labels; overlapping topics' papers are left out."""
    labels = {t: s & set(ids) for t, s in corpus.topic_labels().items()}
    place = {p: n for n, p in enumerate(ids)}
    found = []
    for column, topic in enumerate(names):
        own = labels.get(topic, set())
        if len(own) < LEAST_LABELS:
            continue
        near = corpus.overlaps(topic) | {topic}
        candidates = own.union(*(s for t, s in labels.items() if t not in near))
        candidates -= set().union(*(labels.get(t, set()) for t in near)) - own
        order = sorted(candidates, key=lambda p: (-float(scores[place[p], column]), p))
        found.append((metrics.ndcg(order, own), metrics.average_precision(order, own)))
    means = np.array(found).mean(axis=0) if found else np.zeros(2)
    return float(means[0]), float(means[1])


def held_out(trainer: Trainer, papers: Mapping[str, corpus.Paper], ids: list[str]) -> Scores:
    """Score papers by a blend whose heads and weights never saw their fold."""
    result = np.zeros((len(ids), len(trainer.guide.topics)), np.float32)
    for number in range(FOLDS):
        part = [n for n, p in enumerate(ids) if fold(p) == number]
        if part:
            kept = {t: {p: g for p, g in some.items() if fold(p) != number} for t, some in trainer.grades.items()}
            blend = train(_without(trainer, kept, number), dict(papers))
            result[part] = _fits(trainer, papers, [ids[n] for n in part], blend)
    return result


def _without(trainer: Trainer, grades: dict[str, dict[str, int]], number: int) -> Trainer:
    other = Trainer(trainer.roadmap, trainer.guide, trainer.vectors, grades)
    other.lists = {t: {p for p in some if fold(p) != number} for t, some in trainer.lists.items()}
    return other


def _fits(trainer: Trainer, papers: Mapping[str, corpus.Paper], ids: list[str], blend: topics.Blend) -> Scores:
    texts = [topics.Texts(papers[p].title, papers[p].abstract) for p in ids]
    vectors = np.array([trainer.vectors[p] for p in ids], np.float32)
    return topics.fits(texts, vectors, trainer.guide, trainer.roadmap, replace(blend))


def _shown(
    trainer: Trainer, papers: Mapping[str, corpus.Paper], guide: Guide, roadmap: Roadmap
) -> Iterator[tuple[str, str]]:
    """Measure what readers of one month would see under each topic, as evaluate_shown.py does."""
    ids = sorted(corpus.month(MONTH) & set(papers))
    texts = [topics.Texts(papers[p].title, papers[p].abstract) for p in ids]
    for name, scores, floor in (
        ("TF-IDF to description and queries, top ten", tfidf(texts, roadmap), None),
        ("MiniLM to description and queries, top ten", _likeness(trainer, ids), None),
        ("the blend, papers held out, fit >= 0.5", held_out(trainer, papers, ids), 0.5),
    ):
        precision, recall, low, unjudged = shown(scores, ids, guide.topics, trainer.grades, floor)
        figures = f"precision {precision:.3f}  recall@10 {recall:.3f}  topics below 0.8: {low}  unjudged {unjudged}"
        yield f"shown: {name}", figures


def shown(
    scores: Scores, ids: list[str], names: tuple[str, ...], grades: Mapping[str, dict[str, int]], floor: float | None
) -> tuple[float, float, int, int]:
    """Give precision and recall over the topics, the topics below 0.8, and the shown pairs nobody judged."""
    precisions, recalls, unjudged = [], [], 0
    for column, topic in enumerate(names):
        order = [
            n for n in np.argsort(-scores[:, column], kind="stable") if floor is None or scores[n, column] >= floor
        ]
        listed_ids = [ids[n] for n in order[:SHOWN_PER_TOPIC]]
        known = grades.get(topic, {})
        judged = [known[p] for p in listed_ids if p in known]
        unjudged += len(listed_ids) - len(judged)
        right, there = sum(g == 2 for g in judged), sum(g == 2 for g in known.values())
        if judged:
            precisions.append(right / len(judged))
        if there:
            recalls.append(min(1.0, right / min(SHOWN_PER_TOPIC, there)))
    if not precisions or not recalls:
        return 0.0, 0.0, 0, unjudged
    return float(np.mean(precisions)), float(np.mean(recalls)), sum(p < 0.8 for p in precisions), unjudged


def tfidf(texts: list[topics.Texts], roadmap: Roadmap) -> Scores:
    """The first baseline: cosine of TF-IDF vectors to each topic's description and queries."""
    model = TfidfVectorizer(sublinear_tf=True, min_df=1, stop_words="english")
    rows_ = model.fit_transform([f"{t.title}. {t.abstract or ''}" for t in texts])
    said = model.transform([" ".join((t.description.en, *t.queries)) for t in roadmap.topics.values()])
    return np.asarray((rows_ @ said.T).todense(), dtype=np.float32)


def _likeness(trainer: Trainer, ids: list[str]) -> Scores:
    """The second baseline: mean cosine to description and queries."""
    guide = trainer.guide
    vectors = np.array([trainer.vectors[p] for p in ids], np.float32)
    said = [
        np.vstack([guide.descriptions[t : t + 1], guide.queries[guide.query_owner == t]]).mean(axis=0)
        for t in range(len(guide.topics))
    ]
    return vectors @ np.array(said, np.float32).T
