"""One page of arXiv's OAI-PMH list, record by record, in the format that has the history of versions (arXivRaw).

As with the query API's pages, a page is cut into its records and each is parsed strictly and by itself: one that is
malformed costs itself alone, and a body that was cut is never repaired.
Protocol: https://www.openarchives.org/OAI/openarchivesprotocol.html, format: https://oaipmh.arxiv.org/OAI/arXivRaw.xsd
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime

from lxml import etree

from core.ids import parse_arxiv_id
from core.record import PaperRecord, Version
from core.text import clean, says_withdrawn
from ingest.body import is_html, refuse_doctype
from ingest.http import Answer
from ingest.links import code_links
from ingest.source import EntryError
from ingest.sources.author_line import authors_of

_ROOT = re.compile(rb"<OAI-PMH\b[^>]*>")
_END = re.compile(rb"</OAI-PMH\s*>\s*\Z")
_RECORD = re.compile(rb"<record\b[^>]*>.*?(?:</record\s*>|(?=<record\b|<resumptionToken\b|</ListRecords\b))", re.DOTALL)
_TOKEN = re.compile(rb"<resumptionToken\b([^>]*?)(?:/\s*>|>([^<]*)</resumptionToken\s*>)")
_SIZE = re.compile(rb"""\bcompleteListSize\s*=\s*["'](\d{1,9})["']""")
_ERROR = re.compile(rb"""<error\b[^>]*?\bcode\s*=\s*["'](\w{1,40})["'][^>]*?(?:/\s*>|>([^<]*)</error\s*>)""")
_IDENTIFIER = re.compile(rb"<identifier>\s*([^<\s]{1,100})\s*</identifier>")
_GONE = re.compile(rb"""<header\b[^>]*\bstatus\s*=\s*["']deleted["']""")
_TAG = "{http://arxiv.org/OAI/arXivRaw/}"
_LARGEST_NOTE = 5  # kB


@dataclass(frozen=True, slots=True)
class OaiPage:
    """A page that is complete: its records as received, the list's size and the way on where given, or the error."""

    records: tuple[bytes, ...] = ()
    size: int | None = None
    token: str | None = None
    error: str | None = None  # the protocol's code, such as noRecordsMatch
    reason: str = ""


def cut_list(body: bytes) -> OaiPage | str:
    """Cut a body into its records, or say why it is no complete page; raises SourceError for a document type."""
    if is_html(body):
        return "an HTML page came where OAI-PMH was due (maintenance?)"
    refuse_doctype(body)
    if not _ROOT.search(body[:4096]):
        return "the answer is no OAI-PMH"
    if not _END.search(body[-256:]):
        return "the answer was cut short"
    if wrong := _ERROR.search(body):
        return OaiPage(error=wrong[1].decode(), reason=_plain(wrong[2] or b""))
    if b"<ListRecords" not in body:
        return "the answer holds no list"
    return _page(body)


def _page(body: bytes) -> OaiPage:
    found = list(_TOKEN.finditer(body))
    attributes, token = (found[-1][1], _plain(found[-1][2] or b"")) if found else (b"", "")
    size = _SIZE.search(attributes)
    records = tuple(match.group() for match in _RECORD.finditer(body))
    return OaiPage(records, int(size[1]) if size else None, token or None)


def list_check(answer: Answer) -> str | None:
    """Give the reason why an answer is no page that can be used: it is asked for again then."""
    page = cut_list(answer.body)
    if isinstance(page, str):
        return page
    if page.error is None and not page.records:
        return "partial: the page is empty though the list goes on" if page.token else "partial: the list is empty"
    return None


def identify_check(answer: Answer) -> str | None:
    """Give the reason why an answer to `verb=Identify` is not what is due; raises SourceError for a document type."""
    refuse_doctype(answer.body)
    if not _ROOT.search(answer.body[:4096]):
        return "the answer is no OAI-PMH"
    if not _END.search(answer.body[-256:]):
        return "the answer was cut short"
    return None if b"<Identify" in answer.body else "the answer does not say whose it is"


def read_record(raw: bytes) -> PaperRecord | EntryError:
    """Read one record; what cannot be read is kept as received.

    A deleted record is a note without a title: it says that the paper is withdrawn, and makes none that nobody knows.
    """
    named = _IDENTIFIER.search(raw)
    parsed = parse_arxiv_id(named[1].decode("utf-8", "replace")) if named else None
    if parsed is None:
        return EntryError("no arXiv id", raw)
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=False)
        record = etree.fromstring(raw, parser)
        stamp = date.fromisoformat((record.findtext("header/datestamp") or "").strip())
        return _deleted(parsed[0], stamp) if _GONE.search(raw) else _read(record, parsed[0], stamp, raw)
    except (etree.XMLSyntaxError, ValueError, OverflowError) as problem:
        return EntryError(f"not readable: {clean(str(problem))[:200]}", raw, parsed[0])


def _deleted(arxiv_id: str, stamp: date) -> PaperRecord:
    # True by the end of its day: a version submitted on the morning of that day is older than its deletion.
    as_of = datetime.combine(stamp, time(23, 59, 59), UTC)
    return PaperRecord("arxiv", arxiv_id, "paper", "", as_of, arxiv_id=arxiv_id, withdrawn=True)


def _read(record: etree._Element, arxiv_id: str, stamp: date, raw: bytes) -> PaperRecord | EntryError:
    paper = record.find(f"metadata/{_TAG}arXivRaw")
    if paper is None:
        return EntryError("no metadata in the format asked for", raw, arxiv_id)
    title, versions = _text(paper, "title"), _versions(paper)
    if not title or not versions:
        return EntryError("no title" if versions else "no version with its date", raw, arxiv_id)
    newest = max(versions, key=lambda version: version.number)
    abstract, comment = _text(paper, "abstract"), _text(paper, "comments")
    return PaperRecord(
        source="arxiv",
        id=arxiv_id,
        kind="paper",
        title=title,
        # A correction without a new version moves the datestamp alone.
        as_of=max(newest.created, datetime.combine(stamp, time(), UTC)),
        arxiv_id=arxiv_id,
        abstract=abstract,
        authors=authors_of(_text(paper, "authors")),
        categories=tuple(dict.fromkeys((_text(paper, "categories") or "").split())),
        submitted=next((version.created for version in versions if version.number == 1), None),
        version=newest.number,
        versions=versions,
        withdrawn=_is_withdrawn(_kilobytes(paper, newest.number), abstract, comment),
        url=f"https://arxiv.org/abs/{arxiv_id}",
        doi=next(iter((_text(paper, "doi") or "").split()), None),
        journal_ref=_text(paper, "journal-ref"),
        comment=comment,
        code=code_links(comment, abstract),
    )


def _versions(paper: etree._Element) -> tuple[Version, ...]:
    """Read the history; raises ValueError for a version whose number or date cannot be meant."""
    found = (Version(_number(row), _moment(row.findtext(f"{_TAG}date"))) for row in paper.iterfind(f"{_TAG}version"))
    return tuple(sorted(found, key=lambda version: version.number))


def _number(row: etree._Element) -> int:
    return int(str(row.get("version") or "").removeprefix("v"))


def _moment(text: str | None) -> datetime:
    """Read a date such as `Sat, 05 Sep 2026 01:28:43 GMT` (RFC 5322); raises ValueError where it is none."""
    when = parsedate_to_datetime((text or "").strip()).astimezone(UTC)
    return when - timedelta(microseconds=when.microsecond)


def _is_withdrawn(size: int | None, abstract: str | None, comment: str | None) -> bool:
    """Tell whether a version is withdrawn: by its size where that tells, else by its words.

    arXiv keeps a withdrawn version as 0 kB; some old ones are a note of a kilobyte or two. No paper is that short.
    """
    if size == 0:
        return True
    return (size is None or size <= _LARGEST_NOTE) and says_withdrawn(abstract, comment)


def _kilobytes(paper: etree._Element, number: int) -> int | None:
    sizes = {row.get("version"): row.findtext(f"{_TAG}size") or "" for row in paper.iterfind(f"{_TAG}version")}
    size = sizes.get(f"v{number}", "").strip().removesuffix("kb")
    return int(size) if size.isascii() and size.isdigit() and len(size) < 10 else None


def _text(paper: etree._Element, name: str) -> str | None:
    return clean(paper.findtext(f"{_TAG}{name}") or "") or None


def _plain(raw: bytes) -> str:
    """Read the text of an element without children, its entities undone."""
    text = raw.decode("utf-8", "replace").strip()
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        text = text.replace(entity, sign)
    return clean(text)
