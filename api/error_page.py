"""The page that tells of an error: what was asked, what is nearest, a search box, the id to report.

It works while the database does not, and shows nothing that was not in the address or is on the site anyway.
"""

import logging
from dataclasses import dataclass
from urllib.parse import unquote

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api import language
from api.errors import Problem
from api.headers import request_id
from api.nearest import close
from api.pages import Chrome, chrome
from api.site import Site, site_of
from core.clock import iso
from core.ids import parse_arxiv_id
from core.text import clean
from db import papers
from db import search as full_text
from db.engine import reading
from digest import maths
from digest.words import Line, Part, voice

_log = logging.getLogger("shirube.api")
LONGEST = 300  # characters of an address that are shown
NEAR = 3  # papers, topics and labs named


@dataclass(frozen=True, slots=True)
class Near:
    """An address near the one asked for."""

    href: str
    name: str
    lang: str | None = None  # of the name, where it is not the page's


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asked for: shown as it is, and as words to look for. A signed link is a key: nothing of it is."""

    path: str
    words: str
    paper: str  # the id it names, if it is that of a paper


def error_page(request: Request, problem: Problem) -> str:
    """Write the page for an error."""
    site, asked = site_of(request), asked_for(request.url.path)
    lang = language.choose(request, site.options.languages)
    frame, near = _frame(site, problem, asked, lang)
    arxiv = parse_arxiv_id(asked.paper)
    return site.templates.render(
        "error.html",
        lang,
        chrome=frame,
        problem=problem,
        told=_told(problem, lang, briefly=problem.status == 404 and arxiv is not None),
        asked=asked,
        near=near,
        arxiv_id=arxiv[0] if arxiv else None,
        request_id=request_id(request.scope),
        moment=iso(site.clock()),
    )


def _told(problem: Problem, lang: str, *, briefly: bool) -> Line:
    """Say what went wrong, and unless `briefly` what to do; in English where no reader was expected to meet it."""
    v = voice(lang)
    texts = [problem.detail, *([problem.advice] if problem.advice and not briefly else [])]
    if not problem.words:
        return v.line(Part(" ".join(f"{text}." for text in texts), lang=v.english))
    return v.text(words(v) for words in problem.words[: len(texts)])


def asked_for(path: str) -> Asked:
    """Read an address: what it shows of itself, the words of its last part, the paper it names."""
    if path.startswith("/s/"):
        return Asked("/s/…", "", "")
    _, found, item = path.partition("/papers/")
    last = item if found else path.rstrip("/").rpartition("/")[2]
    return Asked(clean(path)[:LONGEST], clean(unquote(last))[:LONGEST], clean(item)[:LONGEST])


def _frame(site: Site, problem: Problem, asked: Asked, lang: str) -> tuple[Chrome, list[Near]]:
    """Make the frame and what is near; from the road alone where the database is what broke, or breaks now."""
    bare = Chrome(site.links, place=site.here), _places(site, asked, lang)
    if problem.bare:
        return bare
    try:
        with reading(site.sessions) as session:
            found = _papers(site, session, asked, lang) if problem.status == 404 else []
        return chrome(site), [*found, *bare[1]]
    except SQLAlchemyError as error:
        _log.warning("the database does not answer: %s", type(error).__name__)
        return bare


def _places(site: Site, asked: Asked, lang: str) -> list[Near]:
    """Name the topics and labs that are called nearly so; none for what is a paper's id."""
    if not asked.words or parse_arxiv_id(asked.paper):
        return []
    topics, labs = site.roadmap.topics, site.roadmap.labs
    found = [Near(site.links.topic(key), topics[key].name.in_(lang)) for key in close(asked.words, topics, NEAR)]
    return found + [Near(site.links.lab(key), labs[key].name.in_(lang)) for key in close(asked.words, labs, NEAR)]


def _papers(site: Site, session: Session, asked: Asked, lang: str) -> list[Near]:
    """Name the papers whose ids begin nearly so, else those whose titles hold the words of the address."""
    if not asked.paper:
        return []
    ids = papers.ids_like(session, asked.paper, NEAR)
    if not ids and not parse_arxiv_id(asked.paper):
        ids = [item_id for item_id, _ in full_text.matching(session, asked.words, NEAR, enough=1)]
    titles = papers.headings(session, ids)
    english = None if lang == "en" else "en"
    return [Near(site.links.paper(one), f"{one}, {maths.to_text(titles[one][0])}", english) for one in ids]
