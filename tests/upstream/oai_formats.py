"""The three formats of an OAI-PMH record: arXiv, arXivRaw and oai_dc."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import format_datetime

from tests.upstream.answer import text
from tests.upstream.chance import number
from tests.upstream.model import Author, Paper

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
GROUPS = frozenset({"cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"})


def set_of(category: str) -> str:
    """The set of a category, as in `cs:cs:LG` and `physics:quant-ph`."""
    archive, _, subject = category.partition(".")
    group = archive if archive in GROUPS else "physics"
    return f"{group}:{archive}:{subject}" if subject else f"{group}:{archive}"


def _arxiv(paper: Paper) -> str:
    """The format with names split in parts; it has the newest version only."""
    updated = f"            <updated>{paper.updated.date()}</updated>\n" if paper.version > 1 else ""
    return f"""                        <arXiv xmlns="http://arxiv.org/OAI/arXiv/" {XSI} \
xsi:schemaLocation="http://arxiv.org/OAI/arXiv/ https://oaipmh.arxiv.org/OAI/arXiv.xsd">
        <id>{paper.arxiv_id}</id>
        <created>{paper.submitted.date()}</created>
{updated}        <authors>
{"".join(_author(author) for author in paper.authors)}        </authors>
        <title>{text(paper.title)}</title>
            <categories>{" ".join(paper.categories)}</categories>
{_rest(paper)}            <abstract>{_prose(paper.abstract)}</abstract>
    </arXiv>

"""


def _author(author: Author) -> str:
    """Key name and forenames; a single word is all key name."""
    forenames, _, keyname = author.name.rpartition(" ")
    first = f"                        <forenames>{text(forenames)}</forenames>\n" if forenames else ""
    place = (
        f"                        <affiliation>{text(author.affiliation)}</affiliation>\n" if author.affiliation else ""
    )
    return f"""                <author>
                    <keyname>{text(keyname)}</keyname>
{first}{place}                </author>
"""


def _raw(paper: Paper) -> str:
    """The format with the history of versions and the authors as one line."""
    return f"""                        <arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/" {XSI} \
xsi:schemaLocation="http://arxiv.org/OAI/arXivRaw/ https://oaipmh.arxiv.org/OAI/arXivRaw.xsd">
        <id>{paper.arxiv_id}</id>
        <submitter>{text(paper.authors[0].name)}</submitter>
{"".join(_version(paper, place, at) for place, at in enumerate(paper.versions, start=1))}\
        <title>{text(paper.title)}</title>
        <authors>{text(_line(paper.authors))}</authors>
        <categories>{" ".join(paper.categories)}</categories>
{_rest(paper)}            <abstract>{_prose(paper.abstract)}</abstract>
    </arXivRaw>

"""


def _version(paper: Paper, place: int, at: datetime) -> str:
    """One version with its date and size; a withdrawn one has no file."""
    gone = paper.withdrawn and place == paper.version
    size = 0 if gone else 80 + number(f"{paper.arxiv_id}/size/{place}", 9000)
    kind = "                    <source_type>I</source_type>\n" if gone else ""
    return f"""            <version version="v{place}">
                <date>{format_datetime(at, usegmt=True)}</date>
                <size>{size}kb</size>
{kind}            </version>
"""


def _line(authors: list[Author]) -> str:
    """All authors in one line: two are joined by `and`, more by commas."""
    names = [author.name + (f" ({author.affiliation})" if author.affiliation else "") for author in authors]
    return " and ".join(names) if len(names) == 2 else ", ".join(names)


def _rest(paper: Paper) -> str:
    """Comments, journal, DOI and licence, each where there is one."""
    fields = (
        ("comments", paper.comment),
        ("acm-class", "; ".join(name for name in paper.classes if not name[0].isdigit())),
        ("msc-class", ", ".join(name for name in paper.classes if name[0].isdigit())),
        ("journal-ref", paper.journal_ref),
        ("doi", paper.doi),
        ("license", paper.license),
    )
    return "".join(f"            <{name}>{text(value)}</{name}>\n" for name, value in fields if value)


def _dublin_core(paper: Paper) -> str:
    """Dublin Core: surname first, the comment as a second description, a date for each end of the history."""
    lines = "".join(f"                <dc:{name}>{text(value)}</dc:{name}>\n" for name, value in _dc_fields(paper))
    return f"""                        <oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" \
xmlns:dc="http://purl.org/dc/elements/1.1/" {XSI} \
xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/oai_dc/ http://www.openarchives.org/OAI/2.0/oai_dc.xsd">
{lines}            </oai_dc:dc>
"""


def _dc_fields(paper: Paper) -> Iterator[tuple[str, str]]:
    """The elements of Dublin Core in order."""
    yield "title", paper.title
    for author in paper.authors:
        forenames, _, keyname = author.name.rpartition(" ")
        yield "creator", f"{keyname}, {forenames}" if forenames else keyname
    for category in paper.categories:
        yield "subject", category
    yield "description", f"  {paper.abstract}\n"
    if paper.comment:
        yield "description", f"Comment: {paper.comment}"
    for day in dict.fromkeys((paper.submitted.date(), paper.updated.date())):
        yield "date", day.isoformat()
    yield "type", "text"
    yield "identifier", f"http://arxiv.org/abs/{paper.arxiv_id}"
    if paper.doi:
        yield "identifier", f"doi:{paper.doi}"


def _prose(value: str) -> str:
    """Text with apostrophes escaped, as this interface does and the others do not."""
    return text(value).replace("'", "&#39;")


FORMATS: dict[str, Callable[[Paper], str]] = {"arXiv": _arxiv, "arXivRaw": _raw, "oai_dc": _dublin_core}
