"""The Papers with Code catalogue: everything under `/api/v1`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tests.upstream.answer import Answer, as_json
from tests.upstream.catalogue import Catalogue
from tests.upstream.chance import number
from tests.upstream.decoration import slug
from tests.upstream.model import Paper

LARGEST_PAGE = 100
FILTERS = ("search", "start_date", "end_date", "task", "method", "organization", "q")


def answer(world: Catalogue, path: str, query: Mapping[str, str]) -> Answer:
    """The answer to a path below `/api/v1/`, slash at the end or not."""
    parts = [part for part in path.split("/") if part]
    lists = {"organizations": "organizations", "tasks": "tasks", "methods": "methods"}
    if len(parts) == 1 and parts[0] in lists:
        return _names(world, lists[parts[0]], query)
    if parts == ["papers"] or parts == ["papers", "search"]:
        return _listing(world, query)
    if parts in (["papers", "recent"], ["papers", "trending"]):
        return _newest(world, query, parts[1])
    if len(parts) in (2, 3) and parts[0] == "papers":
        return _one(world, parts[1], parts[2:], query)
    return as_json({"detail": "Not Found"}, 404)


def _listing(world: Catalogue, query: Mapping[str, str]) -> Answer:
    """A page of papers by filter; only the filters that were used are confirmed."""
    applied = {name: query[name] for name in FILTERS if query.get(name)}
    found = [paper for paper in _known(world) if _fits(paper, applied)]
    backwards = query.get("order_dir", "desc") == "desc"
    if query.get("order_by") == "citation_count":
        found.sort(key=lambda paper: (paper.citations, paper.arxiv_id), reverse=backwards)
    else:
        found.sort(key=lambda paper: (paper.submitted, paper.arxiv_id), reverse=backwards)
    return _page([_short(paper, query) for paper in found], query, applied)


def _newest(world: Catalogue, query: Mapping[str, str], kind: str) -> Answer:
    """The newest papers, or those with the most stars."""
    papers = sorted(_known(world), key=lambda paper: paper.submitted, reverse=True)
    if kind == "trending":
        papers.sort(key=lambda paper: paper.repo.stars if paper.repo else 0, reverse=True)
    limit = _whole(query, "limit", 20)
    return _page([_short(paper, query) for paper in papers[:limit]], {"page_size": str(limit)}, {})


def _one(world: Catalogue, name: str, rest: list[str], query: Mapping[str, str]) -> Answer:
    """One paper with its resources, or the papers related to it."""
    paper = next((paper for paper in _known(world) if name in (paper.arxiv_id, _id(paper))), None)
    if paper is None or rest not in ([], ["related"]):
        return as_json({"detail": "Paper not found"}, 404)
    if rest:
        related = [other for other in _known(world) if other.topic == paper.topic and other is not paper]
        return _page([_short(other, query) for other in related[:10]], {}, {})
    return as_json(_detail(paper))


def _known(world: Catalogue) -> list[Paper]:
    """The papers this source has."""
    return [paper for paper in world.visible() if paper.catalogued]


def _fits(paper: Paper, applied: Mapping[str, str]) -> bool:
    """Whether a paper passes all filters."""
    day = paper.submitted.date().isoformat()
    wanted = applied.get("search", applied.get("q", "")).lower()
    return (
        applied.get("start_date", day) <= day <= applied.get("end_date", day)
        and all(word in f"{paper.title} {paper.abstract}".lower() for word in wanted.split())
        and _among(applied.get("task"), paper.tasks)
        and _among(applied.get("method"), paper.methods)
        and _among(applied.get("organization"), paper.organizations)
    )


def _among(wanted: str | None, names: Iterable[str]) -> bool:
    """Whether a name or its slug is among the names; no filter lets everything pass."""
    return wanted is None or any(wanted.lower() in (name.lower(), _slug(name)) for name in names)


def _page(items: list[dict[str, Any]], query: Mapping[str, str], applied: Mapping[str, str]) -> Answer:
    """One page with the count of all and the number of the next page."""
    page, size = max(1, _whole(query, "page", 1)), min(LARGEST_PAGE, max(1, _whole(query, "page_size", 20)))
    following = page + 1 if page * size < len(items) else None
    results = items[(page - 1) * size : page * size]
    return as_json({"count": len(items), "next_page": following, "results": results, "applied_filters": dict(applied)})


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    """A number from the query, or the default where it is none."""
    value = query.get(name, "")
    return int(value) if value.isdigit() else default


def _short(paper: Paper, query: Mapping[str, str]) -> dict[str, Any]:
    """A paper in a list; with `include_resources` everything the detail has."""
    if query.get("include_resources", "").lower() in ("true", "1"):
        return _detail(paper)
    return _common(paper) | {"organizations": _slugged(paper.organizations)}


def _common(paper: Paper) -> dict[str, Any]:
    """The fields that lists and details share."""
    return {
        "id": _id(paper),
        "arxiv_id": paper.arxiv_id,
        "title": paper.title,
        "authors": [author.name for author in paper.authors],
        "published": paper.submitted.date().isoformat(),
        "citation_count": paper.citations,
        "url_abs": f"https://arxiv.org/abs/{paper.arxiv_id}",
        "has_official_implementation": paper.repo is not None and paper.repo.official,
        "code_repository_count": int(paper.repo is not None),
    }


def _detail(paper: Paper) -> dict[str, Any]:
    """Everything the catalogue says about a paper."""
    return _common(paper) | {
        "abstract": paper.abstract,
        "tldr": paper.abstract.split(". ")[0] + ".",
        "repositories": _repositories(paper),
        "project_pages": [paper.daily.project_page] if paper.daily and paper.daily.project_page else [],
        "hf_models": [],
        "hf_datasets": [],
        "hf_spaces": [],
        "tasks": _slugged(paper.tasks),
        "methods": _slugged(paper.methods),
        "organizations": _slugged(paper.organizations),
        "predecessor_papers": [],
        "successor_papers": [],
    }


def _repositories(paper: Paper) -> list[dict[str, Any]]:
    """The paper's repository; its stars were counted a little earlier than elsewhere."""
    if paper.repo is None:
        return []
    repo = paper.repo
    seen = max(0, repo.stars - number(paper.arxiv_id + "/lag", 5))
    return [{"url": repo.url, "owner": repo.owner, "name": repo.name, "num_stars": seen, "is_official": repo.official}]


def _names(world: Catalogue, kind: str, query: Mapping[str, str]) -> Answer:
    """All organisations, tasks or methods with the number of their papers."""
    counts = Counter(name for paper in _known(world) for name in getattr(paper, kind))
    items = [entry | {"paper_count": counts[entry["name"]]} for entry in _slugged(sorted(counts))]
    return _page(items, query, {})


def _slugged(names: Iterable[str]) -> list[dict[str, Any]]:
    """Names with their slugs."""
    return [{"name": name, "slug": _slug(name)} for name in names]


def _slug(name: str) -> str:
    """The form of a name that stands in addresses."""
    return name.lower().replace(" ", "-")


def _id(paper: Paper) -> str:
    """The catalogue's own id of a paper."""
    return f"{slug(paper.title)}-{paper.arxiv_id.replace('.', '')}"
