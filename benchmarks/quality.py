"""How good the topics are: the two measures on public labels, our blend beside its baselines, one table.

On `lists`: nDCG@20 and MAP over the labelled pool, everything trained without the paper's fold. A list does not name
all that belongs: `as read` is the same measure, where what readers file under a topic and its lists leave out counts
neither for nor against; `read both ways`, where neither does what its lists name and readers would not file there.
`Withheld` are lists' parts of a topic (benchmarks.withheld). On `shown`: precision and recall of what a reader would
see of a whole month, by a blend that knows no judgment of that month, by the weights that ship, and with every paper
held out by its fold. A month has few papers of some topics; over all months that were read, topic by topic, there are
enough. One month more is kept apart whole (held_back.tsv): no judgment of it is ever learned from.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

from benchmarks import corpus, withheld
from benchmarks.examples import FOLDS, Grades, fold, read_grades, read_known
from benchmarks.times import year_of
from benchmarks.train_topics import Trainer, held_out, read_trainer, train
from ranking import metrics, topics
from ranking.embedder import SentenceTransformerEmbedder
from roadmap.load import load_roadmap
from roadmap.model import Roadmap

Scores = NDArray[np.float32]  # papers x topics
SHOWN_PER_TOPIC = 10
LEAST_LABELS = 10
TAUGHT = 10  # papers that other lists name under a topic, where an SVM is to know it
SHOWN_FROM = 0.5  # the least fit of what is shown
LOW = 0.8  # of precision: a topic below it would mislead
MONTHS = ("2506", "2606")
APART = "2509"  # the month whose judgments are measured with and never learned from
HELD_BACK = Path(__file__).with_name("held_back.tsv")
AS_READ, BOTH_WAYS = ", as read", ", read both ways"
READ = ("", AS_READ, BOTH_WAYS)  # how far readers' judgments take pairs out of what lists say
ARXIV_SANITY = "TF-IDF and linear SVM as in arxiv-sanity"
SVM = {"C": 0.02, "class_weight": "balanced"}  # as arxiv-sanity-lite trains its lists


def rows(limit: int | None = None) -> Iterator[tuple[str, str]]:
    """Measure and give (what, figures) line by line; `limit` takes a small part, to prove that it runs."""
    known, months = read_known(), {month: corpus.month(month) for month in MONTHS}
    ids = sorted(labelled().union(*known.grades.values(), *months.values()))
    ids, apart = (some[:: len(some) // limit] if limit else some for some in (ids, sorted(corpus.month(APART))))
    trainer = read_trainer(load_roadmap(), SentenceTransformerEmbedder(), known, frozenset(ids + apart))
    ids = [p for p in ids if p in trainer.papers]
    scores = out_of_fold(trainer, ids)
    yield from _listed(trainer, ids, scores)
    yield from _withheld(trainer, sorted(labelled() & set(ids)), withheld.LEAST)
    held = dict(zip(ids, scores, strict=True))
    for month, papers in months.items():
        yield from _shown(trainer, [p for p in ids if p in papers], month, held)
    yield over_months(trainer, ids, scores)
    yield from _kept_apart(trainer, apart, read_grades(HELD_BACK))


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
    years = [year_of(p) for p in ids]
    return topics.fits(texts, years, vectors, trainer.guide, trainer.roadmap, blend)


def _listed(trainer: Trainer, ids: list[str], scores: Scores) -> Iterator[tuple[str, str]]:
    """Measure the order of the labelled pool, as evaluate.py does."""
    wanted = labelled()
    places = [n for n, p in enumerate(ids) if p in wanted]
    some = [ids[n] for n in places]
    for name, found in (
        *_baselines(trainer, some),
        (f"{ARXIV_SANITY}, papers held out", svm(trainer, some)),
        ("the blend, papers held out", scores[places]),
    ):
        for read in READ:
            yield f"lists{read}: {name}", _ordered(*listed(found, some, trainer, read))


def _baselines(trainer: Trainer, ids: list[str]) -> list[tuple[str, Scores]]:
    vectors = np.array([trainer.vectors[p] for p in ids], np.float32)
    return [
        ("TF-IDF to description and queries", tfidf([trainer.texts(p) for p in ids], trainer.roadmap)),
        ("MiniLM to the description", vectors @ trainer.guide.descriptions.T),
    ]


def listed(scores: Scores, ids: list[str], trainer: Trainer, read: str) -> tuple[float, float]:
    """Give mean nDCG@20 and MAP over the topics with enough labels; overlapping topics' papers are left out.

    So are, by `read` (one of READ), papers that readers would file otherwise than the topic's lists do.
    """
    labels = {t: s & set(ids) for t, s in corpus.topic_labels().items()}
    columns = {t: n for n, t in enumerate(trainer.guide.topics) if len(labels.get(t, ())) >= LEAST_LABELS}
    return _means(
        _measured(topic, labels[topic], scores[:, column], ids, trainer, read) for topic, column in columns.items()
    )


def _withheld(trainer: Trainer, ids: list[str], least: tuple[int, int]) -> Iterator[tuple[str, str]]:
    """Measure the order of what a list did not teach, beside the same baselines.

    An SVM knows a topic by other lists alone: it stands beside the parts whose topic enough of these teach.
    """
    if not (lists := withheld.left_out(trainer, ids, least)):
        return
    places = [trainer.guide.topics.index(left.topic) for left in lists]
    rivals = {name: found[:, places] for name, found in _baselines(trainer, ids)}
    ours = withheld.scored(trainer, ids, lists, topics.packaged_blend())
    yield from _parts("parts of lists withheld", trainer, ids, lists, {**rivals, **ours})
    taught = [n for n, left in enumerate(lists) if len(left.forget(trainer.known).lists[left.topic]) >= TAUGHT]
    if some := [lists[n] for n in taught]:
        rivals = {ARXIV_SANITY: svm_withheld(trainer, ids, some)}
        own = {name: scores[:, taught] for name, scores in ours.items()}
        yield from _parts("of them, topics that other lists teach", trainer, ids, some, {**rivals, **own})


def _parts(
    what: str, trainer: Trainer, ids: list[str], lists: Sequence[withheld.Left], found: Mapping[str, Scores]
) -> Iterator[tuple[str, str]]:
    """Say how each scorer orders lists' parts of topics, in the mean."""
    for name, scores in found.items():
        for read in READ:
            pairs = zip(lists, scores.T, strict=True)
            means = _means(_measured(left.topic, left.alone, own, ids, trainer, read) for left, own in pairs)
            yield f"{len(lists)} {what}{read}: {name}", _ordered(*means)


def _ordered(ndcg: float, precision: float) -> str:
    return f"nDCG@20 {ndcg:.3f}  MAP {precision:.3f}"


def _measured(
    topic: str, papers: AbstractSet[str], scores: NDArray[np.float32], ids: list[str], trainer: Trainer, read: str
) -> tuple[float, float]:
    """Give nDCG@20 and average precision of a topic's papers among its candidates."""
    place = {p: n for n, p in enumerate(ids)}
    own = set(papers & place.keys())
    wanted = _candidates(topic, own, {t: s & place.keys() for t, s in corpus.topic_labels().items()})
    wanted -= _otherwise(own, trainer.known.grades.get(topic, {}), read)
    own &= wanted
    order = sorted(wanted, key=lambda p: (-float(scores[place[p]]), p))
    return metrics.ndcg(order, own), metrics.average_precision(order, own)


def _otherwise(own: AbstractSet[str], grades: Mapping[str, int], read: str) -> set[str]:
    """Name the papers that readers would file otherwise than the lists: what these miss, and what they should not."""
    missed = {p for p, grade in grades.items() if grade == 2 and p not in own}
    passed = {p for p, grade in grades.items() if grade < 2 and p in own}
    return {"": set[str](), AS_READ: missed, BOTH_WAYS: missed | passed}[read]


def _means(found: Iterable[tuple[float, float]]) -> tuple[float, float]:
    means = np.array(list(found) or [(0.0, 0.0)]).mean(axis=0)
    return float(means[0]), float(means[1])


def _candidates(topic: str, own: set[str], labels: Mapping[str, set[str]]) -> set[str]:
    """Name a topic's own papers and those of all topics that do not overlap with it (evaluate.py)."""
    near = corpus.overlaps(topic) | {topic}
    found = own.union(*(ids for other, ids in labels.items() if other not in near))
    return found - (set().union(*(labels.get(other, set()) for other in near)) - own)


def _shown(trainer: Trainer, ids: list[str], month: str, held: Mapping[str, Scores]) -> Iterator[tuple[str, str]]:
    """Measure what readers of one month would see under each topic, as evaluate_shown.py does."""
    blind = replace(trainer, known=trainer.known.before_grading(month))
    yield from _seen(
        trainer,
        ids,
        trainer.known.grades,
        ("the blend without this month's judgments", fits(trainer, ids, train(blind))),
        ("the weights that ship", fits(trainer, ids, topics.packaged_blend())),
        ("the blend, papers held out", np.array([held[p] for p in ids])),
    )


def over_months(trainer: Trainer, ids: list[str], scores: Scores) -> tuple[str, str]:
    """Measure the ten best read papers a month that are shown under a topic, over all months: topic by topic."""
    found = {t: _best_of_months(trainer, ids, scores[:, n], t) for n, t in enumerate(trainer.guide.topics)}
    precisions = sorted((sum(right) / len(right), topic) for topic, right in found.items() if right)
    least = ", ".join(f"{topic} {precision:.3f}" for precision, topic in precisions[:3])
    mean, count = np.mean([precision for precision, _ in precisions] or [0]), sum(map(len, found.values()))
    what = "shown of all months, of what was read: the blend, papers held out"
    return what, f"precision {mean:.3f} of {count:,} pairs  least: {least}"


def _best_of_months(trainer: Trainer, ids: list[str], fits_: NDArray[np.float32], topic: str) -> list[bool]:
    grades, months = trainer.known.grades.get(topic, {}), defaultdict[str, list[str]](list)
    place = {p: n for n, p in enumerate(ids)}
    for paper in grades:
        if paper in place and fits_[place[paper]] >= SHOWN_FROM:
            months[paper[:4]].append(paper)
    best = (sorted(some, key=lambda p: -fits_[place[p]])[:SHOWN_PER_TOPIC] for some in months.values())
    return [grades[p] == 2 for some in best for p in some]


def _kept_apart(trainer: Trainer, ids: list[str], grades: Grades) -> Iterator[tuple[str, str]]:
    """Measure the weights that ship on a month that taught them nothing; ValueError if one of its judgments did."""
    heard = {p for some in trainer.known.grades.values() for p in some} | trainer.known.unfiled
    if learned := sorted(heard & set(ids)):
        raise ValueError(f"20{APART[:2]}-{APART[2:]} is kept apart, and is learned from: {', '.join(learned[:5])}")
    if not ids:
        return
    scores = fits(trainer, ids, topics.packaged_blend())
    yield from _seen(trainer, ids, grades, ("the weights that ship, which know no judgment of it", scores))


def _seen(trainer: Trainer, ids: list[str], grades: Grades, *ours: tuple[str, Scores]) -> Iterator[tuple[str, str]]:
    """Give a line for each baseline, which fills ten places, and each of our scores, which show from a fit on."""
    texts = [trainer.texts(p) for p in ids]
    for name, scores, floor in (
        ("TF-IDF to description and queries, top ten", tfidf(texts, trainer.roadmap), None),
        ("MiniLM to description and queries, top ten", _likeness(trainer, ids), None),
        *((f"{name}, fit >= {SHOWN_FROM}", scores, SHOWN_FROM) for name, scores in ours),
    ):
        told = _told(*shown(scores, ids, trainer.guide.topics, grades, floor))
        yield f"shown 20{ids[0][:2]}-{ids[0][2:4]}: {name}", told


def _told(precision: float, recall: float, low: list[str], unjudged: int) -> str:
    below = f"{len(low)} ({', '.join(low)})" if 0 < len(low) < 8 else str(len(low))
    return f"precision {precision:.3f}  recall@10 {recall:.3f}  unjudged {unjudged}  topics below {LOW}: {below}"


def shown(
    scores: Scores, ids: list[str], names: tuple[str, ...], grades: Grades, floor: float | None
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


def svm(trainer: Trainer, ids: list[str]) -> Scores:
    """The baseline of arxiv-sanity-lite: a linear SVM a topic on TF-IDF of what the lists name, papers held out."""
    everything = np.full(len(ids), True)
    names = [trainer.known.lists.get(topic, frozenset()) for topic in trainer.guide.topics]
    return _svm(trainer, ids, [(named, everything) for named in names])


def svm_withheld(trainer: Trainer, ids: list[str], lists: Sequence[withheld.Left]) -> Scores:
    """The same without what each list alone names: its papers speak neither for nor against its topic."""
    known = [left.forget(trainer.known).lists[left.topic] for left in lists]
    others = [np.array([p not in left.alone for p in ids]) for left in lists]
    return _svm(trainer, ids, list(zip(known, others, strict=True)))


def _svm(trainer: Trainer, ids: list[str], taught: Sequence[tuple[AbstractSet[str], NDArray[np.bool_]]]) -> Scores:
    """Train an SVM for each set of papers, on those that may be used and are not of the fold that is scored."""
    model = TfidfVectorizer(ngram_range=(1, 2), max_features=20_000, stop_words="english", sublinear_tf=True)
    rows_ = model.fit_transform([f"{trainer.papers[p].title}. {trainer.papers[p].abstract or ''}" for p in ids])
    result = np.full((len(ids), len(taught)), -10, np.float32)
    folds = np.array([fold(p) for p in ids])
    for column, (named, usable) in enumerate(taught):
        own = np.array([p in named for p in ids])
        for number in range(FOLDS):
            used, held = usable & (folds != number), folds == number
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
