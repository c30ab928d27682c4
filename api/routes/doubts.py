"""A visitor says that a topic or lab of an item is wrong: GET tells what becomes of it, POST counts it. No account."""

import secrets
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api import language
from api.errors import for_readers
from api.forms import own_site
from api.items import find_item
from api.pages import chrome
from api.peer import place_of
from api.routes.feedback import query_of
from api.site import Site, TheSite
from db.engine import reading
from db.models import Item
from db.papers import SHOWN
from digest import maths, service
from digest.service import Outcome, Said

router = APIRouter(include_in_schema=False)
OWN = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}
_PROCESS_KEYS = (secrets.token_hex(32),)  # where the site has none: a network's day then ends with the process


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address says is wrong: of which item, and which topic or lab."""

    item: str = ""
    verb: str = ""
    topic: str | None = None
    lab: str | None = None


TheAsked = Annotated[Asked, Depends()]


@router.get("/report", response_class=Response)
def ask(request: Request, site: TheSite, asked: TheAsked) -> Response:
    """Show what would be counted and who reads it, and one button."""
    with reading(site.sessions) as session:
        item = find_item(session, asked.item)
    return _page(request, site, item, _said(site, item, asked), None)


@router.post("/report", response_class=Response, dependencies=[Depends(own_site)])
def act(request: Request, site: TheSite, asked: TheAsked) -> Response:
    """Count it; pressed again on the same day it is counted no second time."""
    with reading(site.sessions) as session:
        item = find_item(session, asked.item)
    said = _said(site, item, asked)
    keys = site.options.secret_keys or _PROCESS_KEYS
    place = place_of(request, site.options.trusted_proxies)
    with site.sessions.begin() as session:
        outcome = service.report(session, keys, said, place, site.clock())
    if outcome is Outcome.too_many:
        problem = for_readers(
            429,
            lambda v: v.t("Too many doubts came from your network, or from all together."),
            lambda v: v.t("Try again tomorrow."),
        )
        problem.headers = {"Retry-After": "86400"}
        raise problem
    return _page(request, site, item, said, outcome)


def _said(site: Site, item: Item, asked: Asked) -> Said:
    """Check that the item is shown under what is called wrong; raises UsageError."""
    said = service.read_said(site.roadmap, item.id, asked.verb, asked.topic, asked.lab)
    if not said.detail:
        raise for_readers(
            422,
            lambda v: v.t("Without the link of a mail only a topic or a lab can be called wrong."),
            lambda v: v.t("Name one of them."),
        )
    if said.verb == "wrong-topic":
        shown = {row.topic for row in item.topics if row.fit >= SHOWN}
    else:
        shown = {row.lab for row in item.labs if row.confidence >= SHOWN}
    if said.detail not in shown:
        raise for_readers(
            422,
            lambda v: v.t("%(id)s is not shown under %(name)s.", id=item.id, name=said.detail),
            lambda v: v.t("Follow the link of the paper’s page."),
        )
    return said


def _page(request: Request, site: Site, item: Item, said: Said, outcome: Outcome | None) -> Response:
    lang = language.choose(request, site.options.languages)
    known: Any = site.roadmap.topics if said.verb == "wrong-topic" else site.roadmap.labs
    query = query_of(said)
    html = site.templates.render(
        "report.html",
        lang,
        chrome=chrome(site, query=query),
        item=item.id,
        title=maths.to_html(item.title),
        verb=said.verb,
        name=known[said.detail].name.in_(lang),
        act=f"{site.links.root}/report?{query}&lang={lang}",
        outcome=outcome,
    )
    return Response(html, media_type="text/html", headers=OWN)
