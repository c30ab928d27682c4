"""What sort of paper it is, by its own words: a survey, a benchmark, a dataset, ... or None where they do not tell.

Pure: the words are data (`kinds.toml`); how much each sign counts was learned by `benchmarks/train_types.py`, a
logistic regression a kind, and ships as `weights/kinds.json`. `docs/ranking.md` says how well it tells, and what not.
"""

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WORDS_FILE = Path(__file__).with_name("kinds.toml")
POINTS_FILE = Path(__file__).parent / "weights" / "kinds.json"
MARKED = ("survey", "benchmark", "dataset")  # told surely enough to be printed beside a title
SIGNS = (
    "title",
    "thing",
    "another",
    "itself",
    "hints",
    "unlike",
    "rival title",
    "rival thing",
    "rival itself",
    "new",
    "field",
)
MOST_HINTS = 4
MOST_UNLIKE = 2
NAMED_PART = 80  # letters after "name, a" within which the thing is looked for
SENTENCE_PART = 130  # letters after "we introduce" within which the thing is looked for
# What may follow the word for a thing: "a dataset of ...", but not "a dataset distillation method".
_END = (
    r"(?=s?(?:$|[,.;:)]| \(| (?:of|for|that|to|designed|with|which|in|on|comprising|containing|spanning|based"
    r"|consisting|where|from|tailored|built|and|by|featuring|covering|annotated|suite|dedicated|using|aimed|aiming|capable"
    r"|grounded|constructed|including|combining|called|named|targeting|measuring|as|at|is|derived|exposing|collected|we)\b))"
)
_SPEAKER = r"\b(?:we|paper|work|article|report|study|survey|research|chapter|and|to)\b"
_ADVERBS = r"(?: \w+ly| also| further| then| first| therefore| thus| hence| newly)*"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one kind, all lower case; kinds.toml says what each list is for."""

    title: tuple[str, ...]
    things: tuple[str, ...]
    itself: tuple[str, ...]
    hints: tuple[str, ...]
    unlike: tuple[str, ...]
    never: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Points:
    """What each of SIGNS counts for one kind, in logits, and the probability from which the kind is named."""

    start: float
    signs: tuple[float, ...]
    least: float


class Lexicon:
    """All kinds' words, and the expressions that find what an abstract says it brings."""

    def __init__(self, kinds: Mapping[str, Words], brings: tuple[str, ...]) -> None:
        self.kinds = dict(kinds)
        self._kind_of = {thing: kind for kind, words in kinds.items() for thing in words.things}
        longest_first = sorted(self._kind_of, key=lambda thing: (-len(thing), thing))
        self._thing = re.compile(rf"\b({'|'.join(map(re.escape, longest_first))}){_END}")
        verbs = "|".join(map(re.escape, brings))
        self._called = re.compile(rf"(?: \([^)]*\))?,? (?:which is )?an? ([^.;,]{{0,{NAMED_PART}}})")
        self._brings = re.compile(rf"{_SPEAKER}{_ADVERBS} (?:{verbs})(?:es|ed|s)?\b([^.;]{{0,{SENTENCE_PART}}})")

    def brought(self, abstract: str) -> list[str]:
        """List the kinds of the things that an abstract says it brings, in order of mention."""
        parts = (self._thing.search(found.group(1)) for found in self._brings.finditer(abstract))
        return [self._kind_of[found.group(1)] for found in parts if found]

    def named(self, title: str, abstract: str) -> str | None:
        """Tell what an abstract calls the name before the title's colon: "we introduce Long-Wade, a benchmark"."""
        name, colon, _ = title.partition(":")
        at = abstract.find(f" {name}") if colon and name else -1
        called = self._called.match(abstract, at + len(name) + 1) if at >= 0 else None
        thing = self._thing.search(called.group(1)) if called else None
        return self._kind_of[thing.group(1)] if thing else None

    def possible(self, title: str, abstract: str) -> set[str]:
        """Name the kinds a paper may be of: a survey that people answer orders nobody's work."""
        text = _plain(f"{title} {abstract}")
        return {kind for kind, words in self.kinds.items() if not _any(words.never, text)}

    def signs(self, title: str, abstract: str) -> dict[str, tuple[float, ...]]:
        """Give the value of each of SIGNS for each kind."""
        head, body = _plain(title), _plain(abstract)
        brought = self.brought(body)
        titled = {kind for kind, words in self.kinds.items() if _any(words.title, head)}
        named = self.named(head, body)
        if named in MARKED and titled.isdisjoint(MARKED):  # a title that says what it is has the last word
            titled.add(named)
        spoken = {kind for kind, words in self.kinds.items() if _any(words.itself, body)}
        hints = {kind: float(min(_count(words.hints, body), MOST_HINTS)) for kind, words in self.kinds.items()}
        unlike = {k: float(min(_count(w.unlike, f"{head} {body}"), MOST_UNLIKE)) for k, w in self.kinds.items()}
        return {
            kind: (
                float(kind in titled),
                float(brought[:1] == [kind]),
                float(kind in brought[1:]),
                float(kind in spoken),
                hints[kind],
                unlike[kind],
                float(bool(titled.intersection(MARKED) - {kind})),
                float(bool(brought) and brought[0] != kind),
                float(bool(spoken.intersection(MARKED) - {kind})),
                hints["method"] if kind != "method" else 0.0,
                float("application" in titled and kind != "application"),
            )
            for kind in self.kinds
        }


def kind(title: str, abstract: str | None) -> str | None:
    """Name the type of a paper; None where no type is sure enough, or only the title is known."""
    if not abstract:
        return None
    found = {name: certainty(signs, points()[name]) for name, signs in lexicon().signs(title, abstract).items()}
    best = max(found, key=lambda name: found[name])
    sure = found[best] >= points()[best].least and best in lexicon().possible(title, abstract)
    return best if sure else None


def certainty(signs: tuple[float, ...], learned: Points) -> float:
    """Turn the signs of one kind into its probability."""
    logit = learned.start + sum(value * much for value, much in zip(signs, learned.signs, strict=True))
    return 1 / (1 + math.exp(-logit))


@cache
def lexicon() -> Lexicon:
    """Read the words that ship with the program."""
    data = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))
    brings = tuple(data.pop("brings"))
    return Lexicon({name: Words(**{k: tuple(v) for k, v in lists.items()}) for name, lists in data.items()}, brings)


@cache
def points() -> dict[str, Points]:
    """Read what was learned of each kind."""
    data = json.loads(POINTS_FILE.read_text(encoding="utf-8"))
    return {
        name: Points(known["start"], tuple(known["signs"][sign] for sign in SIGNS), known["least"])
        for name, known in data.items()
    }


@cache
def fingerprint() -> str:
    """Name words and points by what they are, so that new ones rank everything anew."""
    return hashlib.sha256(WORDS_FILE.read_bytes() + POINTS_FILE.read_bytes()).hexdigest()[:8]


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _any(words: tuple[str, ...], text: str) -> bool:
    return any(word in text for word in words)


def _count(words: tuple[str, ...], text: str) -> int:
    return sum(word in text for word in words)
