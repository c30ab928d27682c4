"""What changed in a stage: a month's count against those of the months before, with an honest interval. Pure.

Months are compared only where both were read in full. Counts of months vary more than chance alone would make them,
so the interval is one for the next value of a normal sample (Hahn and Meeker, Statistical Intervals, 1991, 4.8), with
the variance of a Poisson count as its least.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, variance

from digest.model import Change

MONTHS = 6  # looked back
FEWEST = 3  # months without which nothing is said
# The 97.5% points of Student's t distribution by degrees of freedom, that is months less one.
_T = {2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571}


def change(stage: int, before: Mapping[str, Mapping[int, int]] | None) -> Change | None:
    """Compare a stage with the months of `before` (month -> stage -> count); None where they are too few."""
    if before is None or len(before) < FEWEST:
        return None
    counts = tuple((month, before[month].get(stage, 0)) for month in sorted(before)[-MONTHS:])
    return Change(counts, *expected([count for _, count in counts]))


def expected(counts: Sequence[int]) -> tuple[int, int]:
    """Give the 95% prediction interval of the next count, rounded outwards; takes 3 to 6 counts."""
    middle, months = fmean(counts), len(counts)
    spread = max(variance(counts, middle), middle, 1.0)
    reach = _T[months - 1] * math.sqrt(spread * (1 + 1 / months))
    return max(0, math.floor(middle - reach)), math.ceil(middle + reach)


def verdict(found: Change, count: int) -> str:
    """Tell how a count stands to what the months before let expect: fewer | expected | more."""
    if count < found.low:
        return "fewer"
    return "more" if count > found.high else "expected"
