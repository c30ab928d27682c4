"""What the weights show and nobody had read when they were made: pairs graded since, by readers who saw no fit.

`unread.tsv` holds the ten best a month and topic, from March 2025 to August 2026, that no judgment knew (November
2026), and some that lie just below the line. None of it may ever be learned from: then it would measure nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks import corpus
from benchmarks.run import shipped
from ranking.embedder import SentenceTransformerEmbedder
from roadmap.load import load_roadmap

UNREAD = Path(__file__).with_name("unread.tsv")
FEW = 10  # pairs: of a topic with fewer no share is told
Pair = tuple[str, str]  # topic, paper


def rows(limit: int | None) -> Iterator[tuple[str, str]]:
    """Grade what is shown, what is shown of no public list, the weakest topics, and what lies just below the line."""
    graded = {(topic, paper): grade for topic, paper, grade in islice(corpus.judgments(UNREAD), limit)}
    fits, listed = _fits(graded), corpus.topic_labels()
    shown = [pair for pair in graded if fits[pair] >= 0.5]
    unlisted = [pair for pair in shown if pair[1] not in listed.get(pair[0], ())]
    below = [pair for pair in graded if 0.4 <= fits[pair] < 0.5]
    for name, pairs in (("shown", shown), ("shown, of no public list", unlisted), ("just below the line", below)):
        yield f"unread: {name}", _share(pairs, graded)
    by_topic = defaultdict(list)
    for pair in shown:
        by_topic[pair[0]].append(pair)
    large = {topic: pairs for topic, pairs in by_topic.items() if len(pairs) >= FEW}
    for topic in sorted(large, key=lambda t: np.mean([graded[pair] == 2 for pair in large[t]]))[:3]:
        yield f"unread: {topic}", _share(large[topic], graded)


def _share(pairs: list[Pair], graded: Mapping[Pair, int]) -> str:
    belong, touch = (sum(graded[pair] == grade for pair in pairs) for grade in (2, 1))
    return f"{belong} of {len(pairs)} belong, {touch} touch it: {belong / max(len(pairs), 1):.3f}"


def _fits(pairs: Mapping[Pair, int]) -> dict[Pair, float]:
    roadmap = load_roadmap()
    papers, found = shipped({paper for _, paper in pairs}, roadmap, SentenceTransformerEmbedder())
    place = {paper: number for number, paper in enumerate(papers)}
    column = {topic: number for number, topic in enumerate(roadmap.topics)}
    return {(topic, paper): float(found[place[paper], column[topic]]) for topic, paper in pairs}
