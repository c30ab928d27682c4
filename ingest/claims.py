"""The one place where strangers' fields are made fit to store: cleaned, capped, checked, and nothing invented.

A field that cannot be meant as written (a vote count below zero, a date before arXiv, an address that is no web
address) becomes silence: other sources may know better.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

from core.errors import ShirubeError
from core.ids import arxiv_month, parse_arxiv_id
from core.months import first_day, shift
from core.record import Author, PaperRecord, Version
from core.text import clean, fold, said

LONGEST = {"title": 2_000, "abstract": 50_000, "comment": 5_000}  # characters; others 500
MOST = {"authors": 10_000}  # entries; other lists 200
BEGAN = date(1991, 8, 1)  # arXiv's first month
INTEGER = 2**31  # PostgreSQL's INTEGER ends here
AHEAD = timedelta(days=2)  # how far a source's clock may run before ours
LONGEST_DETAIL = 600  # characters of what proves a lab claim; like the next two it stands in an index
LONGEST_NAME = 300  # characters of a folded title or name
LONGEST_REPOSITORY = 1_000  # bytes: PostgreSQL's indexes hold entries of at most 2,704

_TEXTS = ("title", "abstract", "doi", "journal_ref", "comment", "organization")
_SAID = ("title", "abstract")  # printed as prose: HTML's entities and TeX's accents in them are read
_LISTS = ("categories", "organizations", "keywords", "tasks")
_COUNTS = ("votes", "discussion", "version")
_URLS = ("url", "pdf_url", "project_url")


class RecordError(ShirubeError):
    """A record that names no item: no title, or an id that is none."""


def usable(record: PaperRecord, now: datetime) -> dict[str, Any]:
    """Give the fields of a record that may be believed, by name; raises RecordError where it names no item.

    Lists are tuples, moments are in UTC without microseconds; silent fields are left out.
    """
    check(record)
    fields: dict[str, Any] = {name: _text(name, getattr(record, name)) for name in _TEXTS}
    fields |= {name: _count(getattr(record, name)) for name in _COUNTS}
    fields |= {name: web_address(getattr(record, name)) for name in _URLS}
    fields |= {name: _texts(name, getattr(record, name)) for name in _LISTS}
    fields |= {name: _day(getattr(record, name), now) for name in ("feed_date", "announced", "daily_date")}
    fields["authors"] = tuple(_author(author) for author in record.authors[: MOST["authors"]] if is_name(author.name))
    fields["submitted"] = _submitted(record, now)
    fields["withdrawn"] = record.withdrawn
    fields["doi"] = normal_doi(fields["doi"])
    return {name: value for name, value in fields.items() if value is not None and value != ()}


def check(record: PaperRecord) -> None:
    """Refuse a record without a title that is no note, or whose id is neither an arXiv id nor `<lab>:<slug>`."""
    if not said(record.title) and not is_note(record):
        raise RecordError(f"The entry {record.id!r} has no title")
    if record.arxiv_id is not None:
        parsed = parse_arxiv_id(record.arxiv_id)
        if parsed is None or parsed[0] != record.arxiv_id or record.id != record.arxiv_id:
            raise RecordError(f"{record.arxiv_id!r} is no arXiv id without version")
        return
    if not names_post(record.id):
        raise RecordError(f"{record.id!r} names no item")
    if web_address(record.url) is None:
        raise RecordError(f"The post {record.id!r} has no web address")


def names_post(item_id: str) -> bool:
    """Tell whether an id is one that a post can have: `<lab>:<slug>`, at most 300 characters."""
    lab, colon, slug = item_id.partition(":")
    return bool(lab and colon and slug) and item_id == clean(item_id) and len(item_id) <= 300


def is_note(record: PaperRecord) -> bool:
    """Tell whether a record only adds to a paper that other sources must name: it has no title, but says something.

    It says that the paper is withdrawn, as a deleted record of OAI-PMH does, or where its code is. One that gives more
    of what a paper is must give the title too: it was damaged on the way.
    """
    says = record.withdrawn is True or bool(record.code)
    more = record.abstract or record.authors or record.version is not None or record.versions
    return says and not more and record.arxiv_id is not None and not said(record.title)


def folded(text: str | None) -> str:
    """Reduce a title or a name to what two spellings share (core.text.fold), short enough to be indexed."""
    return fold(text or "")[:LONGEST_NAME].rstrip()


def version_dates(versions: tuple[Version, ...], now: datetime) -> dict[int, datetime]:
    """Give the versions that can be meant as written, each with its earliest moment."""
    found: dict[int, datetime] = {}
    for version in versions:
        created = moment(version.created)
        if 1 <= version.number < INTEGER and created.date() >= BEGAN and created < now + AHEAD:
            found[version.number] = min(created, found.get(version.number, created))
    return found


def is_ahead(record: PaperRecord, now: datetime) -> bool:
    """Tell whether a record bears a date of v1 or of a version ahead of us: it may be our clock that is late."""
    dates = [version.created for version in record.versions] + ([record.submitted] if record.submitted else [])
    return any(moment(date) >= now + AHEAD for date in dates)


def moment(given: datetime) -> datetime:
    """Bring a moment to UTC and whole seconds; one without a zone is read as UTC."""
    aware = given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    return aware.replace(microsecond=0)


def web_address(url: str | None) -> str | None:
    """Accept http and https addresses of at most 2,000 characters, without spaces or credentials; else None."""
    text = (url or "").strip()
    if not text or len(text) > 2_000 or text != clean(text) or any(c in text for c in ' "<>\\^`{|}'):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    good = parts.scheme.lower() in ("http", "https") and parts.hostname and "@" not in parts.netloc
    return text if good else None


def repository(url: str) -> str | None:
    """Give a repository one spelling: https, no www., no .git, no slash at the end; None where it is no address."""
    checked = web_address(url)
    if checked is None:
        return None
    parts = urlsplit(checked)
    host = parts.netloc.lower().removeprefix("www.")
    path = parts.path.rstrip("/").removesuffix(".git").rstrip("/")
    url = f"https://{host}{path}"
    return url if path and len(url.encode("utf-8", "surrogatepass")) <= LONGEST_REPOSITORY else None


def normal_doi(doi: str | None) -> str | None:
    """Give a DOI without its resolver, in lower case; arXiv's own DOIs only repeat the arXiv id and are dropped."""
    bare = (doi or "").lower()
    for prefix in ("https://doi.org/", "http://doi.org/", "https://dx.doi.org/", "http://dx.doi.org/", "doi:"):
        bare = bare.removeprefix(prefix)
    real = bare.startswith("10.") and len(bare) <= LONGEST_NAME
    return bare if real and not bare.startswith("10.48550/arxiv.") else None


def _text(name: str, value: str | None) -> str | None:
    made = said if name in _SAID else clean
    return made(value or "")[: LONGEST.get(name, 500)].rstrip() or None


def _texts(name: str, values: tuple[str, ...]) -> tuple[str, ...]:
    texts = (_text("", value) for value in values[: MOST.get(name, 200)])
    return tuple(dict.fromkeys(text for text in texts if text))


def is_name(text: str) -> bool:
    """Tell a name from what merely stands among names, such as the colon behind a group's: it has a letter or digit."""
    return any(map(str.isalnum, text))


def _author(author: Author) -> tuple[str, str | None]:
    return clean(author.name)[:300].rstrip(), _text("", author.affiliation)


def _count(value: int | None) -> int | None:
    return value if value is not None and 0 <= value < INTEGER else None


def _day(day: date | None, now: datetime) -> date | None:
    return day if day is not None and BEGAN <= day <= (now + AHEAD).date() else None


def _submitted(record: PaperRecord, now: datetime) -> datetime | None:
    """Accept a v1 date that can be one: not before arXiv, not ahead of us, not after the month in the paper's id.

    A paper gets its id when it is announced, so its first version cannot be younger (a day is granted for time zones).
    """
    if record.submitted is None:
        return None
    when = moment(record.submitted)
    newest = now + AHEAD
    if record.arxiv_id is not None:
        beyond = first_day(shift(arxiv_month(record.arxiv_id), 1)) + timedelta(days=1)
        newest = min(newest, datetime.combine(beyond, time(), UTC))
    return when if when.date() >= BEGAN and when < newest else None
