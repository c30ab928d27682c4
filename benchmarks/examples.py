"""What people said about papers and topics, as examples to learn from: who said it, how much it counts, and for what.

Positives of a topic: papers of public lists, papers judged 2, the topic's own sentences. Negatives: papers of topics
that do not overlap with it, papers judged 1 or 0 that no list of the topic names, papers of a month that nobody filed
anywhere. How much each group weighs depends on the question: what readers file under a topic, or what lists name. A
paper is an example by its abstract and by its title alone, since items come both ways.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from benchmarks import corpus
from ranking.words import Texts
from roadmap.model import Roadmap

FOLDS = 5
OWN_JUDGMENTS = Path(__file__).with_name("judged.tsv")
UNFILED = 3_000  # papers nobody filed anywhere, as a background
TITLE_WEIGHT = 0.5  # of an example known by its title alone
# How the weight of a topic's examples is shared out: as readers file papers, and as lists name them.
FILED = {
    "judged": 25.0,
    "listed": 15.0,
    "doubted": 0.0,
    "far": 40.0,
    "touching": 6.0,
    "wrong": 6.0,
    "unfiled": 20.0,
    "said": 5.0,
    "said elsewhere": 5.0,
}
LISTED = {
    "judged": 2.0,
    "listed": 15.0,
    "doubted": 1.0,
    "far": 60.0,
    "touching": 0.0,
    "wrong": 0.0,
    "unfiled": 5.0,
    "said": 5.0,
    "said elsewhere": 5.0,
}
ANSWERS = FILED, LISTED
LEAST_LISTED = 10  # papers of a topic before its lists are asked: by the blend, and for the topic's time
FULL_SHARE = 10  # judged 1 or 0 get their whole share from so many examples on

Grades = Mapping[str, Mapping[str, int]]  # topic -> id -> grade
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Known:
    """All that was said: lists by topic, grades by topic, and papers nobody filed."""

    lists: Mapping[str, frozenset[str]]
    grades: Grades
    unfiled: frozenset[str] = frozenset()

    def without(self, number: int) -> "Known":
        """Forget one fold of papers."""
        lists = {t: frozenset(p for p in ids if fold(p) != number) for t, ids in self.lists.items()}
        grades = {t: {p: g for p, g in some.items() if fold(p) != number} for t, some in self.grades.items()}
        return Known(lists, grades, frozenset(p for p in self.unfiled if fold(p) != number))

    def before_grading(self, month: str) -> "Known":
        """Forget the judgments of papers of a month, such as 2506, and which of its papers nobody judged."""
        grades = {t: {p: g for p, g in some.items() if not p.startswith(month)} for t, some in self.grades.items()}
        return Known(self.lists, grades, frozenset(p for p in self.unfiled if not p.startswith(month)))

    @property
    def papers(self) -> set[str]:
        """Name every paper that something was said about."""
        return set().union(*self.lists.values(), *self.grades.values(), self.unfiled)


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its vector; `paper` is empty for a sentence of the roadmap, which speaks for `topic`."""

    paper: str
    texts: Texts
    vector: Array = field(repr=False)
    weight: float = 1.0
    topic: str = ""


def read_known(more: tuple[Path, ...] = (OWN_JUDGMENTS,), months: tuple[str, ...] = ("2506", "2606")) -> Known:
    """Read lists and judgments, and draw the papers nobody filed from whole months."""
    grades = read_grades(*more, None)
    lists = {topic: frozenset(ids) for topic, ids in corpus.topic_labels().items()}
    said = set().union(*lists.values(), *grades.values())
    rest = sorted(set().union(*(corpus.month(month) for month in months)) - said)
    unfiled = Random(1).sample(rest, min(UNFILED, len(rest)))  # noqa: S311 - nothing secret
    return Known(lists, grades, frozenset(unfiled))


def read_grades(*files: Path | None) -> Grades:
    """Read judged pairs of files, the public ones for None: of two judgments of a pair the last one counts."""
    grades: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for topic, paper, grade in (pair for file in files for pair in corpus.judgments(file)):
        grades[topic][paper] = grade
    return dict(grades)


def fold(paper: str) -> int:
    """Put a paper into one of the folds, by its id alone."""
    return hashlib.md5(paper.encode(), usedforsecurity=False).digest()[0] % FOLDS


def near(topic: str, roadmap: Roadmap) -> set[str]:
    """Name the topics whose papers say nothing against a topic."""
    return set(roadmap.topics[topic].neighbours) | corpus.overlaps(topic)


def both_answers(examples: list[Example], known: Known, roadmap: Roadmap) -> tuple[NDArray[np.bool_], Array]:
    """Answer for each topic as readers would, then for each as lists do (`answers`), side by side."""
    found = [answers(examples, known, roadmap, shares) for shares in ANSWERS]
    return np.hstack([belongs for belongs, _ in found]), np.hstack([shares for _, shares in found])


def answers(
    examples: list[Example], known: Known, roadmap: Roadmap, much: Mapping[str, float]
) -> tuple[NDArray[np.bool_], Array]:
    """Say of every example and topic whether it belongs, and how much it counts (0: not at all) by `much`."""
    places = places_of(examples)
    found = [answer(topic, examples, places, known, roadmap, much) for topic in roadmap.topics]
    return np.stack([own for own, _ in found], axis=1), np.stack([shares for _, shares in found], axis=1)


def places_of(examples: list[Example]) -> Mapping[str, list[int]]:
    """Say where the examples of each paper stand."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for n, example in enumerate(examples):
        places[example.paper].append(n)
    return places


def answer(
    topic: str,
    examples: list[Example],
    places: Mapping[str, list[int]],
    known: Known,
    roadmap: Roadmap,
    much: Mapping[str, float],
) -> tuple[NDArray[np.bool_], Array]:
    """Say the same for one topic; `places` are those of the examples."""
    is_own, shares = np.zeros(len(examples), np.bool_), np.zeros(len(examples), np.float32)
    weights = np.array([example.weight for example in examples], np.float32)
    for name, found in _groups(topic, examples, places, known, roadmap).items():
        if found:
            full = min(1.0, len(found) / FULL_SHARE) if name in ("doubted", "touching", "wrong") else 1.0
            shares[found] += full * much[name] * weights[found] / weights[found].sum()
            is_own[found] = name in ("judged", "listed", "doubted", "said")
    return is_own, shares


def _groups(
    topic: str, examples: list[Example], places: Mapping[str, list[int]], known: Known, roadmap: Roadmap
) -> dict[str, list[int]]:
    papers = _papers(topic, known, roadmap)
    groups = {name: [n for p in sorted(ids) for n in places.get(p, ())] for name, ids in papers.items()}
    close = near(topic, roadmap)
    said = [n for n in places.get("", ()) if examples[n].topic == topic]
    elsewhere = [n for n in places.get("", ()) if examples[n].topic not in close | {topic}]
    return {**groups, "said": said, "said elsewhere": elsewhere}


def _papers(topic: str, known: Known, roadmap: Roadmap) -> dict[str, set[str]]:
    grades, close = known.grades.get(topic, {}), near(topic, roadmap)
    # What a list files and a reader would not is doubted; what both file keeps its share among the lists.
    filed = known.lists.get(topic, frozenset())
    judged, touching, wrong = ({p for p, g in grades.items() if g == grade} - filed for grade in (2, 1, 0))
    listed = {p for p in filed if grades.get(p, 2) == 2}
    own = judged | filed
    far: set[str] = set()
    for other in roadmap.topics.keys() - close - {topic}:
        far |= known.lists.get(other, frozenset()) | {p for p, g in known.grades.get(other, {}).items() if g == 2}
    far -= set().union(*(known.lists.get(other, frozenset()) for other in close))
    far -= own | grades.keys()
    unfiled = set(known.unfiled) - own - grades.keys()
    return {
        "judged": judged, "listed": listed, "doubted": set(filed) - listed, "far": far, "touching": touching,
        "wrong": wrong, "unfiled": unfiled,
    }  # fmt: skip
