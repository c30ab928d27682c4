"""The page about the program: how it ranks, how well, what it cannot do, and where everything comes from."""

from fastapi import APIRouter, Request, Response

from api import language
from api.about import about_page
from api.pages import chrome
from api.replies import page_reply
from api.site import Site, TheSite
from db import papers, scores
from db.engine import reading
from digest.words import voice

router = APIRouter(include_in_schema=False)


@router.get("/about", response_class=Response)
def about(request: Request, site: TheSite) -> Response:
    """Tell how papers are chosen; what is stored is counted once a minute, however many ask."""
    lang = language.choose(request, site.options.languages)
    key = ("about", lang, site.asked, site.here, f"{site.clock():%Y%m%d%H%M}")
    return page_reply(request, site, site.rendered.get(key, lambda: _html(site, lang)))


def _html(site: Site, lang: str) -> bytes:
    v = voice(lang)
    with reading(site.sessions) as session:
        stored, ranked = papers.count_all(session), scores.count_rated(session)
    page = about_page(stored, ranked, site.collecting.sources, v)
    frame = chrome(site, menu="about")
    return site.templates.render("about.html", lang, chrome=frame, page=page, model=site.collecting.model, v=v).encode()
