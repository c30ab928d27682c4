"""Hugging Face: `/api/daily_papers` and `/api/papers/{id}`, in the old and the new shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from tests.upstream.answer import Answer, as_json
from tests.upstream.catalogue import Catalogue
from tests.upstream.chance import hexadecimal, number
from tests.upstream.model import Daily, Paper
from tests.upstream.names import person

LARGEST_PAGE = 100
NEW_SHAPE_FROM = date(2025, 1, 1)
AVATARS = "https://cdn-avatars.huggingface.co/v1/production/uploads"
THUMBNAILS = "https://cdn-thumbnails.huggingface.co/social-thumbnails/papers"


def daily_papers(world: Catalogue, query: Mapping[str, str]) -> Answer:
    """One page of the daily list for a day, a week, a month, or the newest."""
    try:
        inside = _window(query)
        limit, page = min(LARGEST_PAGE, int(query.get("limit", "50"))), int(query.get("p", "0"))
    except ValueError as error:
        return as_json({"error": f"Invalid query: {error}"}, 400)
    listed = [(paper, paper.daily) for paper in world.visible() if paper.daily and inside(paper.daily.day)]
    ordered = sorted(listed, key=lambda pair: _rank(pair[1], pair[0], query.get("sort", "publishedAt")))
    return as_json([_item(paper, entry) for paper, entry in ordered[page * limit : (page + 1) * limit]])


def one_paper(world: Catalogue, arxiv_id: str) -> Answer:
    """The paper alone with its votes of now; 404 for papers nobody listed."""
    paper = world.find(arxiv_id)
    if paper is None or paper.daily is None:
        return as_json({"error": "Paper not found"}, 404)
    return as_json(_paper(paper, paper.daily))


def _window(query: Mapping[str, str]) -> Any:
    """Whether a day is asked for; a day that does not exist is an error."""
    if "date" in query:
        wanted = date.fromisoformat(query["date"])
        return lambda day: day == wanted
    if "week" in query:
        year, _, week = query["week"].partition("-W")
        first = date.fromisocalendar(int(year), int(week), 1)
        return lambda day: first <= day < first + timedelta(days=7)
    if "month" in query:
        first = date.fromisoformat(query["month"] + "-01")
        return lambda day: (day.year, day.month) == (first.year, first.month)
    return lambda day: True


def _rank(entry: Daily, paper: Paper, order: str) -> tuple[Any, ...]:
    """Newest day first, then votes; `trending` goes by votes alone."""
    day = 0 if order == "trending" else -entry.day.toordinal()
    return (day, -entry.upvotes, paper.arxiv_id)


def _item(paper: Paper, entry: Daily) -> dict[str, Any]:
    """One entry of the list in the shape of its time."""
    return _new_item(paper, entry) if entry.day >= NEW_SHAPE_FROM else _old_item(paper, entry)


def _new_item(paper: Paper, entry: Daily) -> dict[str, Any]:
    """The shape of 2025 and later; `publishedAt` is the evening before, four hours west of UTC."""
    inner = _paper(paper, entry)
    item = {
        "paper": inner,
        "publishedAt": f"{paper.submitted.date() - timedelta(days=1)}T20:00:00.000Z",
        "title": paper.title,
        "summary": paper.abstract,
        "thumbnail": f"{THUMBNAILS}/{paper.arxiv_id}.png",
        "numComments": entry.comments,
        "submittedBy": _submitter(paper),
    }
    if "organization" in inner:
        item["organization"] = inner["organization"]
    return item | {"isAuthorParticipating": number(paper.arxiv_id + "/author", 5) == 0}


def _paper(paper: Paper, entry: Daily) -> dict[str, Any]:
    """The paper object with the fields its time had."""
    inner: dict[str, Any] = {"id": paper.arxiv_id, "authors": _authors(paper, entry)}
    if entry.day < NEW_SHAPE_FROM:
        published = paper.submitted.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return inner | {
            "publishedAt": published,
            "title": paper.title,
            "summary": paper.abstract,
            "upvotes": entry.upvotes,
        }
    inner |= {
        "publishedAt": f"{paper.submitted.date()}T00:00:00.000Z",
        "submittedOnDailyAt": f"{entry.day}T00:00:00.000Z",
        "title": paper.title,
        "submittedOnDailyBy": _user(paper),
        "summary": paper.abstract,
        "upvotes": entry.upvotes,
        "discussionId": hexadecimal(paper.arxiv_id + "/discussion"),
    }
    return inner | _links(paper, entry) | _machine_made(paper) | _organization(entry)


def _links(paper: Paper, entry: Daily) -> dict[str, Any]:
    """Project page, repository and stars, each only where known."""
    found: dict[str, Any] = {}
    if entry.project_page:
        found["projectPage"] = entry.project_page
    if paper.repo:
        found |= {"githubRepo": paper.repo.url, "githubRepoAddedBy": "user", "githubStars": paper.repo.stars}
    return found


def _machine_made(paper: Paper) -> dict[str, Any]:
    """The summary and keywords that a model writes; a few papers have none."""
    if number(paper.arxiv_id + "/ai", 12) == 0:
        return {}
    words = [word for word in (paper.topic or "applications").split("-") if len(word) > 2]
    return {
        "ai_summary": paper.abstract.split(". ")[-1],
        "ai_keywords": [" ".join(words), "language models"],
        "ai_summary_model": "invented/Summarizer-Small",
    }


def _organization(entry: Daily) -> dict[str, Any]:
    """The organisation that claimed the paper."""
    if entry.organization is None:
        return {}
    name, fullname = entry.organization
    key = hexadecimal(name)
    return {"organization": {"_id": key, "name": name, "fullname": fullname, "avatar": f"{AVATARS}/{key}/logo.png"}}


def _authors(paper: Paper, entry: Daily) -> list[dict[str, Any]]:
    """Authors; of those with an account the user is added."""
    return [_author(f"{paper.arxiv_id}/{place}", author.name, entry) for place, author in enumerate(paper.authors)]


def _author(key: str, name: str, entry: Daily) -> dict[str, Any]:
    """One author, confirmed on the site or not."""
    plain: dict[str, Any] = {"_id": hexadecimal(key), "name": name, "hidden": False}
    if number(key + "/account", 8):
        return plain
    user = {
        "avatarUrl": f"/avatars/{hexadecimal(key + '/avatar', 32)}.svg",
        "isPro": False,
        "fullname": name,
        "user": f"user-{hexadecimal(key, 6)}",
        "type": "user",
    }
    changed = f"{entry.day}T10:51:48.271Z"
    return {
        "_id": plain["_id"],
        "user": user,
        "name": name,
        "status": "extracted_confirmed",
        "statusLastChangedAt": changed,
        "hidden": False,
    }


def _user(paper: Paper) -> dict[str, Any]:
    """Who put the paper on the list."""
    key = hexadecimal(paper.arxiv_id + "/submitter")
    name = person(key)
    handle = f"user-{key[:6]}"
    avatar = f"{AVATARS}/{key}/picture.png"
    return {
        "_id": key,
        "avatarUrl": avatar,
        "isPro": False,
        "fullname": name,
        "user": handle,
        "type": "user",
        "name": handle,
    }


def _submitter(paper: Paper) -> dict[str, Any]:
    """The same user with the flags of the outer object."""
    user = _user(paper)
    known = {key: user[key] for key in ("_id", "avatarUrl", "fullname", "name", "type", "isPro")}
    return known | {"isHf": False, "isHfAdmin": False, "isMod": False, "followerCount": 16, "isUserFollowing": False}


def _old_item(paper: Paper, entry: Daily) -> dict[str, Any]:
    """The shape of 2024 and before."""
    return {
        "paper": _paper(paper, entry),
        "publishedAt": f"{entry.day}T03:14:41.021Z",
        "title": paper.title,
        "mediaUrl": f"{THUMBNAILS}/{paper.arxiv_id}.png",
        "numComments": entry.comments,
    }
