"""Items over HTTP: the list with its filters, and one item by id; old arXiv ids keep their slash."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.conditional import OF_ROWS, modified
from api.items import find_item
from api.listing import PaperQuery, next_part, read_texts
from api.replies import TO_ITS_ID, json_reply, redirect
from api.schemas import ItemJson, ItemsJson, item_json
from api.site import TheSite, state_of
from db.engine import reading
from db.models import Item

router = APIRouter(prefix="/api/v1", tags=["papers"])


@router.get("/papers", responses={200: {"model": ItemsJson}}, response_class=Response, dependencies=[OF_ROWS])
def papers(request: Request, site: TheSite, query: Annotated[PaperQuery, Query()]) -> Response:
    """List items, newest first; those shown under a topic (fit from 0.5) unless `min_fit` says otherwise."""
    with reading(site.sessions) as session:
        part = read_texts(session, site, query, state_of(request))
    address = f"{site.links.api('/papers')}?{query.query(**_part(query, part.next))}"
    return json_reply(part, next_part(site, address) if part.next else None)


@router.get(
    "/papers/{item_id:path}",
    responses={200: {"model": ItemJson}, **TO_ITS_ID},
    response_class=Response,
    dependencies=[OF_ROWS],
)
def paper(
    site: TheSite, item_id: Annotated[str, Path(description="Id of the item, its slash as it is or as %2F")]
) -> Response:
    """Give one item by id; another form of an arXiv id (with version, as an address) leads to it."""
    with reading(site.sessions) as session:
        item = find_item(session, item_id)
        if item.id != item_id:
            return redirect(site.links.api_paper(item.id), 308)
        return json_reply(item_json(item, site.roadmap), modified(changed(item)))


def changed(item: Item) -> datetime:
    """Tell when what is said of an item last changed: what is believed of it, its ranking, a look at its code."""
    ranked = [item.rating.ranked_at] if item.rating is not None else []
    return max([item.updated, *ranked, *(code.checked_at for code in item.code)])


def _part(query: PaperQuery, cursor: str | None) -> dict[str, str | int | None]:
    """Leave out what the list does unasked."""
    plain = PaperQuery()
    kept = {"sort": query.sort, "limit": query.limit}
    return {name: value if value != getattr(plain, name) else None for name, value in kept.items()} | {"cursor": cursor}
