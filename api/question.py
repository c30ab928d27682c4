"""What a reader asks of the search page, read out of the address: what is wrong is named, and everything is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ValidationError

from api.filters import Filters, to_filter
from core.errors import UsageError
from core.text import clean
from db.papers import PaperFilter
from digest.words import Line, Voice
from ranking.search import LONGEST
from roadmap.model import Roadmap

PAGE = 20  # papers on one page
MOST = 100  # papers one search lists: each of its two rankings is looked at so far (ranking.search.DEPTH)
PAGES = MOST // PAGE
NAMES = tuple(Filters.model_fields)
FURTHER = frozenset(("until", "kind", "has_code", "min_fit"))  # filters that few searches need


class Asking(Filters):
    """The filters, the order, and which page."""

    sort: Literal["relevance"] = "relevance"
    page: int = 1


@dataclass(frozen=True, slots=True)
class Question:
    """A search as asked: `given` is the text of each field, as the form shows it again; `faults` go by field."""

    q: str
    given: Mapping[str, str]
    asking: Asking = field(default_factory=Asking)
    faults: Mapping[str, Line] = field(default_factory=dict)
    cut: bool = False  # the query was longer than is read

    @property
    def set(self) -> tuple[str, ...]:
        """Name the filters that are set."""
        return tuple(name for name in NAMES if getattr(self.asking, name) is not None)

    @property
    def further(self) -> bool:
        """Tell whether a filter is given that the form keeps folded away otherwise."""
        return not FURTHER.isdisjoint(self.given)

    def wanted(self, roadmap: Roadmap) -> PaperFilter:
        """Make the filter of the whole search, all its pages."""
        return to_filter(Filters(**self.asking.model_dump(include=set(NAMES))), roadmap, limit=MOST)

    def query(self, *, without: tuple[str, ...] = (), page: int = 1) -> str:
        """Write the question as the query of an address, some filters left out; the first page is not named."""
        kept = Filters(**self.asking.model_dump(include=set(NAMES) - {*without}))
        query = Filters().query(q=self.q or None)
        rest = kept.query(page=page if page > 1 else None)
        return "&".join(part for part in (query, rest) if part)

    def without(self, *names: str) -> "Question":
        """Give the same question with some filters left out, from its first page on."""
        asking = self.asking.model_copy(update=dict.fromkeys(names) | {"page": 1})
        return Question(self.q, self.given, asking)


def read_question(parameters: Mapping[str, str], roadmap: Roadmap, v: Voice) -> Question:
    """Read the parameters of an address; an empty field asks nothing, and names that are no filter are passed over.

    Where a value cannot be meant, its field is named in `faults` and the search is not to be made.
    """
    text = parameters.get("q", "")
    given = {name: clean(parameters[name])[:100] for name in Asking.model_fields if parameters.get(name, "").strip()}
    q = clean(text[:LONGEST])
    try:
        asking = Asking.model_validate(given)
    except ValidationError as problem:
        return Question(q, given, faults=_faults(problem, v), cut=len(text) > LONGEST)
    return Question(q, given, asking, _unknown(asking, roadmap, v), len(text) > LONGEST)


def _faults(problem: ValidationError, v: Voice) -> dict[str, Line]:
    words = {
        "stage": v.t("A stage is a number, as in the list."),
        "since": v.t("A day is written as 2026-01-31."),
        "until": v.t("A day is written as 2026-01-31."),
        "kind": v.t("Choose papers or posts."),
        "has_code": v.t("Choose with code or without."),
        "min_fit": v.t("A fit is a number from 0 to 1."),
        "sort": v.t("Results come in one order: the best match first."),
        "page": v.t("A page is a number from 1 to %(last)s.", last=PAGES),
    }
    fields = dict.fromkeys(str(one["loc"][0]) for one in problem.errors())
    return {name: words.get(name, v.t("This cannot be read.")) for name in fields}


def _unknown(asking: Asking, roadmap: Roadmap, v: Voice) -> dict[str, Line]:
    """Name the keys that the road does not have, each by itself."""
    faults: dict[str, Line] = {}
    for name in ("topic", "lab", "stage"):
        value = getattr(asking, name)
        try:
            to_filter(Filters(**{name: value}), roadmap)
        except UsageError:
            faults[name] = v.t("The road has none of this name: %(name)s", name=str(value))
    if not 1 <= asking.page <= PAGES:
        faults["page"] = v.t("A page is a number from 1 to %(last)s.", last=PAGES)
    return faults
