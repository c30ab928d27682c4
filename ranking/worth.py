"""Whether a paper is worth a learner's time, from several signals, each visible as a reason (pure).

A signal is one function here and one weight in SIGNALS: it gives a number from 0 to 1, or None where nothing is known.
What is missing drops out and the weights renormalise; PRIOR keeps a single loud signal from deciding alone.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

PRIOR = 0.3  # what an unknown paper is worth before anything speaks for it
PRIOR_WEIGHT = 0.6
TOPIC_ALONE = 1.0  # weight of the topic where nobody's choices are known to tell papers by: the nearest come first
NEUTRAL = 0.37  # the floor of the digest: what can only speak for a paper begins here, and moves none below it
LISTED = 0.5  # what standing on Daily Papers says by itself
MANY_VOTES = 250  # votes beyond this add nothing: popularity is capped
MANY_STARS = 2000
FIRST_DAY = 0.5  # share of its votes that a paper has on its day: the median of 1,653 papers of 2024 doubled later
SETTLING = 4.0  # days in which what is missing shrinks to 37 %
# Mean of log(1 + votes) on a weekday's lists less that of all, Monday first: 9,881 entries of May 2024 to August 2026.
WEEKDAYS = (-0.063, 0.023, -0.001, 0.009, 0.016, 0.0, 0.0)
MINUTES_GUESS = 15
SHORTEST, LONGEST = 5, 60  # minutes of a first pass


@dataclass(frozen=True, slots=True)
class Signals:
    """What worth is made of; None means unknown."""

    fit: float  # best topic fit
    votes: int | None = None
    listed: date | None = None  # its day on Daily Papers
    counted: date | None = None  # the day on which the votes were read
    has_code: bool = False
    official: bool | None = None
    stars: int | None = None
    lab_confidence: float | None = None
    announced: bool = False  # linked from a lab's own feed
    likeness: float | None = None  # to what editors chose (ranking.editors)
    novelty: float | None = None  # ranking.novelty
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Worth:
    """The score in [0, 1] and each signal's share of it; the shares and the prior's add up to the score."""

    score: float
    shares: dict[str, float]


def fit_signal(signals: Signals) -> float | None:
    """How far beyond "file it here" (0.5) the best topic is."""
    return min(1.0, max(0.0, (signals.fit - 0.5) * 2))


def novelty_signal(signals: Signals) -> float | None:
    """Distance from the nearest paper of the twelve months before; unknown where few of those are stored."""
    return None if signals.novelty is None else NEUTRAL + (1 - NEUTRAL) * signals.novelty


def likeness_signal(signals: Signals) -> float | None:
    """Likeness to what the editors of a weekly newsletter chose, by a linear model on vector and words."""
    return None if signals.likeness is None else NEUTRAL + (1 - NEUTRAL) * signals.likeness


def readers_signal(signals: Signals) -> float | None:
    """Votes on Daily Papers, age and weekday taken out, on a capped log scale; absence says nothing."""
    if signals.votes is None:
        return None
    votes = seasoned(signals.votes, signals.listed, signals.counted)
    return LISTED + (1 - LISTED) * min(1.0, math.log1p(votes) / math.log1p(MANY_VOTES))


def code_signal(signals: Signals) -> float | None:
    """Code one can run: official counts more, stars on a capped log scale."""
    if not signals.has_code:
        return None
    base = 0.8 if signals.official else 0.7
    return base + 0.2 * min(1.0, math.log1p(max(0, signals.stars or 0)) / math.log1p(MANY_STARS))


def lab_signal(signals: Signals) -> float | None:
    """A lab of the roadmap, as surely as the evidence says; of little weight, but it may lift one past the floor."""
    return signals.lab_confidence


def announced_signal(signals: Signals) -> float | None:
    """A lab that links the paper from its own feed stands behind it."""
    return 1.0 if signals.announced else None


SIGNALS: dict[str, tuple[Callable[[Signals], float | None], float]] = {
    "topic": (fit_signal, 0.15),
    "new": (novelty_signal, 0.1),
    "editors": (likeness_signal, 4.0),
    "readers": (readers_signal, 2.0),
    "code": (code_signal, 0.2),
    "lab": (lab_signal, 0.5),
    "announced": (announced_signal, 0.3),
}


def worth(signals: Signals) -> Worth:
    """Weigh what is known; a withdrawn paper is worth nothing."""
    if signals.withdrawn:
        return Worth(0.0, {})
    known = {name: (value, _weight(name, signals)) for name, value in _known(signals)}
    total = PRIOR_WEIGHT + sum(weight for _, weight in known.values())
    shares = {name: round(value * weight / total, 4) for name, (value, weight) in known.items()}
    return Worth(round(PRIOR * PRIOR_WEIGHT / total + sum(shares.values()), 4), shares)


def _known(signals: Signals) -> Iterator[tuple[str, float]]:
    yield from ((name, value) for name, (rule, _) in SIGNALS.items() if (value := rule(signals)) is not None)


def _weight(name: str, signals: Signals) -> float:
    return TOPIC_ALONE if name == "topic" and signals.likeness is None else SIGNALS[name][1]


def seasoned(votes: int, listed: date | None, counted: date | None) -> float:
    """Estimate the votes that a paper will have in the end, had it been listed on an average day.

    Where a day is unknown, the votes are taken as they are. Nothing listed later than counted is any older than a day.
    """
    if listed is None or counted is None:
        return float(max(0, votes))
    age = max(0, (counted - listed).days)
    there = 1 - (1 - FIRST_DAY) * math.exp(-age / SETTLING)
    return max(0.0, (max(0, votes) / there + 1) / math.exp(WEEKDAYS[listed.weekday()]) - 1)


def reading_minutes(pages: int | None) -> tuple[int, bool]:
    """Estimate a first pass, a minute a page within bounds: (minutes, whether it is a guess for want of a count)."""
    if pages is None:
        return MINUTES_GUESS, True
    return min(LONGEST, max(SHORTEST, pages)), False


def place(votes: int, all_votes: list[int]) -> int:
    """Give the place of a paper among all voted ones of its month; ties share the better place."""
    return 1 + sum(other > votes for other in all_votes)


def reading_date(moment: date) -> str:
    """Write the day on which votes or stars were read, as reasons carry it."""
    return moment.isoformat()[:10]
