"""The formats a list of items is taken along in, each as parts that can be written one after another without end."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from db.models import Item
from digest.citing import bibtex, csl, note, ris, sheet
from digest.citing.work import work_of
from roadmap.model import Roadmap

Write = Callable[[Item, Roadmap], str]


@dataclass(frozen=True, slots=True)
class Form:
    """A format: what stands before, between and after the items, and how one is written.

    `head` takes the heading of the list; `alone` writes an item that is not in a list.
    """

    name: str
    suffix: str
    media_type: str
    each: Write
    alone: Write
    head: Callable[[str], str] = lambda heading: ""
    between: str = ""
    tail: str = ""

    def pieces(self, items: Iterable[Item], roadmap: Roadmap, heading: str = "") -> Iterator[str]:
        """Write a list piece by piece; items are asked for one at a time, so that a list may be of any length."""
        yield self.head(heading)
        for number, item in enumerate(items):
            yield (self.between if number else "") + self.each(item, roadmap)
        yield self.tail


def _bibtex(item: Item, roadmap: Roadmap) -> str:
    return bibtex.bibtex(work_of(item, roadmap))


def _ris(item: Item, roadmap: Roadmap) -> str:
    return ris.ris(work_of(item, roadmap))


def _csl(item: Item, roadmap: Roadmap) -> str:
    return csl.csl(work_of(item, roadmap))


BIBTEX = Form("bibtex", bibtex.SUFFIX, bibtex.MEDIA_TYPE, _bibtex, _bibtex, between="\n")
RIS = Form("ris", ris.SUFFIX, ris.MEDIA_TYPE, _ris, _ris)
CSL = Form(
    "csl",
    csl.SUFFIX,
    csl.MEDIA_TYPE,
    _csl,
    lambda item, roadmap: f"[{_csl(item, roadmap)}]\n",
    head=lambda heading: "[\n",
    between=",\n",
    tail="\n]\n",
)
CSV = Form(
    "csv",
    sheet.SUFFIX,
    sheet.MEDIA_TYPE,
    sheet.row,
    lambda item, roadmap: sheet.header() + sheet.row(item, roadmap),
    head=lambda heading: sheet.header(),
)
MARKDOWN = Form(
    "markdown",
    note.SUFFIX,
    note.MEDIA_TYPE,
    note.section,
    note.note,
    head=lambda heading: f"{note.front_matter({'title': heading})}\n\n",
    between="\n",
)
FORMS = {form.name: form for form in (BIBTEX, RIS, CSL, CSV, MARKDOWN)}
