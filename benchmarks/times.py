"""Learns when each topic was worked on: of which years its lists name more papers than all others do.

Lists are of their time: what one on recurrent networks names is seldom of this year, what one on agents names always.
A year of few papers says little: each is smoothed with its neighbours, and PRIOR papers come of no list in particular.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from benchmarks.examples import LEAST_LISTED
from core.ids import arxiv_month
from ranking.topics import FIRST_YEAR

LAST_YEAR = 2025  # from then on lists name too little: it stands for today
PRIOR = 5.0  # papers spread over the years as those of all other topics are
SPREAD = (0.25, 0.5, 0.25)  # of a year's papers over the year before, itself, and the year after


def year_of(paper: str) -> int:
    """Give the year an arXiv id was given in."""
    return int(arxiv_month(paper)[:4])


def times(lists: Mapping[str, AbstractSet[str]], topics: Iterable[str]) -> NDArray[np.float32]:
    """Give topics x years from FIRST_YEAR to LAST_YEAR: how much likelier lists name a paper of the year than one of
    the last year, in logits; 0 for a topic that lists hardly name.
    """
    return np.array([_time(lists.get(topic, frozenset()), _others(lists, topic)) for topic in topics], np.float32)


def _others(lists: Mapping[str, AbstractSet[str]], topic: str) -> AbstractSet[str]:
    return frozenset().union(*(papers for other, papers in lists.items() if other != topic)) - lists.get(topic, set())


def _time(own: AbstractSet[str], others: AbstractSet[str]) -> NDArray[np.float32]:
    usual = _counted(others) + 0.5
    usual /= usual.sum()
    if len(own) < LEAST_LISTED:
        return np.zeros(len(usual), np.float32)
    found = np.log((_counted(own) + PRIOR * usual) / usual)
    return np.asarray(found - found[-1], np.float32)


def _counted(papers: Iterable[str]) -> NDArray[np.float64]:
    """Count papers by year, each year smoothed with its neighbours."""
    years = np.clip([year_of(paper) for paper in papers], FIRST_YEAR, LAST_YEAR).astype(np.int64) - FIRST_YEAR
    counts = np.bincount(years, minlength=LAST_YEAR - FIRST_YEAR + 1).astype(np.float64)
    return np.convolve(np.pad(counts, 1, mode="edge"), SPREAD, "valid")
