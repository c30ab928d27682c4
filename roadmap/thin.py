"""What a whole curriculum still lacks for papers to be filed well: hints, no faults (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from roadmap.model import Roadmap, Topic

QUERIES = 4  # several sentences, since papers on one topic open differently
PHRASES = 5
MISSES = 2


def thin_spots(roadmap: Roadmap) -> list[str]:
    """List hints, one line each, in study order: the file, the key, and what to add."""
    read = {work.topic for work in roadmap.canon}
    lines = [f"topics/{topic.key}.toml: {hint}" for topic in roadmap.topics.values() for hint in _topic(topic)]
    if roadmap.canon:
        lines += [
            f"canon.toml: no work on {key}; what to read first comes from there" for key in _without(roadmap, read)
        ]
    else:
        lines.append("canon.toml: there is no reading list; no paper will name what to read first")
    return lines


def _topic(topic: Topic) -> Iterator[str]:
    if len(topic.queries) < QUERIES:
        yield f"queries: has {len(topic.queries)}; {QUERIES} and more sentences, each on another side, find more papers"
    if len(topic.phrases) < PHRASES:
        yield f"phrases: has {len(topic.phrases)}; {PHRASES} and more file papers more surely"
    if not any(phrase.weight == 1.0 for phrase in topic.phrases):
        yield "phrases: none has weight 1.0; give it to a phrase that nearly proves the topic"
    if len(topic.near_misses) < MISSES:
        yield f"near_misses: has {len(topic.near_misses)}; say in {MISSES} and more sentences what is not filed here"


def _without(roadmap: Roadmap, read: set[str]) -> list[str]:
    return [key for key in roadmap.topics if key not in read]
