"""What is known of labs on public labels: papers with authors, dates, evidence and the lab people say they are from."""

import csv
import json
import lzma
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.corpus import SHARED
from ranking.affinity import person
from ranking.labs import LabFacts, attribute, links_in
from roadmap.load import load_roadmap
from roadmap.model import Roadmap

# Organisations on Hugging Face that stand beside a lab of the roadmap in the same company: rivals, not the lab.
NEAR = {
    "alibaba-inc": "alibaba-not-qwen",
    "AlibabaTongyiLab": "alibaba-not-qwen",
    "Alibaba-DAMO-Academy": "alibaba-not-qwen",
    "Tongyi-MAI": "alibaba-not-qwen",
}
NEAR_OWNERS = {  # the same of owners of repositories
    "google-research": "google-other",
    "google-research-datasets": "google-other",
    "alibaba-damo-academy": "alibaba-not-qwen",
    "alibaba-nlp": "alibaba-not-qwen",
    "tongyi-mai": "alibaba-not-qwen",
    "tongyi-zhiwen": "alibaba-not-qwen",
}
# The handle of a whole company: the same people submit under it and under their lab's own, so it leaves the lab open.
COMPANY = "google"
OPEN = {COMPANY: frozenset(("google-deepmind",))}  # origin -> labs that it says nothing about
ELSEWHERE = "elsewhere"  # the paper is known to be from an organisation that is none of these
OWN_PAPERS = Path(__file__).with_name("lab_papers.tsv")
_OWNER = re.compile(r"github\.com/([\w-]+)")
TIERS = {"A": 1.0, "B": 0.8}  # how surely a label is right; tier C says too little


@dataclass(slots=True)
class Paper:
    """A paper as far as labs go; `said` is each label's tier and the evidence people had."""

    id: str
    title: str
    authors: tuple[str, ...]
    organization: str | None
    code: tuple[str, ...]
    links: tuple[str, ...]
    page: str | None
    said: dict[str, tuple[str, str]] = field(default_factory=dict)
    not_from: frozenset[str] = frozenset()

    @property
    def day(self) -> date:
        """Give the middle of the month that the id names."""
        return date(2000 + int(self.id[:2]), int(self.id[2:4]), 15)

    def facts(self) -> LabFacts:
        """Give what attribution reads."""
        return LabFacts(
            authors=tuple((name, None) for name in self.authors),
            organization=self.organization,
            repositories=self.code,
            project_url=self.page,
            links=self.links,
            day=self.day,
        )


@cache
def papers() -> dict[str, Paper]:
    """Read all papers of the corpus with a modern id."""
    daily = {row["paper"]["id"]: row for row in _lines("hf_daily_papers.jsonl.xz")}
    found = {}
    for name in ("papers.jsonl.xz", "papers_extra.jsonl.xz"):
        for row in _lines(name):
            if re.match(r"\d{4}\.\d", row["id"]):
                found[row["id"]] = _paper(row, daily.get(row["id"], {}))
    for number, row in daily.items():
        found.setdefault(number, _paper({"id": number, "title": row["title"]}, row))
    _label(found)
    return found


def _paper(row: Mapping[str, Any], daily: Mapping[str, Any]) -> Paper:
    """Join what the corpus and Daily Papers say; the longer list of authors is the one that was not cut."""
    inner = daily.get("paper", {})
    lists = (tuple(row.get("authors") or ()), tuple(a["name"] for a in inner.get("authors", ())))
    code = tuple(dict.fromkeys(link for link in (row.get("github"), inner.get("githubRepo")) if link))
    links = links_in(row.get("abstract") or inner.get("summary"))
    organization = (daily.get("organization") or {}).get("name") or row.get("hf_org")
    page = inner.get("projectPage")
    return Paper(row["id"], row["title"], max(lists, key=len), organization, code, links, page)


def _label(found: dict[str, Paper]) -> None:
    for row in _table("labs.tsv"):
        if row["arxiv_id"] in found:
            found[row["arxiv_id"]].said[row["lab"]] = (row["tier"], row["evidence"])
    for row in _table("hf_organizations.tsv"):
        if row["arxiv_id"] in found:
            paper = found[row["arxiv_id"]]
            paper.organization = paper.organization or row["handle"]
    wrong: defaultdict[str, set[str]] = defaultdict(set)
    for row in _table("labs_negatives.tsv"):
        if row["status"] in ("org known", "wrong attribution found"):
            wrong[row["arxiv_id"]].add(row["lab"])
    for number in wrong.keys() & found.keys():
        found[number].not_from = frozenset(wrong[number])


@cache
def _roadmap() -> Roadmap:
    return load_roadmap()


def labels(paper: Paper) -> dict[str, float]:
    """Give the labs, near misses and other places a paper is from, each with how surely; empty where unknown."""
    found = {lab: TIERS[tier] for lab, (tier, why) in paper.said.items() if tier in TIERS and not _by_company(why)}
    for attribution in attribute(paper.facts(), _roadmap().labs):
        found[attribution.lab] = 1.0
    return found or _beside(paper)


def _by_company(why: str) -> bool:
    return why.startswith("HF daily papers organization='Google'") and ";;" not in why


def _beside(paper: Paper) -> dict[str, float]:
    """Give the place beside the labs that a paper is from."""
    if paper.organization == COMPANY:
        return {COMPANY: 1.0}
    if paper.organization:
        return {NEAR.get(paper.organization, ELSEWHERE): 1.0}
    owners = {m[1].casefold() for url in (*paper.code, *paper.links) if (m := _OWNER.search(url))}
    return {NEAR_OWNERS[owner]: 1.0 for owner in owners & NEAR_OWNERS.keys()}


def own_papers() -> dict[str, str]:
    """Read further papers that a lab gives as its own on its pages: number -> lab. Learned from, never measured on."""
    with OWN_PAPERS.open(encoding="utf-8", newline="") as file:
        return {row["arxiv_id"]: row["lab"] for row in csv.DictReader(file, delimiter="\t")}


def names(paper: Paper) -> tuple[str, ...]:
    """Give the names that sign a paper as histories know them, each once."""
    return tuple(dict.fromkeys(known for name in paper.authors if (known := person(name))))


def _lines(name: str) -> Iterator[dict[str, Any]]:
    with lzma.open(SHARED / "corpus" / name, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def _table(name: str) -> list[dict[str, str]]:
    with (SHARED / "gold" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
