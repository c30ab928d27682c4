"""What the laboratories write on their own sites, papers' announcements included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tests.upstream.labs import LABS, WITHOUT_FEED, Lab
from tests.upstream.model import Paper, Post

OWN = (
    (
        "measuring-long-conversations",
        "Measuring what changes in very long conversations",
        "We follow a language model through conversations of a thousand turns and report where its answers drift.",
    ),
    (
        "agents-at-the-office",
        "A month with agents that plan their own week",
        "Field notes on planning, memory and tool use from a trial with twelve office teams.",
    ),
    (
        "what-evaluations-miss",
        "What our evaluations missed, and how we found out",
        "Three safety evaluations that gave a wrong picture, the cause of each, and the tests that replaced them.",
    ),
    ("new-office-in-norhaven", "Opening an office in Norhaven", "A new office, and forty open positions."),
)


def posts(papers: Sequence[Paper]) -> list[Post]:
    """All posts of all laboratories, newest first."""
    found = [post for lab in LABS if lab.key not in WITHOUT_FEED for post in _of_lab(lab, papers)]
    return sorted(found, key=lambda post: (post.published, post.slug), reverse=True)


def _of_lab(lab: Lab, papers: Sequence[Paper]) -> Iterator[Post]:
    """Posts that announce the laboratory's papers, and posts without a paper."""
    own = [paper for paper in papers if paper.lab == lab.key]
    for place, paper in enumerate(own):
        if "feed" in paper.evidence or place == 0:
            yield _announcement(lab, paper)
    first = min(paper.submitted for paper in papers)
    for turn, (slug, title, summary) in enumerate(OWN):
        section = "Company" if "office" in slug.split("-")[1] else "Research"
        at = _morning(first + timedelta(days=3 + 13 * turn + len(lab.key) // 3))
        yield Post(lab.key, f"{slug}-{lab.key}", title, f"{summary} By {lab.fullname}.", at, section)


def _announcement(lab: Lab, paper: Paper) -> Post:
    """A post about a paper, two days after it."""
    if "feed" not in paper.evidence:
        paper.evidence.append("feed")
    slug = f"paper-{paper.arxiv_id.replace('.', '-')}"
    title = f"Introducing {paper.title.split(':')[0]}"
    summary = f"{paper.abstract.split('. ')[0]}."
    return Post(
        lab.key, slug, title, summary, _morning(paper.submitted + timedelta(days=2)), "Research", paper.arxiv_id
    )


def _morning(at: datetime) -> datetime:
    """Ten o'clock of that day."""
    return at.replace(hour=10, minute=0, second=0)
