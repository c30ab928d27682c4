"""The values of the invented world: papers, authors, repositories and laboratory posts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass
class Author:
    """One author as arXiv prints them, with an affiliation for the few that give one."""

    name: str
    affiliation: str | None = None


@dataclass
class Repo:
    """A code repository on GitHub and how many stars it has."""

    owner: str
    name: str
    stars: int
    official: bool = True

    @property
    def url(self) -> str:
        """The address people open."""
        return f"https://github.com/{self.owner}/{self.name}"


@dataclass
class Daily:
    """A paper's appearance on Hugging Face Daily Papers."""

    day: date
    upvotes: int
    comments: int = 1
    organization: tuple[str, str] | None = None
    project_page: str | None = None


@dataclass
class Paper:
    """One invented paper with everything any of the sources may say about it."""

    arxiv_id: str
    title: str
    abstract: str
    authors: list[Author]
    categories: list[str]
    versions: list[datetime]
    topic: str | None = None
    lab: str | None = None
    evidence: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)  # ACM and MSC: the API mixes them with the categories
    comment: str | None = None
    doi: str | None = None
    journal_ref: str | None = None
    license: str = "http://creativecommons.org/licenses/by/4.0/"
    withdrawn: bool = False
    deleted: bool = False
    daily: Daily | None = None
    repo: Repo | None = None
    catalogued: bool = False
    organizations: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    citations: int = 0
    mark: str | None = None
    modified: date | None = None

    @property
    def submitted(self) -> datetime:
        """When the first version came in (UTC)."""
        return self.versions[0]

    @property
    def updated(self) -> datetime:
        """When the newest version came in (UTC)."""
        return self.versions[-1]

    @property
    def version(self) -> int:
        """The number of the newest version."""
        return len(self.versions)

    @property
    def datestamp(self) -> date:
        """The day of the last change of the record, which OAI-PMH selects by."""
        return self.modified or self.updated.date()


@dataclass
class Post:
    """One entry of a laboratory's feed, which may or may not point at an arXiv page."""

    lab: str
    slug: str
    title: str
    summary: str
    published: datetime
    section: str = "Research"
    arxiv_id: str | None = None
