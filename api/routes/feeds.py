"""Feeds: what is new under a topic."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.errors import Problem
from api.feed import MEDIA_TYPE, topic_feed
from api.replies import A_MINUTE
from api.site import TheSite
from db import papers
from db.engine import reading
from db.papers import SHOWN, PaperFilter

router = APIRouter(tags=["feeds"])
ENTRIES = 50


@router.get(
    "/feeds/topics/{key}.atom",
    responses={200: {"content": {MEDIA_TYPE: {}}, "description": "An Atom feed"}},
    response_class=Response,
)
def topic(
    site: TheSite, key: str, lang: Annotated[str | None, Query(description="Language of names and reasons")] = None
) -> Response:
    """Give the newest items filed under a topic, with their reasons. A feed's language is named in its address only."""
    found = site.roadmap.topics.get(key)
    if found is None:
        raise Problem(404, f"There is no topic {key!r}", "See /api/v1/topics for the keys")
    chosen = lang if lang is not None and lang in site.options.languages else site.options.languages[0]
    with reading(site.sessions) as session:
        items = papers.listed(session, PaperFilter(topic=key, min_fit=SHOWN, limit=ENTRIES), {})
        text = topic_feed(site, found, items, chosen)
    return Response(text, media_type=MEDIA_TYPE, headers={"Cache-Control": A_MINUTE})
