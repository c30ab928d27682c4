"""What the page of an item tells beside the item: versions, where it was printed, what is close, how to cite it."""

import re
from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy.orm import Session

from api.similar import Near, Order, similar_lines
from api.site import Site
from db import cards
from db.models import Item
from digest import maths
from digest.citing.bibtex import bibtex
from digest.citing.text import reference
from digest.citing.work import Work, work_of
from digest.words import Part, Voice, web
from ranking import macros
from ranking.openers import CUT

FILES = (("BibTeX", "bib"), ("RIS", "ris"), ("CSL-JSON", "csl.json"), ("Markdown", "md"))
_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version of a paper, the day it was submitted, and its address at arXiv."""

    number: int
    day: Part
    href: str


@dataclass(frozen=True, slots=True)
class PaperMore:
    """Everything a page prints that needs more than the item: in one language."""

    versions: tuple[VersionLine, ...]
    printed: str | None  # month of the final issue
    order: Order
    near: tuple[Near, ...]
    abstract: Markup | None  # the sentences quoted above it marked
    marked: bool
    work: Work
    bibtex: str
    text: str
    date: str | None  # as citation tags have it: 2026/06/02, or as much as is known
    authors: tuple[str, ...]
    files: tuple[tuple[str, str], ...]  # (name, address)


def paper_more(site: Site, session: Session, item: Item, order: Order, v: Voice) -> PaperMore:
    """Read what the page of an item tells beside it; the number of questions does not grow with the answers."""
    work = work_of(item, site.roadmap)
    abstract, marked = abstract_of(item)
    return PaperMore(
        versions=_versions(session, item, v),
        printed=cards.printed_in(session, item.id),
        order=order,
        near=similar_lines(site, session, item.id, order, v),
        abstract=abstract,
        marked=marked,
        work=work,
        bibtex=bibtex(work),
        text=reference(work),
        date="/".join(f"{part:02d}" for part in (work.year, work.month, work.day) if part) or None,
        authors=tuple(maths.to_text(str(author["name"])) for author in item.authors),
        files=tuple((name, site.links.paper_as(item.id, suffix)) for name, suffix in FILES),
    )


def abstract_of(item: Item) -> tuple[Markup | None, bool]:
    """Write the abstract with its maths; sentences that the summary took from it are marked. Tells whether any is."""
    if not item.abstract:
        return None, False
    summary = item.rating.summary if item.rating is not None else None
    text = str(summary["text"]) if summary and summary.get("kind") == "extractive" else ""
    taken = text.removeprefix(f"{CUT} ")
    names = macros.names(item.abstract, item.title)
    sentences = [sentence for sentence in (taken, *_BETWEEN_SENTENCES.split(taken)) if sentence.strip()]
    return _with_marks(item.abstract, [macros.pattern(sentence, names) for sentence in sentences])


def _with_marks(text: str, patterns: list[str]) -> tuple[Markup, bool]:
    """Mark each sentence where it stands word for word; one that overlaps another is left to that."""
    found: list[tuple[int, int]] = []
    for pattern in patterns:
        match = re.search(pattern, text)
        if match and all(match.end() <= one[0] or match.start() >= one[1] for one in found):
            found.append(match.span())
    html, position = Markup(""), 0
    for start, end in sorted(found):
        html += maths.to_html(text[position:start]) + Markup("<mark>{}</mark>").format(maths.to_html(text[start:end]))
        position = end
    return html + maths.to_html(text[position:]), bool(found)


def _versions(session: Session, item: Item, v: Voice) -> tuple[VersionLine, ...]:
    rows = cards.versions(session, item.id) if item.arxiv_id else []
    return tuple(VersionLine(number, v.date(created.date()), _version_url(item, number)) for number, created in rows)


def _version_url(item: Item, number: int) -> str:
    return web(f"https://arxiv.org/abs/{item.arxiv_id}v{number}") or ""
