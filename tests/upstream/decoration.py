"""What the other sources add to a paper: votes, code, tasks, comments, versions."""

from __future__ import annotations

from datetime import date, timedelta

from tests.upstream.chance import choice, number
from tests.upstream.model import Daily, Paper, Repo

OWNERS = ("norhaven-nlp", "bellecombe-ml", "kitamori-lab", "vv-learning", "eichental-ai", "ines-castellvi")
ORGANIZATIONS = (
    ("norhaven", "University of Norhaven"),
    ("kitamori", "Kitamori Institute of Technology"),
    ("google", "Google"),
    ("valeverde", "Universidade de Vale Verde"),
)
VENUES = ("NeurIPS 2026", "EMNLP 2026", "WACV 2027", "ICLR 2027 submission", "TMLR")
SATURDAY = 5


def decorate(paper: Paper) -> None:
    """Give a third of the papers votes, a third code, and some the rest."""
    key = paper.arxiv_id
    _comments(paper)
    _versions(paper)
    if number(key + "/daily", 3) == 0:
        paper.daily = daily(paper)
    if number(key + "/code", 3) == 0:
        paper.repo = Repo(choice(key + "/owner", OWNERS), slug(paper.title), stars(key))
    paper.catalogued = number(key + "/catalogued", 5) < 3
    paper.citations = number(key + "/citations", 6)
    paper.tasks = [paper.topic.replace("-", " ").title()] if paper.topic else ["Applications"]
    paper.methods = [choice(key + "/method", ("Attention", "Adam", "Convolution", "Dropout", "Softmax"))]


def daily(paper: Paper) -> Daily:
    """The paper's place on Daily Papers, with few votes mostly and many rarely."""
    key = paper.arxiv_id
    votes = 1 + number(key + "/votes", 300) * number(key + "/luck", 100) // 100
    place = choice(key + "/place", ORGANIZATIONS) if number(key + "/place?", 2) else None
    page = f"https://{slug(paper.title)}.github.io/" if number(key + "/page", 4) == 0 else None
    return Daily(_listing_day(paper), votes, 1 + number(key + "/comments", 7), place, page)


def stars(key: str) -> int:
    """How many stars: most repositories have few."""
    return number(key + "/stars", 50) ** 2 * (1 + number(key + "/fame", 3))


def slug(title: str) -> str:
    """A repository's name from a title."""
    words = "".join(letter if letter.isalnum() and letter.isascii() else " " for letter in title.lower()).split()
    return "-".join(words[:3]) or "code"


def _listing_day(paper: Paper) -> date:
    """One to three days after submission, moved on from a weekend: nobody lists papers then."""
    return not_at_a_weekend(paper.submitted.date() + timedelta(days=1 + number(paper.arxiv_id + "/wait", 3)))


def not_at_a_weekend(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return day


def _comments(paper: Paper) -> None:
    """The free-text fields that only some authors fill in."""
    key = paper.arxiv_id
    if number(key + "/comment", 2):
        venue = f". Accepted at {choice(key + '/venue', VENUES)}" if number(key + "/accepted", 4) == 0 else ""
        paper.comment = f"{8 + number(key + '/pages', 30)} pages, {2 + number(key + '/figures', 11)} figures{venue}"
    if number(key + "/doi", 14) == 0:
        paper.doi = f"10.99999/{hex(number(key, 2**28))[2:]}"
        paper.journal_ref = f"Journal of Invented Results {number(key, 40)} ({paper.submitted.year}) {number(key, 900)}"


def _versions(paper: Paper) -> None:
    """A second version for one paper in eight and a third for one in forty."""
    key = paper.arxiv_id
    more = 2 if number(key + "/v3", 40) == 0 else int(number(key + "/v2", 8) == 0)
    for turn in range(more):
        gap = timedelta(days=3 + number(f"{key}/{turn}", 12), minutes=number(f"{key}/{turn}m", 1440))
        paper.versions.append(paper.versions[-1] + gap)
