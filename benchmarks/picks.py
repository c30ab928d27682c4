"""How well worth finds what editors pick: AUC and recall@100 by month, beside votes alone and likeness alone.

Three settings. `own month`: the picks among the papers of their own month; what is learned comes from earlier months
only, or from other papers only. The corpus holds of most of these months little but what was voted for. `among all`:
the latest picks, put among all papers of a dense month for which no picks are known. A pick keeps its place among the
voted papers of its own time, in likeness and in votes, so that neither its age nor what votes were worth then tells
it from the month's papers; it has its votes with the chance that VOTED names, else none. So months and picks are of
different years, which only stands in for the real thing. `shown`: what a reader would be shown of a dense month, and
how much of it has neither a known lab nor votes.
"""

import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

from benchmarks import corpus, embedded, labelled_labs, train_picks
from benchmarks.times import year_of
from benchmarks.train_picks import DENSE, Direction, Question, Shelf
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


@dataclass(frozen=True, slots=True)
class Known:
    """All that the measures read."""

    shelf: Shelf
    votes: Mapping[str, int]
    picks: frozenset[str]
    signals: Mapping[str, Signals]  # without likeness
    fits: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Readers:
    """What readers list, learned, and the papers that give the scale."""

    direction: Direction
    usual: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """How alike papers are to what editors choose: by what was learned, and to the mean pick."""

    taste: editors.Taste
    learned: Scores
    mean: Scores


def rows(limit: int | None = None) -> Iterator[tuple[str, str]]:
    """Measure and give (what, figures) line by line; `limit` takes so many papers only, to prove that it runs."""
    roadmap, embedder = load_roadmap(), SentenceTransformerEmbedder()
    known = gather(roadmap, make_guide(roadmap, embedder), embedder, limit)
    months = sorted({p[:4] for p in known.picks})
    whole = [m for m in months if sum(p.startswith(m) for p in known.signals) >= WHOLE]
    yield "picks: months", f"{len(months)} with picks in the corpus, {len(whole)} of them whole"
    readers = lru_cache(lambda month: readers_choice(known, month))
    for name, split in (("by time", by_time), ("by paper", by_paper)):
        yield from _own_months(known, months, name, split, readers)
    for month in DENSE:
        yield from _among_all(known, month, readers)
        yield _shown(known, month, roadmap, readers(month))


def gather(roadmap: Roadmap, guide: Guide, embedder: SentenceTransformerEmbedder, limit: int | None) -> Known:
    """Read papers, votes and labs, embed what has no vector in the cache, and compute every signal but likeness."""
    votes, picks = corpus.votes(), corpus.picks()
    ids = train_picks.wanted() | _whole(picks)
    papers = {p: paper for p, paper in corpus.papers(sorted(ids)[-limit:] if limit else ids).items() if paper.abstract}
    shelf = train_picks.shelf_of(papers, embedded.vectors(papers, embedder))
    order = list(papers)
    texts = [shelf.texts[p] for p in order]
    years = [year_of(p) for p in order]
    found = topics.fits(texts, years, shelf.rows(order), guide, roadmap, topics.packaged_blend())
    fits = dict(zip(order, found, strict=True))
    signals = {p: _signals(p, float(fits[p].max()), votes.get(p), roadmap) for p in order}
    return Known(shelf, votes, frozenset(picks) & set(papers), signals, fits)


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
    yield _question(known, lambda p: p[:4] < month), {p for p in known.signals if p.startswith(month)}


def by_paper(known: Known, month: str) -> Iterator[tuple[Question, set[str]]]:
    """Learn from the other folds of papers, of all months; measure the fold's papers of the month."""
    for number in range(FOLDS):
        own = {p for p in known.signals if p.startswith(month) and _fold(p) == number}
        yield _question(known, lambda p, number=number: _fold(p) != number), own  # type: ignore[misc]


def _question(known: Known, kept: Callable[[str], bool]) -> Question:
    """Ask what the editors chose, about some papers alone."""
    papers, named = (list(filter(kept, some)) for some in (known.signals, known.shelf.titles))
    return train_picks.picked(papers, known.picks, known.votes, named)


def _fold(paper: str) -> int:
    return zlib.crc32(paper.encode()) % FOLDS


def _own_months(
    known: Known,
    months: Sequence[str],
    name: str,
    split: Callable[[Known, str], Iterator[tuple[Question, set[str]]]],
    readers: Callable[[str], Readers],
) -> Iterator[tuple[str, str]]:
    figures: dict[str, list[tuple[float, float]]] = {}
    for month in months:
        own = {p for p in known.signals if p.startswith(month)}
        if len(own & known.picks) < LEAST_PICKS or len(own - known.picks) < LEAST_OTHERS:
            continue
        found: dict[str, dict[str, float]] = {}
        for first, part in split(known, month):
            if min(len(first.chosen), len(first.passed)) >= LEAST_EARLIER:
                for way, scores in ways(known, part, alike(known, part, first, readers(_dense(month)))).items():
                    found.setdefault(way, {}).update(scores)
        for way, scores in found.items():
            figures.setdefault(way, []).append(measure(scores, own & known.picks))
    for way, all_months in figures.items():
        area, recall = np.mean(all_months, axis=0)
        yield (
            f"picks, own month, {name}: {way}",
            f"AUC {area:.3f}  recall@{DEPTH} {recall:.3f}  {len(all_months)} months",
        )


def _dense(month: str) -> str:
    """Name the month that must not teach what readers list: no other than itself, and only where it would."""
    return month if month in DENSE else ""


def readers_choice(known: Known, without: str) -> Readers:
    """Learn what readers list, from all papers of the dense months but one."""
    question = train_picks.listed(known.signals, known.votes, [m for m in DENSE if m != without])
    found = train_picks.direction(question, known.shelf, train_picks.LISTED_WORDS)
    return Readers(found, (*question.chosen, *question.passed))


def alike(known: Known, part: Collection[str], first: Question, second: Readers) -> Alike:
    """Score some papers by likeness to what was chosen."""
    chosen = train_picks.direction(first, known.shelf, train_picks.PICKED_WORDS)
    found = train_picks.taste(chosen, second.direction, known.shelf, second.usual)
    middle = np.mean(known.shelf.rows(first.chosen), axis=0)
    order = sorted(part)
    vectors = known.shelf.rows(order)
    learned = vectors @ found.weights + known.shelf.words(order) @ found.term_weights
    return Alike(
        found,
        dict(zip(order, learned.tolist(), strict=True)),
        dict(zip(order, (vectors @ middle).tolist(), strict=True)),
    )


def ways(known: Known, part: Collection[str], found: Alike) -> dict[str, dict[str, float]]:
    """Score papers by votes alone, by likeness to the mean pick, by what was learned, and by worth."""
    shares = shares_of(part, found)
    return {
        "votes alone": {p: float(known.votes.get(p, -1)) for p in part},
        "likeness alone": {p: found.mean[p] for p in part},
        "learned likeness": {p: found.learned[p] for p in part},
        "worth": {p: value(known.signals[p], shares[p]) for p in part},
    }


def shares_of(part: Collection[str], found: Alike) -> dict[str, float]:
    """Give the share of papers that are as alike, for each paper."""
    return {p: float(np.interp(found.learned[p], found.taste.scores, found.taste.shares)) for p in part}


def value(signals: Signals, share: float) -> float:
    """Give the worth of a paper of which the share is known."""
    return worth(replace(signals, likeness=editors.likeness(share))).score


def measure(scores: Scores, chosen: set[str]) -> tuple[float, float]:
    """Give AUC and the share of the chosen among the first hundred."""
    ids = sorted(scores)
    area = roc_auc_score([p in chosen for p in ids], [scores[p] for p in ids])
    first = sorted(ids, key=lambda p: (-scores[p], p))[:DEPTH]
    return float(area), len(chosen & set(first)) / len(chosen)


def _among_all(known: Known, month: str, readers: Callable[[str], Readers]) -> Iterator[tuple[str, str]]:
    """Put the latest picks among all papers of a month; the month itself teaches nothing."""
    papers = {p for p in known.signals if p.startswith(month)}
    late = {p for p in known.picks if LATEST <= p[:4] < min(DENSE)}
    then = {p for p in known.signals if p in known.votes and LATEST <= p[:4] <= max(late, default="")[:4]}
    if not papers or not late:
        return
    first = _question(known, lambda p: p[:4] < LATEST)
    found = _placed(known, alike(known, papers | late | then, first, readers(month)), late, then, papers)
    with_votes = late & set(known.votes)
    sides = [
        (VOTED, ways(_moved(known, with_votes, month), papers | with_votes, found)),
        (1 - VOTED, ways(replace_votes(known, dict.fromkeys(late)), papers | late, found)),
    ]
    for way in sides[0][1]:
        area, recall = np.sum([share * np.array(_each(scores[way], late)) for share, scores in sides], axis=0)
        yield f"picks, among all of {month}: {way}", f"AUC {area:.3f}  recall@{DEPTH} {recall:.3f}  {len(late)} picks"
    filed = np.mean([known.signals[p].fit >= FIT_SHOWN for p in late])
    yield f"picks, among all of {month}: filed under a topic", f"{filed:.2f} of {len(late)} picks"


def _placed(known: Known, found: Alike, picks: set[str], then: set[str], papers: set[str]) -> Alike:
    """Give picks the likeness that their place among the voted papers of their time has in another month."""
    now = papers & set(known.votes)

    def moved(scores: Scores) -> Scores:
        places = moved_places([scores[p] for p in then], [scores[p] for p in now], [scores[p] for p in picks])
        return {**scores, **dict(zip(picks, places, strict=True))}

    return replace(found, learned=moved(found.learned), mean=moved(found.mean))


def moved_places(old: Sequence[float], new: Sequence[float], some: Sequence[float]) -> list[float]:
    """Turn numbers into those that have among `new` the place that they have among `old`."""
    places = (np.searchsorted(np.sort(old), some) + 0.5) / (len(old) + 1)
    return [float(found) for found in np.quantile(new, places)]


def _each(scores: Scores, chosen: set[str]) -> tuple[float, float]:
    """Measure each pick by itself among the others' papers: so many picks at once would crowd each other out."""
    rest = np.sort([score for p, score in scores.items() if p not in chosen])
    own = np.array([scores[p] for p in chosen if p in scores])
    below, above = np.searchsorted(rest, own, "left"), np.searchsorted(rest, own, "right")
    return float(np.mean((below + above) / 2) / len(rest)), float(np.mean(own > rest[-DEPTH]))


def _moved(known: Known, picks: set[str], month: str) -> Known:
    """Give picks the votes that their place among the voted of their own month has in another month."""
    new = [v for p, v in known.votes.items() if p.startswith(month)]
    moved: dict[str, int | None] = {}
    for p in picks:
        old = [v for q, v in known.votes.items() if q.startswith(p[:4])]
        moved[p] = int(moved_places(old, new, [known.votes[p]])[0])
    return replace_votes(known, moved)


def replace_votes(known: Known, votes: Mapping[str, int | None]) -> Known:
    """Change votes; None takes them away."""
    left = {p: v for p, v in known.votes.items() if p not in votes} | {p: v for p, v in votes.items() if v is not None}
    return replace(known, votes=left, signals={p: replace(s, votes=left.get(p)) for p, s in known.signals.items()})


def _shown(known: Known, month: str, roadmap: Roadmap, second: Readers) -> tuple[str, str]:
    """Say how much of what is shown of a month has neither a known lab nor votes; its votes teach nothing."""
    papers = sorted(q for q in known.signals if q.startswith(month))
    shares = shares_of(papers, alike(known, papers, _question(known, lambda _: True), second))
    stages: dict[int, list[Contender]] = {stage.number: [] for stage in roadmap.stages}
    for p in papers:
        topic = tuple(roadmap.topics)[int(known.fits[p].argmax())]
        if known.signals[p].fit >= FIT_SHOWN:
            score = value(known.signals[p], shares[p])
            stages[roadmap.topics[topic].stage].append(Contender(p, topic, score, known.shelf.vectors[p]))
    worths = {c.id: c.worth for some in stages.values() for c in some}
    shown = [
        place.id
        for some in stages.values()
        for place in [q for q in shortlist(some) if worths[q.id] >= WORTH_FLOOR][:STAGE_BUDGET]
    ]
    plain = [p for p in shown if known.signals[p].lab_confidence is None and p not in known.votes]
    share = len(plain) / len(shown) if shown else 0.0
    return f"shown of {month}: neither a known lab nor votes", f"{share:.2f} of {len(shown)} entries"
