"""Whether the people who sign a paper publish with a lab: weak evidence for papers that carry no other (pure).

An author's history is a list of what they signed: when, how surely from which lab, how much in all. The affinity to a
lab at a moment is the lab's part of it beyond that of the strongest other place, work near in time counting more, and
shrunk towards none where little is known. It is taken twice: among work of known origin, and among everything that the
name signs, so that neither a common name nor a group elsewhere with one joint paper says much. A paper is weighed by
all its authors together; one alone never carries it. Learned offline by `benchmarks/train_labs.py`.
"""

import gzip
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

from core.text import fold

AFFINITY_FILE = Path(__file__).parent / "weights" / "lab_authors.json.gz"
HALF_LIFE = 2.0  # years after which a paper says half as much of where its author works
HORIZON = 4.0  # years beyond which it says nothing
UNKNOWN = 1.0  # papers' worth of not knowing that every history begins with
SIGNER = 0.08  # least affinity of a person given as evidence
SIGNERS = 2  # fewer people than this never name a lab
STEADY = 0.11  # least affinity among all work that counts a person: a name that many bear has less
PART = 0.12  # least affinity that all authors have in the mean: a few of many are no lab
SURE = 0.9  # the most that authors alone may say
NAMED = 3  # people given as evidence
FEATURES = ("mean", "last", "gathered", "second steady", "mean steady")


@dataclass(frozen=True, slots=True)
class Signed:
    """A part of a person's history: when (years), how much of known origin, how much of it was with which lab.

    `papers` is how many papers it is about, of known origin or not. `paper` names the one it is about while learning,
    so that a paper is never weighed by itself.
    """

    year: float
    total: float
    labs: tuple[tuple[str, float], ...] = ()
    paper: str = ""
    papers: float = 1.0


class Share(NamedTuple):
    """The part, from 0 to 1, that a lab has in a history: of the work of known origin, and of all work."""

    known: float
    steady: float


NONE = Share(0.0, 0.0)


# Names that people are not: "OpenAI", "Claude AI", "Octo Model Team"; Qingyao Ai is one.
_GROUP = re.compile(r"AI$|\b(?i:team|group|collaboration|consortium|labs?|community|project)$")
# A model that is thanked by a place among the authors. Labs sign with their models' names too: "Qwen", "Gemini Team".
_MODEL = re.compile(
    r"(?:claude(?:\W*ai|\s+(?:code|opus|sonnet|haiku|\d).*)?|c\. opus|chat\s?gpt.*|gpt[- ]?\d.*|gemini(?:\s+\d.*)?)",
    re.IGNORECASE,
)

Histories = Mapping[str, Sequence[Signed]]  # by `person`
Row = tuple[int, int, int, list[tuple[int, int]]]  # quarter since year 0, hundredths, papers, (lab, hundredths)


@dataclass(frozen=True, slots=True)
class Affinity:
    """What was learned: histories, and the logistic regression over FEATURES that turns them into a probability."""

    histories: Histories
    weights: tuple[float, ...]
    offset: float
    fingerprint: str = ""

    def of(self, authors: Iterable[str], year: float, without: str = "") -> dict[str, tuple[float, tuple[str, ...]]]:
        """Give the labs that authors of a paper of that moment speak for: (probability, names, strongest first)."""
        people: dict[str, str] = {}  # one person in two spellings is not two people
        for name in authors:
            people.setdefault(person(name), name)
        people.pop("", None)
        if sum(known in self.histories for known in people) < SIGNERS:
            return {}
        shares = [lab_shares(self.histories.get(known, ()), year, without) for known in people]
        return {
            lab: (self._probability(features(shares, lab)), _speakers([*people.values()], shares, lab))
            for lab in {lab for share in shares for lab in share}
            if _carried(shares, lab)
        }

    def _probability(self, values: Sequence[float]) -> float:
        score = self.offset + sum(w * v for w, v in zip(self.weights, values, strict=True))
        return min(SURE, 1 / (1 + math.exp(-max(-30.0, score))))


def person(name: str) -> str:
    """Reduce a name to what its spellings share; "" for a group, a model, or the colon behind a group's name.

    Spaces go too, for hyphens and accents that came off leave some.
    """
    return "" if _GROUP.search(name) or is_model(name) else fold(name).replace(" ", "")


def is_model(name: str) -> bool:
    """Tell whether an author is a model, as of papers that one wrote along with: nobody's, and no sign of its lab."""
    return _MODEL.fullmatch(name.strip()) is not None


def years(day: date) -> float:
    """Give a day as years, 2026.5 in the middle of 2026."""
    return day.year + (day.month - 1) / 12 + (day.day - 1) / 365


def lab_shares(history: Sequence[Signed], year: float, without: str = "") -> dict[str, Share]:
    """Weigh a history at a moment: the parts of each lab beyond those of the strongest other place."""
    labs: Counter[str] = Counter()
    total = papers = UNKNOWN
    for signed in history:
        apart = abs(signed.year - year)
        if apart > HORIZON or (without and signed.paper == without):
            continue
        near = 0.5 ** (apart / HALF_LIFE)
        total += near * signed.total
        papers += near * signed.papers
        for lab, much in signed.labs:
            labs[lab] += near * much
    best = labs.most_common(2)
    beyond = {lab: labs[lab] - _rival(lab, best) for lab in labs}
    return {lab: Share(much / total, much / papers) for lab, much in beyond.items() if much > 0}


def _rival(lab: str, best: Sequence[tuple[str, float]]) -> float:
    return max((much for other, much in best if other != lab), default=0.0)


def features(shares: Sequence[Mapping[str, Share]], lab: str) -> tuple[float, ...]:
    """Describe by FEATURES how the authors of a paper, in its order, stand to a lab; each grows with the belief."""
    own = [share.get(lab, NONE) for share in shares]
    known, steady = [part.known for part in own], [part.steady for part in own]
    second = [*sorted(steady, reverse=True), 0.0][1]
    return sum(known) / len(known), known[-1], math.log1p(sum(known)), second, sum(steady) / len(steady)


def _carried(shares: Sequence[Mapping[str, Share]], lab: str) -> bool:
    """Tell whether enough people, and enough of them all, stand near a lab for the rest to be weighed."""
    own = [share.get(lab, NONE) for share in shares]
    near = sum(part.steady >= STEADY for part in own)
    return near >= SIGNERS and sum(part.known for part in own) >= PART * len(own)


def _speakers(names: Sequence[str], shares: Sequence[Mapping[str, Share]], lab: str) -> tuple[str, ...]:
    found = [(-share.get(lab, NONE).known, place, names[place]) for place, share in enumerate(shares)]
    return tuple(name for much, _, name in sorted(found)[:NAMED] if -much >= SIGNER)


@cache
def shipped() -> Affinity:
    """Read what ships with the project."""
    data = AFFINITY_FILE.read_bytes()
    return read(gzip.decompress(data), hashlib.sha256(data).hexdigest()[:8])


def read(text: bytes, fingerprint: str) -> Affinity:
    """Read histories and weights as `write` wrote them."""
    content = json.loads(text)
    labs, weights = content["labs"], content["weights"]
    histories = {
        name: tuple(
            Signed(quarter / 4 + 0.125, total / 100, tuple((labs[n], much / 100) for n, much in of), papers=papers)
            for quarter, total, papers, of in rows
        )
        for name, rows in content["authors"].items()
    }
    return Affinity(histories, tuple(weights[name] for name in FEATURES), weights["offset"], fingerprint)


def write(affinity: Affinity) -> bytes:
    """Write histories summed by quarter, in hundredths, and the weights; the same input gives the same bytes."""
    labs = sorted({lab for rows in affinity.histories.values() for row in rows for lab, _ in row.labs})
    authors = {name: _by_quarter(rows, labs) for name, rows in sorted(affinity.histories.items())}
    weights = dict(zip(FEATURES, affinity.weights, strict=True)) | {"offset": affinity.offset}
    content = {"labs": labs, "weights": {k: round(v, 4) for k, v in weights.items()}, "authors": authors}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _by_quarter(history: Sequence[Signed], labs: Sequence[str]) -> list[Row]:
    totals: Counter[int] = Counter()
    papers: Counter[int] = Counter()
    parts: dict[int, Counter[str]] = {}
    for signed in history:
        quarter = math.floor(signed.year * 4)
        totals[quarter] += round(100 * signed.total)
        papers[quarter] += round(signed.papers)
        parts.setdefault(quarter, Counter()).update({lab: round(100 * much) for lab, much in signed.labs})
    return [
        (q, total, papers[q], [(labs.index(lab), n) for lab, n in sorted(parts[q].items())])
        for q, total in sorted(totals.items())
    ]
