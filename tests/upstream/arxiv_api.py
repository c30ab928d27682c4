"""The arXiv query API: `/api/query` in the layout of 2026."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from hashlib import sha1

from tests.upstream.answer import ATOM, Answer, attribute, text
from tests.upstream.arxiv_query import BadQuery, compiled
from tests.upstream.catalogue import Catalogue
from tests.upstream.chance import hexadecimal
from tests.upstream.model import Author, Paper

LARGEST_PAGE = 2000
LARGEST_REQUEST = 30_000
ID = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v(\d+))?")
NAMESPACES = (
    'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" '
    'xmlns="http://www.w3.org/2005/Atom"'
)


class Refused(ValueError):
    """A request that arXiv answers with 400 and an error entry."""

    def __init__(self, anchor: str, reason: str) -> None:
        """Keep the anchor of the error page and the sentence."""
        super().__init__(reason)
        self.anchor = anchor


def answer(world: Catalogue, query: Mapping[str, str]) -> Answer:
    """One page of results, or the error entry for a request that makes no sense."""
    try:
        start, size = _whole(query, "start", 0), _whole(query, "max_results", 10)
        found = _sorted(_selected(world, query), query)
    except Refused as error:
        return Answer(_error(world, error).encode(), ATOM, 400)
    page = found[start : start + min(size, LARGEST_PAGE)]
    return Answer(_feed(world, query, start, size, len(found), page).encode(), ATOM)


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    """A number that is not negative and not absurd."""
    value = query.get(name, "") or str(default)
    if not value.lstrip("-").isdigit():
        raise Refused(f"{name}_must_be_an_integer", f"{name} must be an integer")
    if value.startswith("-"):
        raise Refused(f"{name}_must_be_non-negative", f"{name} must be non-negative")
    if name == "max_results" and int(value) > LARGEST_REQUEST:
        raise Refused("max_results_too_large", f"max_results must be at most {LARGEST_REQUEST}")
    return int(value)


def _selected(world: Catalogue, query: Mapping[str, str]) -> list[Paper]:
    """Papers by id list, by search, or by both."""
    ids = [part.strip() for part in query.get("id_list", "").split(",") if part.strip()]
    expression = query.get("search_query", "").strip()
    if not ids and not expression:
        return []
    papers = _by_ids(world, ids) if ids else list(world.asked(expression))
    if not expression:
        return papers
    try:
        test = compiled(expression)
        return [paper for paper in papers if test(paper)]
    except BadQuery as error:
        raise Refused("malformed_query", f"malformed search_query: {error}") from error


def _by_ids(world: Catalogue, ids: list[str]) -> list[Paper]:
    """The papers of a list of ids in its order; unknown ones are silently left out."""
    papers = []
    for wanted in ids:
        match = ID.fullmatch(wanted)
        if match is None:
            raise Refused(f"incorrect_id_format_for_{wanted}", f"incorrect id format for {wanted}")
        paper = world.find(match.group(1))
        version = int(match.group(2) or 0)
        if paper and version <= paper.version:
            papers.append(replace(paper, versions=paper.versions[:version]) if version else paper)
    return papers


def _sorted(papers: list[Paper], query: Mapping[str, str]) -> list[Paper]:
    """In the order asked for; relevance, the default, is any fixed order."""
    order = query.get("sortBy", "relevance")
    backwards = query.get("sortOrder", "descending") == "descending"
    if order == "submittedDate":
        return sorted(papers, key=lambda paper: (paper.submitted, paper.arxiv_id), reverse=backwards)
    if order == "lastUpdatedDate":
        return sorted(papers, key=lambda paper: (paper.updated, paper.arxiv_id), reverse=backwards)
    if order != "relevance":
        raise Refused("sortBy_must_be_in", "sortBy must be in: relevance, lastUpdatedDate, submittedDate")
    if query.get("id_list"):
        return papers
    return sorted(papers, key=lambda paper: hexadecimal(paper.arxiv_id), reverse=backwards)


def _feed(world: Catalogue, query: Mapping[str, str], start: int, size: int, total: int, page: list[Paper]) -> str:
    """The Atom document around a page of entries."""
    search, ids = query.get("search_query", ""), query.get("id_list", "")
    title = f"search_query={search}&id_list={ids}&start={start}&max_results={size}"
    address = f"https://arxiv.org/api/query?search_query={search}&start={start}&max_results={size}&id_list={ids}"
    name = b64encode(sha1(title.encode()).digest()).decode().rstrip("=")  # noqa: S324 - a name, not a secret
    head = f"""<?xml version='1.0' encoding='UTF-8'?>
<feed {NAMESPACES}>
  <id>https://arxiv.org/api/{name}</id>
  <title>arXiv Query: {text(title)}</title>
  <updated>{_now(world)}</updated>
  <link href="{attribute(address)}" type="application/atom+xml"/>
  <opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <opensearch:startIndex>{start}</opensearch:startIndex>
"""
    return head + "".join(_entry(paper) for paper in page) + "</feed>\n"


def _entry(paper: Paper) -> str:
    """One paper in the order of elements that arXiv uses."""
    name = f"{paper.arxiv_id}v{paper.version}"
    lines = [
        f"<id>http://arxiv.org/abs/{name}</id>",
        f"<title>{text(paper.title)}</title>",
        f"<updated>{_stamp(paper.updated)}</updated>",
        f'<link href="https://arxiv.org/abs/{name}" rel="alternate" type="text/html"/>',
        f'<link href="https://arxiv.org/pdf/{name}" rel="related" type="application/pdf" title="pdf"/>',
        f"<summary>{text(paper.abstract)}</summary>",
        *(
            f'<category term="{name}" scheme="http://arxiv.org/schemas/atom"/>'
            for name in (*paper.categories, *paper.classes)
        ),
        f"<published>{_stamp(paper.submitted)}</published>",
        *_optional("comment", paper.comment),
        f'<arxiv:primary_category term="{paper.categories[0]}"/>',
        *_optional("journal_ref", paper.journal_ref),
        *(_author(author) for author in paper.authors),
        *_doi(paper),
    ]
    return "  <entry>\n" + "".join(f"    {line}\n" for line in lines) + "  </entry>\n"


def _optional(name: str, value: str | None) -> list[str]:
    """An arXiv element where there is a value."""
    return [f"<arxiv:{name}>{text(value)}</arxiv:{name}>"] if value else []


def _author(author: Author) -> str:
    """An author with the affiliation where given."""
    place = f"\n      <arxiv:affiliation>{text(author.affiliation)}</arxiv:affiliation>" if author.affiliation else ""
    return f"<author>\n      <name>{text(author.name)}</name>{place}\n    </author>"


def _doi(paper: Paper) -> list[str]:
    """The DOI comes last, with a link of its own."""
    if not paper.doi:
        return []
    link = f'<link rel="related" href="https://doi.org/{attribute(paper.doi)}" title="doi"/>'
    return [f"<arxiv:doi>{text(paper.doi)}</arxiv:doi>", link]


def _error(world: Catalogue, error: Refused) -> str:
    """The feed with a single entry called Error."""
    address = f"https://arxiv.org/api/errors#{attribute(error.anchor)}"
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed {NAMESPACES}>
  <id>https://arxiv.org/</id>
  <title>arXiv Search Results</title>
  <updated>{_now(world)}</updated>
  <opensearch:itemsPerPage>1</opensearch:itemsPerPage>
  <opensearch:totalResults>1</opensearch:totalResults>
  <opensearch:startIndex>0</opensearch:startIndex>
  <entry>
    <id>{address}</id>
    <title>Error</title>
    <updated>{_now(world)}</updated>
    <link href="{address}" rel="alternate" type="text/html"/>
    <summary>{text(str(error))}</summary>
    <author>
      <name>arXiv api core</name>
    </author>
  </entry>
</feed>
"""


def _stamp(at: datetime) -> str:
    """A time as arXiv writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _now(world: Catalogue) -> str:
    """The time of the answer: the world's day, so that the same question gets the same bytes."""
    return _stamp(datetime.combine(world.today, time(22, 9, 25)))
