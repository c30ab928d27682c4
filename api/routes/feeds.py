"""Feeds: what is new under a topic."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.errors import Problem
from api.feed import MEDIA_TYPE, topic_feed
from api.headers import matches
from api.replies import A_MINUTE
from api.site import TheSite
from core.text import text_hash
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
    request: Request,
    site: TheSite,
    key: str,
    lang: Annotated[str | None, Query(description="Language of names and reasons")] = None,
) -> Response:
    """Give the newest items filed under a topic, with their reasons. A feed's language is named in its address only.

    A reader who has it already is told so before anything is rendered: feeds are polled more often than they change.
    """
    found = site.roadmap.topics.get(key)
    if found is None:
        raise Problem(404, f"There is no topic {key!r}", "See /api/v1/topics for the keys")
    chosen = lang if lang is not None and lang in site.options.languages else site.options.languages[0]
    wanted = PaperFilter(topic=key, min_fit=SHOWN, limit=ENTRIES)
    with reading(site.sessions) as session:
        made_of = (papers.state(session, wanted, {}), chosen, found, site.options)
        headers = {"Cache-Control": A_MINUTE, "ETag": f'W/"{text_hash(repr(made_of))}"'}
        if matches(request.headers.get("if-none-match", ""), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        text = topic_feed(site, found, papers.listed(session, wanted, {}), chosen)
    return Response(text, media_type=MEDIA_TYPE, headers=headers)
