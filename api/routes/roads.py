"""The pages of the road: its stages, topics and labs, and the reader's own place on it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import language
from api.conditional import OF_ROWS
from api.forms import Form
from api.missing import no_lab, no_stage, no_topic
from api.pages import chrome
from api.place import asked_place, remember_place
from api.replies import page_reply
from api.road_list import ListQuery
from api.site import Site, TheSite
from api.stage_page import StagePage, stage_page
from api.topic_page import LabPage, TopicPage, lab_page, topic_page
from db.engine import reading
from digest.words import voice
from roadmap.model import Stage

router = APIRouter(include_in_schema=False)


@router.get("/stages/{number}", response_class=Response, dependencies=[OF_ROWS])
def stage(request: Request, site: TheSite, number: str, query: Annotated[ListQuery, Query()]) -> Response:
    """Show a stage: its reading list, the newest worth reading, what changed."""
    found = _stage(site, number)
    lang = language.choose(request, site.options.languages)
    with reading(site.sessions) as session:
        page = stage_page(site, session, found, query, voice(lang))
    return page_reply(request, site, _render(site, "stage.html", lang, page, found.number))


@router.get("/topics/{key}", response_class=Response, dependencies=[OF_ROWS])
def topic(request: Request, site: TheSite, key: str, query: Annotated[ListQuery, Query()]) -> Response:
    """Show a topic: what to read first, and the papers filed under it."""
    found = site.roadmap.topics.get(key)
    if found is None:
        raise no_topic(key)
    lang = language.choose(request, site.options.languages)
    with reading(site.sessions) as session:
        page = topic_page(site, session, found, query, voice(lang))
    return page_reply(request, site, _render(site, "topic.html", lang, page, found.stage))


@router.get("/labs/{key}", response_class=Response, dependencies=[OF_ROWS])
def lab(request: Request, site: TheSite, key: str, query: Annotated[ListQuery, Query()]) -> Response:
    """Show a lab: its papers and posts, each with the evidence that it is from there."""
    found = site.roadmap.labs.get(key)
    if found is None:
        raise no_lab(key, site.roadmap)
    lang = language.choose(request, site.options.languages)
    with reading(site.sessions) as session:
        page = lab_page(site, session, found, query, voice(lang))
    return page_reply(request, site, _render(site, "lab.html", lang, page, None))


@router.get("/place", response_class=Response)
def place(request: Request, site: TheSite) -> Response:
    """Ask where the reader is on the road."""
    lang = language.choose(request, site.options.languages)
    html = site.templates.render("place.html", lang, chrome=chrome(site), here=site.here)
    return page_reply(request, site, html, keep="private, no-store")


@router.post("/place", response_class=Response)
def choose_place(site: TheSite, form: Form) -> Response:
    """Keep the stage chosen in a cookie, or forget it, and show what is kept."""
    number = asked_place(next(iter(form.get("stage", [])), ""), site.roadmap)
    response = Response(status_code=303, headers={"Location": site.links.place(), "Cache-Control": "no-store"})
    remember_place(response, site.options, number)
    return response


def _stage(site: Site, number: str) -> Stage:
    found = next((one for one in site.roadmap.stages if str(one.number) == number), None)
    if found is None:
        raise no_stage(number, site.roadmap)
    return found


def _render(site: Site, template: str, lang: str, page: StagePage | TopicPage | LabPage, stage: int | None) -> str:
    frame = chrome(site, stage=stage, query=page.found.question.told())
    return site.templates.render(template, lang, chrome=frame, page=page)
