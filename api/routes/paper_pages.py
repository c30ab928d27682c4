"""The page of an item, and what is close to an item over the API."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import language
from api.items import find_item
from api.pages import chrome
from api.paper_more import paper_more
from api.paper_page import paper_page
from api.replies import TO_ITS_ID, json_reply, page_reply, redirect
from api.similar import NeighboursJson, Order, SimilarQuery, similar_items
from api.site import Site, TheSite
from db.engine import reading
from digest.words import voice

router = APIRouter()


@router.get(
    "/api/v1/papers/{item_id:path}/similar",
    tags=["papers"],
    responses={200: {"model": NeighboursJson}, **TO_ITS_ID},
    response_class=Response,
)
def similar(site: TheSite, item_id: str, query: Annotated[SimilarQuery, Query()]) -> Response:
    """List the items closest to one by what their texts mean, each with the cosine; near-twins are folded.

    The list is empty where the item's text has no vector yet. Only items shown under a topic (fit from 0.5) are listed
    unless `min_fit` says otherwise.
    """
    with reading(site.sessions) as session:
        item = find_item(session, item_id)
        if item.id != item_id:
            asked = query.query(**query.own())
            return redirect(f"{site.links.api_similar(item.id)}{'?' if asked else ''}{asked}", 308)
        body: NeighboursJson = {"items": similar_items(site, session, item.id, query), "next": None}
    return json_reply(body)


@router.get("/papers/{item_id:path}", response_class=Response, include_in_schema=False)
def paper(
    request: Request,
    site: TheSite,
    item_id: str,
    order: Annotated[Order, Query(alias="similar")] = "closest",
) -> Response:
    """Show one item; another form of an arXiv id leads to it. `similar` orders what is close to it."""
    lang = language.choose(request, site.options.languages)
    with reading(site.sessions) as session:
        item = find_item(session, item_id)
        if item.id != item_id:
            return redirect(_whole(site, request, item.id, order), 308)
        page = paper_page(item, site.roadmap, lang)
        more = paper_more(site, session, item, order, voice(lang))
    frame = chrome(site, stage=page.stage, query=_ordered(order))
    html = site.templates.render("paper.html", lang, chrome=frame, page=page, more=more)
    return page_reply(request, site, html)


def _whole(site: Site, request: Request, item_id: str, order: Order) -> str:
    """Give the address of an item's page with what was asked of another form of its id."""
    lang = language.asked(request, site.options.languages)
    query = "&".join(part for part in (f"lang={lang}" if lang else "", _ordered(order)) if part)
    return site.links.paper(item_id) + (f"?{query}" if query else "")


def _ordered(order: Order) -> str:
    return f"similar={order}" if order != "closest" else ""
