"""The search page: a form, and what it finds; everything asked stands in the address."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from api import language
from api.pages import chrome
from api.question import MOST, PAGE, Question, read_question
from api.replies import page_reply
from api.search_page import narrowed, search_page
from api.site import Site, TheSite
from db.engine import reading
from digest.words import voice

router = APIRouter(include_in_schema=False)
FITS = ("0.5", "0.7", "0.9")


@dataclass(frozen=True, slots=True)
class Example:
    """A query to begin with: of which stage, in which words, at which address."""

    stage: int
    words: str
    query: str


@router.get("/search", response_class=Response)
def search(request: Request, site: TheSite) -> Response:
    """Search by words and by meaning; without words show the form, where a value cannot be meant say so (422)."""
    lang = language.choose(request, site.options.languages)
    question = read_question(request.query_params, site.roadmap, voice(lang))
    html = _html(site, question, lang)
    if question.faults:
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}
        return Response(html, 422, media_type="text/html", headers=headers)
    return page_reply(request, site, html)


def _html(site: Site, question: Question, lang: str) -> str:
    v = voice(lang)
    found = None
    if question.q and not question.faults:
        with reading(site.sessions) as session:
            found = search_page(site, session, question, v)
    filters = [] if question.faults else narrowed(question, site.roadmap, v)
    return site.templates.render(
        "search.html",
        lang,
        chrome=chrome(site, menu="search", query=question.query(page=question.asking.page)),
        v=v,
        question=question,
        found=found,
        narrowed=v.join(filters),
        examples=() if question.q else _examples(site, lang),
        fits=FITS,
        most=MOST,
        page_size=PAGE,
    )


def _examples(site: Site, lang: str) -> tuple[Example, ...]:
    """Give a sentence for each stage that a paper of its first topic could open with."""
    found = []
    for stage in site.roadmap.stages:
        for topic in site.roadmap.topics_of(stage.number)[:1]:
            words = (topic.queries_ja if lang == "ja" and topic.queries_ja else topic.queries)[0]
            found.append(Example(stage.number, words, Question(words, {}).query()))
    return tuple(found)
