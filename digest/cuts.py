"""How far a mail is cut: steps that every stage goes down, and within a step stage by stage. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from digest.own import Section

# (full entries, entries in all, left out ones) a stage, the poorest first. Four titles with a reason come before the
# first abstract, all titles before the second; what was not chosen comes last.
STEPS: tuple[tuple[int, int | None, int | None], ...] = (
    (0, 0, 0), (0, 1, 0), (0, 2, 0), (0, 3, 0), (0, 4, 0), (1, 4, 0), (1, 5, 0), (1, 6, 0), (1, 7, 0),
    (1, None, 0), (2, None, 0), (3, None, 0), (4, None, 0), (4, None, 1), (4, None, None),
)  # fmt: skip
LEADING = 3  # with so many entries a stage, the worthiest of all stands in full: no mail is titles alone


class Cut(NamedTuple):
    """A step; how many stages, the worthiest first paper first, have the next one; how many have a line more.

    `gists`: lines tell first what a paper did. No paper gives way to such a sentence.
    """

    step: int
    ahead: int = 0
    lines: int = 0
    gists: bool = False


class Share(NamedTuple):
    """What a mail has room for of one stage: full entries, entries in all, left out ones; None: all there are."""

    full: int
    most: int | None
    left: int | None


def poorer(cut: Cut, stages: int) -> Cut:
    """Go down by the least there is."""
    if cut.gists:
        return cut._replace(gists=False)
    if cut.lines:
        return cut._replace(lines=cut.lines - 1)
    if cut.ahead:
        return cut._replace(ahead=cut.ahead - 1)
    return Cut(cut.step - 1, max(0, stages - 1)) if cut.step else cut


def richest(stages: int, fits: Callable[[Cut], bool]) -> Cut:
    """Find the most that fits: a step and the stages ahead of it, lines in what room is left, then their sentences.

    Where nothing fits, that is the poorest. What is richer is longer, so halving finds it; only what was seen to fit is
    taken.
    """
    if fits(whole := Cut(len(STEPS) - 1, gists=True)):
        return whole
    best = _numbered(_last((len(STEPS) - 1) * max(1, stages), lambda n: fits(_numbered(n, stages))), stages)
    if STEPS[best.step][1] is not None:
        best = best._replace(lines=_last(stages, lambda n: fits(best._replace(lines=n))))
    told = best._replace(gists=True)
    return told if fits(told) else best


def _numbered(number: int, stages: int) -> Cut:
    return Cut(*divmod(number, max(1, stages)))


def _last(most: int, fits: Callable[[int], bool]) -> int:
    """Find the last number up to `most` that fits; 0 if none does. Most mails hold everything: that is asked first."""
    low, high = (most, most) if fits(most) else (0, most - 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def shares(cut: Cut, sections: Sequence[Section]) -> list[Share]:
    """Say what each stage has room for."""
    ranks = {index: rank for rank, index in enumerate(sorted(range(len(sections)), key=lambda n: _first(sections[n])))}
    return [_share(cut, ranks[index]) for index in range(len(sections))]


def _first(section: Section) -> tuple[float, int]:
    return -max((entry.worth for entry in section.entries[:1]), default=0.0), section.stage.number


def _share(cut: Cut, rank: int) -> Share:
    full, most, left = STEPS[cut.step + (rank < cut.ahead)]
    if most is None:
        return Share(full, most, left)
    lead = rank == 0 and most >= LEADING
    return Share(max(full, lead), most + (rank < cut.lines), left)
