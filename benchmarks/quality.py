"""How good the topics are: the two measures on public labels, our blend beside its baselines, one table.

On `lists`: nDCG@20 and MAP over the labelled pool, everything trained without the paper's fold. A list does not name
all that belongs: `as read` is the same measure, where what readers filed under a topic and its lists left out counts
neither for nor against. `Withheld` are whole lists that nothing learned from. On `shown`: precision and recall of what
a reader would see of one whole month, once with every paper held out by its fold, once by a blend that knows no
judgment of that month. `Held back` are pairs of held_back.tsv, read after the weights that ship were made: papers that
no weight ever saw.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

from benchmarks import corpus, withheld
from benchmarks.examples import FOLDS, fold, read_known
from benchmarks.train_topics import Trainer, held_out, read_trainer, train
from ranking import metrics, topics
from ranking.embedder import SentenceTransformerEmbedder
from roadmap.load import load_roadmap
from roadmap.model import Roadmap

Scores = NDArray[np.float32]  # papers x topics
SHOWN_PER_TOPIC = 10
LEAST_LABELS = 10
FILED = 0.5  # the least fit of what is shown
LOW = 0.8  # of precision: a topic below it would mislead
MONTHS = ("2506", "2606")
HELD_BACK = Path(__file__).with_name("held_back.tsv")
SVM = {"C": 0.02, "class_weight": "balanced"}  # as arxiv-sanity-lite trains its lists


def rows(limit: int | None = None) -> Iterator[tuple[str, str]]:
    """Measure and give (what, figures) line by line; `limit` takes a small part, to prove that it runs."""
    known = read_known()
    ids = sorted(labelled() | set().union(*(corpus.month(month) for month in MONTHS)))
    ids = ids[:: len(ids) // limit] if limit else ids
    apart = corpus.judgments(HELD_BACK)
    more = frozenset(ids).union(paper for _, paper, _ in apart)
    trainer = read_trainer(load_roadmap(), SentenceTransformerEmbedder(), known, more)
    scores = out_of_fold(trainer, ids)
    yield from _listed(trainer, ids, scores)
    yield from _withheld(trainer, sorted(labelled() & set(ids)), withheld.LEAST)
    for month in MONTHS:
        yield from _shown(trainer, [p for p in ids if p.startswith(month)], month, dict(zip(ids, scores, strict=True)))
    yield from _held_back(trainer, apart)


def labelled() -> set[str]:
    """Name the papers of the pool that some list puts under a topic: no other is ever a candidate."""
    return corpus.pool() & set().union(*corpus.topic_labels().values())


def out_of_fold(trainer: Trainer, ids: list[str]) -> Scores:
    """Score papers by blends whose models and weights never saw their fold."""
    result = np.zeros((len(ids), len(trainer.guide.topics)), np.float32)
    for number in range(FOLDS):
        part = [n for n, p in enumerate(ids) if fold(p) == number]
        if part:
            result[part] = fits(trainer, [ids[n] for n in part], train(held_out(trainer, number)))
    return result


def fits(trainer: Trainer, ids: list[str], blend: topics.Blend) -> Scores:
    """Score papers by a blend as ranking does."""
    texts = [trainer.texts(p) for p in ids]
    vectors = np.array([trainer.vectors[p] for p in ids], np.float32)
    return topics.fits(texts, vectors, trainer.guide, trainer.roadmap, blend)


def _listed(trainer: Trainer, ids: list[str], scores: Scores) -> Iterator[tuple[str, str]]:
    """Measure the order of the labelled pool, as evaluate.py does."""
    wanted = labelled()
    places = [n for n, p in enumerate(ids) if p in wanted]
    some = [ids[n] for n in places]
    texts = [trainer.texts(p) for p in some]
    for name, found in (
        ("TF-IDF to the description", tfidf(texts, trainer.roadmap)),
        ("MiniLM to the description", np.array([trainer.vectors[p] for p in some]) @ trainer.guide.descriptions.T),
        (
            "TF-IDF and linear SVM as in arxiv-sanity, papers held out",
            svm(trainer, some, [(t, frozenset()) for t in trainer.guide.topics]),
        ),
        ("the blend, papers held out", scores[places]),
    ):
        for measure, read in (("lists", False), ("lists as read", True)):
            ndcg, precision = listed(found, some, trainer, read=read)
            yield f"{measure}: {name}", f"nDCG@20 {ndcg:.3f}  MAP {precision:.3f}"


def listed(scores: Scores, ids: list[str], trainer: Trainer, *, read: bool) -> tuple[float, float]:
    """Give mean nDCG@20 and MAP over the topics with enough labels; overlapping topics' papers are left out.

    With `read`, so are papers that no list of the topic names but readers found to be mainly about it.
    """
    labels = {t: s & set(ids) for t, s in corpus.topic_labels().items()}
    columns = {t: n for n, t in enumerate(trainer.guide.topics) if len(labels.get(t, ())) >= LEAST_LABELS}
    return _means(
        _ordered(topic, labels[topic], scores[:, column], ids, trainer, read=read) for topic, column in columns.items()
    )


def _withheld(trainer: Trainer, ids: list[str], least: tuple[int, int]) -> Iterator[tuple[str, str]]:
    """Measure the order of lists that nothing learned from, beside the same baselines."""
    if not (lists := withheld.left_out(trainer, ids, least)):
        return
    texts, places = [trainer.texts(p) for p in ids], [trainer.guide.topics.index(left.topic) for left in lists]
    for name, scores in (
        ("TF-IDF to the description", tfidf(texts, trainer.roadmap)[:, places]),
        (
            "MiniLM to the description",
            (np.array([trainer.vectors[p] for p in ids]) @ trainer.guide.descriptions.T)[:, places],
        ),
        ("TF-IDF and linear SVM as in arxiv-sanity", svm(trainer, ids, [(left.topic, left.alone) for left in lists])),
        *withheld.scored(trainer, ids, lists, topics.packaged_blend()).items(),
    ):
        for read in (False, True):
            ndcg, precision = _means(
                _ordered(left.topic, set(left.alone & set(ids)), column, ids, trainer, read=read)
                for left, column in zip(lists, scores.T, strict=True)
            )
            yield (
                f"{len(lists)} lists withheld{' as read' * read}: {name}",
                f"nDCG@20 {ndcg:.3f}  MAP {precision:.3f}",
            )


def _ordered(
    topic: str, own: set[str], scores: NDArray[np.float32], ids: list[str], trainer: Trainer, *, read: bool
) -> tuple[float, float]:
    """Give nDCG@20 and average precision of a topic's papers among its candidates."""
    wanted = _candidates(topic, own, {t: s & set(ids) for t, s in corpus.topic_labels().items()})
    if read:
        wanted -= {p for p, grade in trainer.known.grades.get(topic, {}).items() if grade == 2} - own
    place = {p: n for n, p in enumerate(ids)}
    order = sorted(wanted, key=lambda p: (-float(scores[place[p]]), p))
    return metrics.ndcg(order, own), metrics.average_precision(order, own)


def _means(found: Iterable[tuple[float, float]]) -> tuple[float, float]:
    means = np.array(list(found) or [(0.0, 0.0)]).mean(axis=0)
    return float(means[0]), float(means[1])


def _candidates(topic: str, own: set[str], labels: Mapping[str, set[str]]) -> set[str]:
    """Name a topic's own papers and those of all topics that do not overlap with it (evaluate.py)."""
    near = corpus.overlaps(topic) | {topic}
    found = own.union(*(ids for other, ids in labels.items() if other not in near))
    return found - (set().union(*(labels.get(other, set()) for other in near)) - own)


def _shown(trainer: Trainer, ids: list[str], month: str, known: Mapping[str, Scores]) -> Iterator[tuple[str, str]]:
    """Measure what readers of one month would see under each topic, as evaluate_shown.py does."""
    texts = [trainer.texts(p) for p in ids]
    blind = replace(trainer, known=trainer.known.before_grading(month))
    for name, scores, floor in (
        ("TF-IDF to description and queries, top ten", tfidf(texts, trainer.roadmap), None),
        ("MiniLM to description and queries, top ten", _likeness(trainer, ids), None),
        ("the blend without this month's judgments, fit >= 0.5", fits(trainer, ids, train(blind)), FILED),
        ("the blend, papers held out, fit >= 0.5", np.array([known[p] for p in ids]), FILED),
    ):
        found = shown(scores, ids, trainer.guide.topics, trainer.known.grades, floor)
        yield f"shown 20{month[:2]}-{month[2:]}: {name}", _told(*found)


def _held_back(trainer: Trainer, apart: list[tuple[str, str, int]]) -> Iterator[tuple[str, str]]:
    """Measure the weights that ship on papers they never saw: of the pairs filed, those that belong, topic by topic."""
    ids = sorted({paper for _, paper, _ in apart} & trainer.papers.keys())
    place = {p: n for n, p in enumerate(ids)}
    found = fits(trainer, ids, topics.packaged_blend())
    filed: defaultdict[str, list[bool]] = defaultdict(list)
    for topic, paper, grade in apart:
        if paper in place and found[place[paper], trainer.guide.topics.index(topic)] >= FILED:
            filed[topic].append(grade == 2)
    if filed:
        right = [float(np.mean(pairs)) for pairs in filed.values()]
        low = [topic for topic, part in zip(filed, right, strict=True) if part < LOW]
        yield (
            "held back: the weights that ship, on papers they never saw",
            f"precision {np.mean(right):.3f} of {sum(map(len, filed.values()))} pairs under {len(filed)} topics"
            f"  topics below 0.8: {len(low)} ({', '.join(low)})",
        )


def _told(precision: float, recall: float, low: list[str], unjudged: int) -> str:
    below = f"{len(low)} ({', '.join(low)})" if 0 < len(low) < 8 else str(len(low))
    return f"precision {precision:.3f}  recall@10 {recall:.3f}  unjudged {unjudged}  topics below 0.8: {below}"


def shown(
    scores: Scores, ids: list[str], names: tuple[str, ...], grades: Mapping[str, Mapping[str, int]], floor: float | None
) -> tuple[float, float, list[str], int]:
    """Give precision and recall over the topics, the topics below 0.8, and the shown pairs nobody judged."""
    precisions, recalls, unjudged, low, month = [], [], 0, list[str](), set(ids)
    for column, topic in enumerate(names):
        order = [
            n for n in np.argsort(-scores[:, column], kind="stable") if floor is None or scores[n, column] >= floor
        ]
        listed_ids = [ids[n] for n in order[:SHOWN_PER_TOPIC]]
        known = {p: g for p, g in grades.get(topic, {}).items() if p in month}
        judged = [known[p] for p in listed_ids if p in known]
        unjudged += len(listed_ids) - len(judged)
        right, there = sum(g == 2 for g in judged), sum(g == 2 for g in known.values())
        if judged:
            precisions.append(right / len(judged))
            low += [topic] if precisions[-1] < LOW else []
        if there:
            recalls.append(min(1.0, right / min(SHOWN_PER_TOPIC, there)))
    if not precisions or not recalls:
        return 0.0, 0.0, low, unjudged
    return float(np.mean(precisions)), float(np.mean(recalls)), low, unjudged


def tfidf(texts: list[topics.Texts], roadmap: Roadmap) -> Scores:
    """The first baseline: cosine of TF-IDF vectors to each topic's description and queries."""
    model = TfidfVectorizer(sublinear_tf=True, min_df=1, stop_words="english")
    rows_ = model.fit_transform([f"{t.title}. {t.abstract or ''}" for t in texts])
    said = model.transform([" ".join((t.description.en, *t.queries)) for t in roadmap.topics.values()])
    return np.asarray((rows_ @ said.T).todense(), dtype=np.float32)


def svm(trainer: Trainer, ids: list[str], columns: Sequence[tuple[str, frozenset[str]]]) -> Scores:
    """The baseline of arxiv-sanity-lite: a linear SVM on TF-IDF of what the lists name, papers held out.

    Each column is a topic and the papers whose label it is not told.
    """
    model = TfidfVectorizer(ngram_range=(1, 2), max_features=20_000, stop_words="english", sublinear_tf=True)
    rows_ = model.fit_transform([f"{trainer.papers[p].title}. {trainer.papers[p].abstract or ''}" for p in ids])
    result = np.full((len(ids), len(columns)), -10, np.float32)
    folds = np.array([fold(p) for p in ids])
    for column, (topic, untold) in enumerate(columns):
        own = np.array([p in trainer.known.lists.get(topic, ()) and p not in untold for p in ids])
        for number in range(FOLDS):
            used, held = (folds != number) & ~np.isin(ids, list(untold)), folds == number
            if own[used].any() and held.any():
                result[held, column] = LinearSVC(**SVM).fit(rows_[used], own[used]).decision_function(rows_[held])
    return result


def _likeness(trainer: Trainer, ids: list[str]) -> Scores:
    """The second baseline: mean cosine to description and queries."""
    guide = trainer.guide
    vectors = np.array([trainer.vectors[p] for p in ids], np.float32)
    said = [
        np.vstack([guide.descriptions[t : t + 1], guide.queries[guide.query_owner == t]]).mean(axis=0)
        for t in range(len(guide.topics))
    ]
    return vectors @ np.array(said, np.float32).T
