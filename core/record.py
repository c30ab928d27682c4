"""What one source claims about one item, before anything is believed."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Kind = Literal["paper", "post"]


@dataclass(frozen=True, slots=True)
class Author:
    """A name as the source wrote it, and an affiliation where the source gave one."""

    name: str
    affiliation: str | None = None


@dataclass(frozen=True, slots=True)
class CodeLink:
    """A repository said to hold an item's code."""

    url: str
    official: bool | None = None
    stars: int | None = None


@dataclass(frozen=True, slots=True)
class LabClaim:
    """A fact a source knows that speaks for a lab, such as a link from the lab's own feed."""

    lab: str
    kind: str  # "feed": linked from, or published on, the lab's own feed
    detail: str  # the address or the words that prove it


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a paper as arXiv numbers them, with the moment it was submitted (aware, UTC)."""

    number: int
    created: datetime


@dataclass(frozen=True, slots=True)
class PostNames:
    """The names a lab's post may be stored under; which of them it is decides what is stored (ingest.posts)."""

    place: str  # its address without what marks the way there: what a post is
    name: str  # what a post at such an address is called
    narrow: str  # and where that is another post's name already
    page: str | None = None  # what its page alone is called, where the name comes from elsewhere
    crowded: bool = False  # posts at several places go by `name`
    sole: bool = True  # no other post of its feed is called the same


@dataclass(frozen=True, slots=True)
class PaperRecord:
    """One source's claim about an item; None means that the source is silent, never that a thing is absent."""

    source: str  # "arxiv", "hf", "pwc", "labs", "recorded", "arxiv-snapshot", "pwc-archive"
    id: str  # arXiv id without version, or "<lab>:<slug>" for a post
    kind: Kind
    title: str
    as_of: datetime  # when the claim was true: the source's own change date, else the time of reading (aware, UTC)
    arxiv_id: str | None = None
    abstract: str | None = None
    authors: tuple[Author, ...] = ()
    categories: tuple[str, ...] = ()  # primary first
    submitted: datetime | None = None  # v1, aware
    feed_date: date | None = None  # a post's own date
    announced: date | None = None  # when arXiv listed it
    version: int | None = None
    versions: tuple[Version, ...] = ()  # those the source knows; none is no claim
    withdrawn: bool | None = None
    url: str | None = None
    pdf_url: str | None = None
    doi: str | None = None
    journal_ref: str | None = None
    comment: str | None = None
    votes: int | None = None
    discussion: int | None = None  # comments on Daily Papers
    daily_date: date | None = None  # day it stood on Daily Papers
    organization: str | None = None  # Hugging Face organisation handle: a submitter's claim
    organizations: tuple[str, ...] = ()  # Papers with Code organisations
    project_url: str | None = None
    keywords: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    code: tuple[CodeLink, ...] = ()
    labs: tuple[LabClaim, ...] = ()
    aliases: tuple[str, ...] = ()  # ids of posts that are, or would be, the same item
    edition: int = 0  # of a source that may list a paper several times: the newer entry has the greater number
    post: PostNames | None = None  # the post that is the item, where it has an address of its own
    told_in: str = ""  # day and lab of the post that tells it: of several about one item the newest is believed
    vector: bytes | None = field(default=None, repr=False)  # int8, 384 values: the recorded month only
    vector_of: str | None = None  # core.text.text_hash of the text the vector was made from
