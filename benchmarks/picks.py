"""How well worth finds what editors pick: AUC and recall@100 by month, beside votes alone and likeness alone.

Three settings. `own month`: the picks among the papers of their own month, where the corpus holds enough of it; what
is learned comes from earlier months only, or from other papers only. `among all`: the latest picks, put among all
papers of a dense month for which no picks are known; they keep their place among the voted with the chance that VOTED
names, else have no votes. So months and picks are of different years, which only stands in for the real thing. `shown`:
what a reader would be shown of a dense month, and how much of it has neither a known lab nor votes.
"""

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

from benchmarks import corpus, embedded, labelled_labs
from benchmarks.train_picks import DENSE, Question, direction, listed, picked, taste, wanted
from digest.compose import FIT_SHOWN, STAGE_BUDGET, WORTH_FLOOR
from ranking import affinity, editors, labs, topics
from ranking.embedder import SentenceTransformerEmbedder
from ranking.guide import Guide, make_guide
from ranking.shortlist import Contender, shortlist
from ranking.worth import Signals, worth
from roadmap.load import load_roadmap
from roadmap.model import Roadmap

Array = NDArray[np.float32]
DEPTH = 100
FOLDS = 5
LEAST_PICKS, LEAST_OTHERS, LEAST_EARLIER = 8, DEPTH, 40
WHOLE = 1_000  # corpus papers from which a month counts as whole
LATEST = "2407"  # picks from here on are kept back from training where they are put among all of a dense month
VOTED = 0.37  # share of an editor's picks with votes: with it votes alone have the AUC of 0.66 that real months gave
Scores = Mapping[str, float]
Made = Callable[[str, float], float]  # id, share of papers as alike -> score


@dataclass(frozen=True, slots=True)
class Known:
    """All that the measures read."""

    vectors: Mapping[str, Array]
    votes: Mapping[str, int]
    picks: frozenset[str]
    signals: Mapping[str, Signals]  # without likeness
    fits: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Readers:
    """What readers list as a direction, and the vectors it was learned from."""

    direction: Array
    usual: Array


def rows(limit: int | None = None) -> Iterator[tuple[str, str]]:
    """Measure and give (what, figures) line by line; `limit` takes so many papers only, to prove that it runs."""
    roadmap, embedder = load_roadmap(), SentenceTransformerEmbedder()
    known = gather(roadmap, make_guide(roadmap, embedder), embedder, limit)
    months = sorted({p[:4] for p in known.picks})
    whole = [m for m in months if sum(p.startswith(m) for p in known.vectors) >= WHOLE]
    yield "picks: months", f"{len(months)} with picks in the corpus, {len(whole)} of them whole"
    for name, split in (("by time", by_time), ("by paper", by_paper)):
        yield from _own_months(known, months, name, split)
    for month in DENSE:
        yield from _among_all(known, month)
        yield _shown(known, month, roadmap)


def gather(roadmap: Roadmap, guide: Guide, embedder: SentenceTransformerEmbedder, limit: int | None) -> Known:
    """Read papers, votes and labs, embed what has no vector in the cache, and compute every signal but likeness."""
    votes, picks = corpus.votes(), corpus.picks()
    ids = wanted() | _whole(picks)
    papers = {p: paper for p, paper in corpus.papers(sorted(ids)[-limit:] if limit else ids).items() if paper.abstract}
    vectors = embedded.vectors(papers, embedder)
    order = list(papers)
    texts = [topics.Texts(papers[p].title, papers[p].abstract) for p in order]
    found = topics.fits(texts, np.array([vectors[p] for p in order]), guide, roadmap, topics.packaged_blend())
    fits = dict(zip(order, found, strict=True))
    signals = {p: _signals(p, float(fits[p].max()), votes.get(p), roadmap) for p in order}
    return Known(vectors, votes, frozenset(picks) & set(papers), signals, fits)


def _whole(picks: Mapping[str, str]) -> set[str]:
    """Name all papers of the months with picks of which the corpus holds enough."""
    count = Counter(p[:4] for p in labelled_labs.papers())
    months = {p[:4] for p in picks if count[p[:4]] >= WHOLE}
    return {p for p in labelled_labs.papers() if p[:4] in months}


def _signals(paper: str, fit: float, votes: int | None, roadmap: Roadmap) -> Signals:
    facts = labelled_labs.papers()[paper].facts()
    found = labs.attribute(facts, roadmap.labs, affinity.shipped())
    lab = found[0].confidence if found else None
    return Signals(fit, votes, has_code=bool(facts.repositories), lab_confidence=lab)


def by_time(known: Known, month: str) -> Iterator[tuple[Question, set[str]]]:
    """Learn from earlier months, measure the whole month."""
    earlier = [p for p in known.vectors if p[:4] < month]
    yield picked(earlier, known.picks, known.votes), {p for p in known.vectors if p.startswith(month)}


def by_paper(known: Known, month: str) -> Iterator[tuple[Question, set[str]]]:
    """Learn from the other folds of papers, of all months; measure the fold's papers of the month."""
    for number in range(FOLDS):
        others = [p for p in known.vectors if _fold(p) != number]
        own = {p for p in known.vectors if p.startswith(month) and _fold(p) == number}
        yield picked(others, known.picks, known.votes), own


def _fold(paper: str) -> int:
    return zlib.crc32(paper.encode()) % FOLDS


def _own_months(
    known: Known, months: Sequence[str], name: str, split: Callable[[Known, str], Iterator[tuple[Question, set[str]]]]
) -> Iterator[tuple[str, str]]:
    second = readers_choice(known, DENSE)
    figures: dict[str, list[tuple[float, float]]] = {}
    for month in months:
        own = {p for p in known.vectors if p.startswith(month)}
        found: dict[str, dict[str, float]] = {}
        for first, part in split(known, month):
            if min(len(first.chosen), len(first.passed)) >= LEAST_EARLIER:
                for way, scores in ways(known, part, first, second).items():
                    found.setdefault(way, {}).update(scores)
        if len(own & known.picks) >= LEAST_PICKS and len(own - known.picks) >= LEAST_OTHERS and found:
            for way, scores in found.items():
                figures.setdefault(way, []).append(measure(scores, own & known.picks))
    for way, all_months in figures.items():
        area, recall = np.mean(all_months, axis=0)
        yield (
            f"picks, own month, {name}: {way}",
            f"AUC {area:.3f}  recall@{DEPTH} {recall:.3f}  {len(all_months)} months",
        )


def ways(known: Known, part: set[str], first: Question, second: Readers) -> dict[str, dict[str, float]]:
    """Score papers by votes alone, by likeness to the mean pick, by what was learned, and by worth."""
    found = taste(direction(first, known.vectors), second.direction, second.usual)
    middle = np.mean([known.vectors[p] for p in first.chosen], axis=0)
    shares = {p: editors.rank_share(known.vectors[p], found) for p in part}
    return {
        "votes alone": {p: float(known.votes.get(p, -1)) for p in part},
        "likeness alone": {p: float(known.vectors[p] @ middle) for p in part},
        "learned likeness": {p: float(known.vectors[p] @ found.weights) for p in part},
        "worth": {p: value(known.signals[p], shares[p]) for p in part},
    }


def readers_choice(known: Known, months: Sequence[str]) -> Readers:
    """Learn once what readers list, from all papers of some months."""
    question = listed(known.vectors, known.votes, months)
    usual = np.array([known.vectors[p] for p in (*question.chosen, *question.passed)])
    return Readers(direction(question, known.vectors), usual)


def value(signals: Signals, share: float) -> float:
    """Give the worth of a paper of which the share is known."""
    return worth(replace(signals, likeness=editors.likeness(share))).score


def measure(scores: Scores, chosen: set[str]) -> tuple[float, float]:
    """Give AUC and the share of the chosen among the first hundred."""
    ids = sorted(scores)
    area = roc_auc_score([p in chosen for p in ids], [scores[p] for p in ids])
    first = sorted(ids, key=lambda p: (-scores[p], p))[:DEPTH]
    return float(area), len(chosen & set(first)) / len(chosen)


def _among_all(known: Known, month: str) -> Iterator[tuple[str, str]]:
    """Put the latest picks among all papers of a month; the month itself teaches nothing."""
    papers = {p for p in known.vectors if p.startswith(month)}
    late = {p for p in known.picks if LATEST <= p[:4] < min(DENSE)}
    if not papers or not late:
        return
    earlier = [p for p in known.vectors if p[:4] < LATEST]
    first = picked(earlier, known.picks, known.votes)
    second = readers_choice(known, [m for m in DENSE if m != month])
    with_votes = _moved(known, late & set(known.votes), month)
    without = replace_votes(known, dict.fromkeys(late))
    sides = [
        (VOTED, ways(with_votes, papers | (late & set(known.votes)), first, second)),
        (1 - VOTED, ways(without, papers | late, first, second)),
    ]
    for way in sides[0][1]:
        area, recall = np.sum([share * np.array(_each(scores[way], late)) for share, scores in sides], axis=0)
        yield f"picks, among all of {month}: {way}", f"AUC {area:.3f}  recall@{DEPTH} {recall:.3f}  {len(late)} picks"


def _each(scores: Scores, chosen: set[str]) -> tuple[float, float]:
    """Measure each pick by itself among the others' papers: so many picks at once would crowd each other out."""
    rest = np.sort([score for p, score in scores.items() if p not in chosen])
    own = np.array([scores[p] for p in chosen if p in scores])
    below, above = np.searchsorted(rest, own, "left"), np.searchsorted(rest, own, "right")
    return float(np.mean((below + above) / 2) / len(rest)), float(np.mean(own > rest[-DEPTH]))


def _moved(known: Known, picks: set[str], month: str) -> Known:
    """Give picks the votes that their place among the voted of their own month has in another month."""
    target = np.array([v for p, v in known.votes.items() if p.startswith(month)])
    moved: dict[str, int | None] = {}
    for p in picks:
        own = np.sort([v for q, v in known.votes.items() if q.startswith(p[:4])])
        moved[p] = int(np.quantile(target, (np.searchsorted(own, known.votes[p]) + 0.5) / (len(own) + 1)))
    return replace_votes(known, moved)


def replace_votes(known: Known, votes: Mapping[str, int | None]) -> Known:
    """Change votes; None takes them away."""
    left = {p: v for p, v in known.votes.items() if p not in votes} | {p: v for p, v in votes.items() if v is not None}
    return replace(known, votes=left, signals={p: replace(s, votes=left.get(p)) for p, s in known.signals.items()})


def _shown(known: Known, month: str, roadmap: Roadmap) -> tuple[str, str]:
    """Say how much of what is shown of a month has neither a known lab nor votes."""
    found = editors.shipped()
    stages: dict[int, list[Contender]] = {stage.number: [] for stage in roadmap.stages}
    for p in sorted(q for q in known.vectors if q.startswith(month)):
        topic = tuple(roadmap.topics)[int(known.fits[p].argmax())]
        if known.signals[p].fit >= FIT_SHOWN:
            score = value(known.signals[p], editors.rank_share(known.vectors[p], found))
            stages[roadmap.topics[topic].stage].append(Contender(p, topic, score, known.vectors[p]))
    worths = {c.id: c.worth for some in stages.values() for c in some}
    shown = [
        place.id
        for some in stages.values()
        for place in [q for q in shortlist(some) if worths[q.id] >= WORTH_FLOOR][:STAGE_BUDGET]
    ]
    plain = [p for p in shown if known.signals[p].lab_confidence is None and p not in known.votes]
    share = len(plain) / len(shown) if shown else 0.0
    return f"shown of {month}: neither a known lab nor votes", f"{share:.2f} of {len(shown)} entries"
