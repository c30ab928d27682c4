"""What the page about the program says: how a paper gets its place, what was measured, what it cannot do.

Numbers come from where they are used or were published (ranking.worth, ranking.figures, the database), never from here.
"""

from dataclasses import dataclass

from api.question import MOST
from digest.compose import WORTH_FLOOR
from digest.notices import source_name
from digest.words import Line, Part, Voice
from ranking.figures import published
from ranking.service import SCORER
from ranking.shortlist import TWIN
from ranking.worth import PRIOR, PRIOR_WEIGHT, SIGNALS, TOPIC_ALONE


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A measured figure beside its baseline."""

    part: Line
    what: str
    value: str
    baseline: str
    against: str
    command: str


@dataclass(frozen=True, slots=True)
class SignalRow:
    """What speaks for a paper's worth, and how much it weighs."""

    name: Line
    weight: str
    says: Line


@dataclass(frozen=True, slots=True)
class AboutPage:
    """Everything the page prints beside the template's own sentences."""

    floor: str  # the least worth that is printed
    twin: str  # the cosine from which two papers count once
    most: int  # results of one search
    signals: tuple[SignalRow, ...]
    prior: Line
    measured: str
    figures: tuple[FigureRow, ...]
    sources: Line
    counts: Line
    scorer: str


def about_page(stored: int, ranked: int, sources: tuple[str, ...], v: Voice) -> AboutPage:
    """Prepare the page in a language."""
    found = published()
    return AboutPage(
        floor=f"{WORTH_FLOOR:g}",
        twin=f"{TWIN:g}",
        most=MOST,
        signals=_signals(v),
        prior=v.t(
            "An unknown paper is worth %(worth)s (weight %(weight)s).", worth=f"{PRIOR:g}", weight=f"{PRIOR_WEIGHT:g}"
        ),
        measured=v.month(found.measured),
        figures=tuple(
            FigureRow(_part(one.part, v), v.name(one.what), one.value, one.baseline, v.name(one.against), one.command)
            for one in found.figures
        ),
        sources=v.join(source_name(v, name) for name in sources),
        counts=v.t(
            "%(stored)s papers and posts are stored here, %(ranked)s of them ranked.", stored=stored, ranked=ranked
        ),
        scorer=SCORER,
    )


def _signals(v: Voice) -> tuple[SignalRow, ...]:
    words = _signal_words(v)
    for name, (rule, _) in SIGNALS.items():  # a signal added without words for people: what its function says it does
        if name not in words:
            words[name] = v.line(name), v.line(Part((rule.__doc__ or name).partition("\n")[0], lang=v.english))
    return tuple(SignalRow(words[name][0], f"{weight:g}", words[name][1]) for name, (_, weight) in SIGNALS.items())


def _signal_words(v: Voice) -> dict[str, tuple[Line, Line]]:
    """Name each signal, and say what it goes by."""
    return {
        "topic": (
            v.tc("signal", "Topic"),
            v.t(
                "How far beyond 0.5 the best topic’s fit is; it weighs %(alone)s where editors’ choices say nothing",
                alone=f"{TOPIC_ALONE:g}",
            ),
        ),
        "new": (v.tc("signal", "New"), v.t("Distance from the nearest paper of the twelve months before")),
        "editors": (v.tc("signal", "Editors"), v.t("Likeness to what the editors of one weekly newsletter chose")),
        "readers": (
            v.tc("signal", "Readers"),
            v.t("Votes on Daily Papers, on a capped scale, without age and weekday"),
        ),
        "code": (v.tc("signal", "Code"), v.t("Code one can run; official counts more, stars are capped")),
        "lab": (
            v.tc("signal", "Lab"),
            v.t("A lab of the road; the weight is small, so that a name never decides alone"),
        ),
        "announced": (v.tc("signal", "Announced"), v.t("A lab links the paper from its own feed")),
    }


def _part(part: str, v: Voice) -> Line:
    return {
        "topics": v.t("Topics"),
        "labs": v.t("Labs"),
        "worth": v.t("Worth"),
        "search": v.t("Search"),
        "summary": v.t("Short text"),
    }[part]
