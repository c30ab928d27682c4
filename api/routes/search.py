"""Search over the API: items by name, words and meaning, best first, and how the query was read."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy.orm import Session

from api import cursor as cursors
from api.filters import Filters, to_filter
from api.finder import Results
from api.listing import MAX_LIMIT, CursorText, next_part
from api.replies import json_reply
from api.schemas import QueryJson, SearchJson, item_json
from api.site import Site, TheSite
from core.text import text_hash
from db import papers
from db.engine import reading
from db.papers import SHOWN
from ranking.search import DEPTH, LONGEST

router = APIRouter(prefix="/api/v1", tags=["search"])
PLACES = DEPTH  # beyond them a fused ranking says nothing


class SearchQuery(Filters):
    """The parameters of a search: words or a name, the filters, and which part."""

    q: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LONGEST,
            description="Words in English or Japanese; or a name: an arXiv id, a DOI, an address, a whole title",
        ),
    ]
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Items in one answer")] = 20
    cursor: CursorText = None


@router.get("/search", responses={200: {"model": SearchJson}}, response_class=Response)
def search(site: TheSite, query: Annotated[SearchQuery, Query()]) -> Response:
    """Find items by name, words and meaning, best first: at most the first 100 places, in parts.

    `query` tells how the words were read, and what the query is the name of. Of `topic` and `stage` items are found
    from a fit of 0.5, unless `min_fit` says otherwise; without them everything stored is looked at.
    """
    with reading(site.sessions) as session:
        part = read_places(site, session, query)
    address = f"{site.links.api('/search')}?{query.query(cursor=part['next'])}"
    return json_reply(part, next_part(site, address) if part["next"] else None)


def read_places(site: Site, session: Session, query: SearchQuery) -> SearchJson:
    """Search anew and cut one part out of what was found; raises UsageError for a key or a cursor that is none."""
    results = site.finder.search(session, site.finder.understand(query.q), to_filter(query, site.roadmap, limit=PLACES))
    start = _start(query, results.found.ids)
    ids = results.found.ids[start : start + query.limit]
    end = start + len(ids)
    floor = SHOWN if query.min_fit is None else query.min_fit
    return {
        "query": query_json(results),
        "items": [item_json(item, site.roadmap, floor) for item in papers.by_ids(session, ids)],
        "next": cursors.encode(_order(query), (float(end), ids[-1])) if end < len(results.found.ids) else None,
    }


def _start(query: SearchQuery, ids: tuple[str, ...]) -> int:
    """Find the place after the item the last part ended with; where that is found no more, after its old place.

    So items that came in the meantime neither repeat others nor hide them.
    """
    if query.cursor is None:
        return 0
    place, last = cursors.decode(query.cursor, _order(query))
    if not isinstance(place, float) or not 0 <= place <= PLACES or place != int(place):
        raise cursors.refused()
    return ids.index(last) + 1 if last in ids else int(place)


def _order(query: SearchQuery) -> str:
    """Name the order of one search: another question's cursor does not fit it."""
    return f"search {text_hash(query.model_copy(update={'cursor': None, 'limit': 0}).query())}"


def query_json(results: Results) -> QueryJson:
    """Tell how a query was read and by what was searched."""
    read = results.asked.reading
    return {
        "text": results.asked.text,
        "english": results.asked.words,
        "translated": [{"ja": word, "en": meaning} for word, meaning in read.terms],
        "not_understood": list(read.unknown),
        "odd_words": [{"word": one.word, "papers": one.count, "near": list(one.near)} for one in results.found.odd],
        "by_words": bool(results.found.by_words),
        "by_meaning": results.by_meaning,
        "named": list(results.found.named),
        "left_out": list(results.found.left_out),
    }
