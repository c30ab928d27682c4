"""How the store stands: the page for readers and the same over the API."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import language
from api.errors import Problem
from api.pages import chrome
from api.replies import json_reply, page_reply
from api.site import Site, TheSite
from api.standing import StatusJson, status_json
from api.status_page import status_page
from core.errors import UsageError
from core.months import default_month, month_of, parse_month
from db.engine import reading
from digest.words import voice

router = APIRouter()
MONTH = Query(description="YYYY-MM; without it this month and the one before")


@router.get("/api/v1/status", tags=["operation"], responses={200: {"model": StatusJson}}, response_class=Response)
def status(site: TheSite, month: Annotated[str | None, MONTH] = None) -> Response:
    """Tell what is stored and ranked, how every source stands, and how complete every day of a month is."""
    months = [_month(site, month)] if month else []
    with reading(site.sessions) as session:
        return json_reply(status_json(site, session, months))


@router.get("/status", response_class=Response, include_in_schema=False)
def page(request: Request, site: TheSite, month: str | None = None) -> Response:
    """Show how the store stands, and a month day by day; looked up once a minute, however many ask."""
    lang = language.choose(request, site.options.languages)
    now = site.clock()
    chosen = _month(site, month) if month else default_month(now)
    key = ("status", chosen, lang, site.asked, site.here, f"{now:%Y%m%d%H%M}")
    return page_reply(request, site, site.rendered.get(key, lambda: _html(site, chosen, lang)))


def _html(site: Site, month: str, lang: str) -> bytes:
    with reading(site.sessions) as session:
        found = status_json(site, session, [month])
    v = voice(lang)
    query = "" if month == default_month(site.clock()) else f"month={month}"
    frame = chrome(site, menu="status", query=query)
    page = status_page(found, v)
    return site.templates.render("status.html", lang, chrome=frame, page=page, found=found, v=v).encode()


def _month(site: Site, text: str) -> str:
    """Read a month that has begun; raises Problem for another."""
    try:
        month = parse_month(text)
    except UsageError as problem:
        raise Problem(422, problem.message, problem.advice) from problem
    if month > month_of(site.clock()):
        raise Problem(422, f"{month} has not begun", "Ask for this month or one before")
    return month
