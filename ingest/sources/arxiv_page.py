"""One page of arXiv's Atom answer, entry by entry: what the `arxiv` package reads, without what it loses.

The package skips an entry it cannot read and then counts wrongly, and it repairs a body that was cut. So a page is cut
into its entries here, each is parsed strictly and by itself, and the package's own reading of a single entry
(`arxiv._feed`, hence the pin arxiv==4.0.*) makes it an `arxiv.Result`.
Format: https://info.arxiv.org/help/api/user-manual.html#_details_of_atom_results_returned
"""

import re
from dataclasses import dataclass

import arxiv
from arxiv import _feed
from lxml import etree

from core.errors import SourceError
from core.ids import parse_arxiv_id
from core.record import Author, PaperRecord
from core.text import clean, says_withdrawn
from ingest.body import is_html, prolog_end, refuse_doctype
from ingest.http import Answer, Check
from ingest.links import code_links
from ingest.loose import address
from ingest.source import EntryError

_FEED = re.compile(rb"<feed\b[^>]*>")
_ENTRY = re.compile(rb"(?=<entry[\s>])")
_END = re.compile(rb"</feed\s*>\s*\Z")
_TOTAL = re.compile(rb"<(?:\w+:)?totalResults\b[^>]*>\s*(\d{1,9})\s*<")
_CATEGORY = re.compile(r"[a-z-]+(?:\.[A-Za-z-]+)?")
_ID = re.compile(rb"<id\b[^>]*>\s*([^<\s]{1,200})\s*</id>")


@dataclass(frozen=True, slots=True)
class ArxivPage:
    """A page that is complete: the entries as received, readable or not, and the total for the whole query."""

    head: bytes  # the feed's own start tag, which declares the name spaces
    entries: tuple[bytes, ...]
    total: int


def cut(body: bytes) -> ArxivPage | str:
    """Cut a body into its entries, or say why it is no complete page; raises SourceError for a document type."""
    if is_html(body):
        return "an HTML page came where Atom was due (maintenance?)"
    refuse_doctype(body)
    bare = body.removeprefix(b"\xef\xbb\xbf")
    feed, total = _FEED.match(bare, prolog_end(bare)), _TOTAL.search(bare)
    if not feed or not total:
        return "the answer is no Atom feed with a total"
    if not _END.search(bare[-256:]):
        return "the answer was cut short"
    rest = _END.sub(b"", bare[feed.end() :])
    return ArxivPage(bare[: feed.end()], tuple(_ENTRY.split(rest)[1:]), int(total.group(1)))


def page_check(start: int) -> Check:
    """Give the check of a page that begins at entry `start`: complete, and not empty while there should be more."""

    def check(answer: Answer) -> str | None:
        page = cut(answer.body)
        if isinstance(page, str):
            return page
        if not page.entries and page.total > start:
            return f"partial: the page at {start} is empty though {page.total} results were announced"
        return None

    return check


def list_check(answer: Answer) -> str | None:
    """Check the answer to a list of ids: complete, with every entry that it counts."""
    page = cut(answer.body)
    if isinstance(page, str):
        return page
    if len(page.entries) != page.total:
        return f"partial: {len(page.entries)} of {page.total} entries came"
    return None


def read_entry(page: ArxivPage, raw: bytes) -> PaperRecord | EntryError:
    """Read one entry; what cannot be read is kept as received. Raises SourceError when it is arXiv's own error."""
    named = _ID.search(raw)
    link = named.group(1).decode("utf-8", "replace") if named else ""
    if "/api/errors#" in link:
        raise SourceError(f"arXiv refused the query: {_sentence(raw)}")
    known = parse_arxiv_id(link)
    item_id = known[0] if known else None
    try:
        result = _result(page.head, raw)
    except (etree.XMLSyntaxError, ValueError) as problem:
        return EntryError(f"not readable: {clean(str(problem))[:200]}", raw, item_id)
    if result is None:
        return EntryError("no id, no date of submission or no date of change", raw, item_id)
    parsed = parse_arxiv_id(result.entry_id)
    if parsed is None:
        return EntryError(f"no arXiv id: {clean(result.entry_id)[:100]}", raw)
    if not clean(result.title):
        return EntryError("no title", raw, parsed[0])
    return _record(result, *parsed)


def _result(head: bytes, raw: bytes) -> arxiv.Result | None:
    """Parse one entry strictly, within its feed's name spaces, by the package's own reading."""
    whole = head + raw[: raw.rfind(b">") + 1] + b"</feed>"
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=False)
    entry = etree.fromstring(whole.strip(), parser).find("atom:entry", _feed._NS)
    return None if entry is None else _feed._build_result(entry)


def _record(result: arxiv.Result, arxiv_id: str, version: int | None) -> PaperRecord:
    abstract, comment = _text(result.summary), _text(result.comment)
    return PaperRecord(
        source="arxiv",
        id=arxiv_id,
        kind="paper",
        title=_text(result.title) or "",
        as_of=result.updated,
        arxiv_id=arxiv_id,
        abstract=abstract,
        authors=tuple(author for raw in result.authors if (author := _author(raw))),
        categories=_categories(result),
        submitted=result.published,
        version=version,
        withdrawn=says_withdrawn(abstract, comment),
        url=f"https://arxiv.org/abs/{arxiv_id}",
        pdf_url=address((result.pdf_url or "").replace("http://", "https://")),
        doi=next(iter((_text(result.doi) or "").split()), None),
        journal_ref=_text(result.journal_ref),
        comment=comment,
        code=code_links(comment, abstract),
    )


def _author(raw: arxiv.Result.Author) -> Author | None:
    name = _text(raw.name)
    places = [place for text in raw.affiliation if (place := _text(text))]
    return Author(name, "; ".join(dict.fromkeys(places)) or None) if name else None


def _categories(result: arxiv.Result) -> tuple[str, ...]:
    """List the categories, the primary one first, each once.

    arXiv's API gives the authors' own ACM and MSC classes ("I.2.7; H.3.3") as categories too; OAI-PMH and the dump keep
    them apart, and so they are left out here.
    """
    names = (_text(name) for name in (result.primary_category, *result.categories))
    return tuple(dict.fromkeys(name for name in names if name and _CATEGORY.fullmatch(name)))


def _text(value: str | None) -> str | None:
    """Clean a field. UTF-8 that was encoded twice is undone first; no other text happens to look like that."""
    if not value:
        return None
    return clean(_once_decoded(value)) or None


def _once_decoded(value: str) -> str:
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value  # the usual case: the text is what it seems to be


def _sentence(raw: bytes) -> str:
    found = re.search(rb"<summary[^>]*>([^<]{1,300})", raw)
    return clean(found.group(1).decode("utf-8", "replace")) if found else "no reason given"
