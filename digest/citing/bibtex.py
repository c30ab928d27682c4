"""Works as BibTeX, in UTF-8 and with the fields of arXiv (https://info.arxiv.org/help/hypertex/bibstyles)."""

from calendar import month_abbr

from bibtexparser.entrypoint import write_string
from bibtexparser.library import Library
from bibtexparser.model import Entry, Field
from bibtexparser.writer import BibtexFormat

from digest.citing.latex import address, escaped, title
from digest.citing.names import Name
from digest.citing.work import Work

MEDIA_TYPE = "application/x-bibtex"
SUFFIX = "bib"


def bibtex(work: Work) -> str:
    """Write one entry, a line break at its end. Only names, numbers and titles are in it; RIS has the abstract."""
    form = BibtexFormat()  # type: ignore[no-untyped-call]
    form.indent, form.trailing_comma = "  ", True
    entry = Entry("misc", work.key, [Field(name, value) for name, value in _fields(work).items() if value])
    return write_string(Library([entry]), unparse_stack=[], bibtex_format=form)


def _fields(work: Work) -> dict[str, str]:
    values = {
        "title": title(work.title),
        "author": " and ".join(_author(name) for name in work.authors),
        "year": str(work.year or ""),
        "month": "",
        "eprint": work.arxiv_id or "",
        "archivePrefix": "arXiv" if work.arxiv_id else "",
        "primaryClass": escaped(work.category or ""),
        "publisher": escaped(work.publisher) if work.kind == "post" else "",
        "doi": address(work.doi or ""),
        "url": address(work.url or ""),
        "note": escaped("; ".join(_notes(work))),
    }
    fields = {name: f"{{{value}}}" if value else "" for name, value in values.items()}
    return fields | {"month": month_abbr[work.month].lower() if work.month else ""}


def _author(name: Name) -> str:
    """Write one author; a name without parts in braces of its own, so that BibTeX takes it for one word."""
    if name.literal:
        return f"{{{escaped(name.literal)}}}"
    family = " ".join(part for part in (escaped(name.particle), _whole(name.family)) if part)
    return ", ".join(part for part in (family, escaped(name.suffix), escaped(name.given)) if part)


def _whole(family: str) -> str:
    """Keep a family name together that BibTeX would take apart: one that begins with a small letter."""
    return f"{{{escaped(family)}}}" if family[:1].islower() else escaped(family)


def _notes(work: Work) -> list[str]:
    return [*(["Withdrawn"] if work.withdrawn else []), *([work.journal] if work.journal else [])]
