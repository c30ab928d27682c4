"""How well a paper's type is told: precision and recall on papers labelled by hand that nothing was learned from.

`types.tsv` holds id, type and title; how it was drawn and what each type means is in docs/ranking.md. Abstracts come
from the labelled corpus.
"""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import corpus
from ranking import kinds

LABELS = Path(__file__).with_name("types.tsv")
DEVELOP, TEST = "develop", "test"
AT_RANDOM = ("all", "filed")  # drawn without looking at their words
BY_TYPE = "named"  # drawn from what an earlier version had named so: these tell precision, but no recall
NONE = "none"
Told = list[tuple["Labelled", str | None]]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A paper with the type a reader gave it; `drawn` says from among which papers."""

    id: str
    drawn: str
    type: str
    title: str
    abstract: str


def half(paper: str) -> str:
    """Say which half a paper belongs to, by its id alone."""
    return TEST if hashlib.md5(paper.encode(), usedforsecurity=False).digest()[0] % 2 else DEVELOP


def labelled(part: str) -> list[Labelled]:
    """Read one half of the labels, with the abstracts of the corpus."""
    with LABELS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    mine = {row["arxiv_id"]: row for row in rows if half(row["arxiv_id"]) == part}
    return [
        Labelled(paper.id, mine[paper.id]["drawn"], mine[paper.id]["type"], paper.title, paper.abstract)
        for paper in sorted(corpus.papers(mine).values(), key=lambda paper: paper.id)
        if paper.abstract
    ]


def rows(limit: int | None = None) -> Iterator[tuple[str, str]]:
    """Measure on the test half and give (what, figures) line by line."""
    told: Told = [(paper, kinds.kind(paper.title, paper.abstract)) for paper in labelled(TEST)[:limit]]
    for name in kinds.lexicon().kinds:
        yield f"types: {name}, test half", _precision_recall(told, name)
    drawn = [(paper, found) for paper, found in told if paper.drawn in AT_RANDOM]
    yield "types: drawn at random, test half", _accuracy(drawn)


def _precision_recall(told: Sequence[tuple[Labelled, str | None]], name: str) -> str:
    named = [paper.type == name for paper, found in told if found == name]
    there = [found == name for paper, found in told if paper.type == name and paper.drawn != BY_TYPE]
    counts = f"named {len(named)}  labelled {len(there)}"
    return f"precision {_share(sum(named), len(named))}  recall {_share(sum(there), len(there))}  {counts}"


def _accuracy(told: Sequence[tuple[Labelled, str | None]]) -> str:
    """Compare what is named with the guess that names every paper a method."""
    named = [(paper, found) for paper, found in told if found]
    right = sum(paper.type == found for paper, found in named)
    guess = sum(paper.type == "method" for paper, _ in told)
    guess_named = sum(paper.type == "method" for paper, _ in named)
    return (
        f"named {len(named)} of {len(told)}, right {_share(right, len(named))}; "
        f"always method: {_share(guess, len(told))}, of those named {_share(guess_named, len(named))}"
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "-"
