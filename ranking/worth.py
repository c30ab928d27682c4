"""Whether a paper is worth a learner's time, from several signals, each visible as a reason (pure).

A signal is one function here and one weight in SIGNALS: it gives a number from 0 to 1, or None where nothing is known.
What is missing drops out and the weights renormalise; PRIOR keeps a single loud signal from deciding alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

PRIOR = 0.3  # what an unknown paper is worth before anything speaks for it
PRIOR_WEIGHT = 1.2
MANY_VOTES = 250  # votes beyond this add nothing: popularity is capped
MANY_STARS = 2000
MINUTES_GUESS = 15
SHORTEST, LONGEST = 5, 60  # minutes of a first pass


@dataclass(frozen=True, slots=True)
class Signals:
    """What worth is made of; None means unknown."""

    fit: float  # best topic fit
    votes: int | None = None
    has_code: bool = False
    official: bool | None = None
    stars: int | None = None
    lab_confidence: float | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Worth:
    """The score in [0, 1] and each signal's share of it; the shares and the prior's add up to the score."""

    score: float
    shares: dict[str, float]


def fit_signal(signals: Signals) -> float | None:
    """How far beyond "file it here" (0.5) the best topic is."""
    return min(1.0, max(0.0, (signals.fit - 0.5) * 2))


def readers_signal(signals: Signals) -> float | None:
    """Votes on Daily Papers on a capped log scale; standing there at all is a third of it, absence says nothing."""
    if signals.votes is None:
        return None
    return 0.35 + 0.65 * min(1.0, math.log1p(max(0, signals.votes)) / math.log1p(MANY_VOTES))


def code_signal(signals: Signals) -> float | None:
    """Code one can run: official counts more, stars on a capped log scale."""
    if not signals.has_code:
        return None
    base = 0.6 if signals.official else 0.5
    return base + 0.4 * min(1.0, math.log1p(max(0, signals.stars or 0)) / math.log1p(MANY_STARS))


def lab_signal(signals: Signals) -> float | None:
    """A lab of the roadmap, as surely as the evidence says; capped, so that a name never decides alone."""
    return None if signals.lab_confidence is None else 0.8 * signals.lab_confidence


SIGNALS: dict[str, tuple[Callable[[Signals], float | None], float]] = {
    "topic": (fit_signal, 0.6),
    "readers": (readers_signal, 1.2),
    "code": (code_signal, 0.4),
    "lab": (lab_signal, 0.6),
}


def worth(signals: Signals) -> Worth:
    """Weigh what is known; a withdrawn paper is worth nothing."""
    if signals.withdrawn:
        return Worth(0.0, {})
    known = {name: (value, weight) for name, (rule, weight) in SIGNALS.items() if (value := rule(signals)) is not None}
    total = PRIOR_WEIGHT + sum(weight for _, weight in known.values())
    shares = {name: round(value * weight / total, 4) for name, (value, weight) in known.items()}
    return Worth(round(PRIOR * PRIOR_WEIGHT / total + sum(shares.values()), 4), shares)


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
