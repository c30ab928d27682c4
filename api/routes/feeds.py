"""Feeds: what is new under a topic, from a lab, in a stage, in digests, in a search; and the list of all."""

from datetime import UTC
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import ConfigDict, Field

from api.conditional import OF_ROWS, unchanged
from api.errors import Problem, for_readers
from api.feeds import atom, json, opml, rss, sources
from api.feeds.sources import Source
from api.filters import Filters
from api.replies import A_MINUTE
from api.site import Site, TheSite
from core.text import clean, text_hash
from db.engine import reading
from db.feeds import State
from digest.reasons import names_of
from digest.words import voice

router = APIRouter(tags=["feeds"], dependencies=[OF_ROWS])
FORMATS: dict[str, Any] = {form.SUFFIX: form for form in (atom, rss, json)}
LONGEST_QUERY = 500
BROWSERS = "application/xml"

FEED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            kind: {"schema": {"type": "string"}} for kind in (*(form.MEDIA_TYPE for form in FORMATS.values()), BROWSERS)
        },
        "description": "The feed, newest entry first",
    },
    304: {"description": "The reader has it already"},
}
Suffix = Annotated[str, Path(description="Format", json_schema_extra={"enum": list(FORMATS)})]
Language = Annotated[str | None, Query(description="Language of names and reasons; a feed has no other way to tell")]


class SearchQuery(Filters):
    """What a feed of a search asks for; whatever else is in its address is judged as in every feed, by api.strict."""

    model_config = ConfigDict(extra="ignore")

    q: Annotated[str, Field(max_length=LONGEST_QUERY, description="Words, all of which must be there, or a name")] = ""
    lang: Annotated[str | None, Field(description="Language of names and reasons")] = None


@router.get("/feeds/topics/{key}.{suffix}", responses=FEED, response_class=Response)
def topic(request: Request, site: TheSite, key: str, suffix: Suffix, lang: Language = None) -> Response:
    """Give the newest 50 items filed under a topic, with their reasons."""
    return _answer(request, site, sources.topic(site, key), lang, suffix)


@router.get("/feeds/labs/{key}.{suffix}", responses=FEED, response_class=Response)
def lab(request: Request, site: TheSite, key: str, suffix: Suffix, lang: Language = None) -> Response:
    """Give the newest 50 items that evidence ties to a lab."""
    return _answer(request, site, sources.lab(site, key), lang, suffix)


@router.get("/feeds/stages/{number}.{suffix}", responses=FEED, response_class=Response)
def stage(request: Request, site: TheSite, number: str, suffix: Suffix, lang: Language = None) -> Response:
    """Give the newest 50 items filed under any topic of a stage."""
    return _answer(request, site, sources.stage(site, number), lang, suffix)


@router.get("/feeds/digests.{suffix}", responses=FEED, response_class=Response)
def digests(request: Request, site: TheSite, suffix: Suffix, lang: Language = None) -> Response:
    """Give the newest 12 final issues, each with all its papers."""
    return _answer(request, site, sources.digests(site), lang, suffix)


@router.get("/feeds/picks.{suffix}", responses=FEED, response_class=Response)
def picks(request: Request, site: TheSite, suffix: Suffix, lang: Language = None) -> Response:
    """Give the papers that final issues printed, those of the newest first."""
    return _answer(request, site, sources.picks(site), lang, suffix)


@router.get("/feeds/search.{suffix}", responses=FEED, response_class=Response)
def search(request: Request, site: TheSite, suffix: Suffix, query: Annotated[SearchQuery, Query()]) -> Response:
    """Give the newest 50 items that hold every word of a search, within the filters."""
    filters = Filters(**query.model_dump(exclude={"q", "lang"}))
    return _answer(request, site, sources.search(site, query.q, filters), query.lang, suffix)


@router.get(
    "/feeds.opml",
    responses={200: {"content": {opml.MEDIA_TYPE: {"schema": {"type": "string"}}}, "description": "An OPML list"}},
    response_class=Response,
)
def feed_list(
    site: TheSite,
    topic: Annotated[list[str] | None, Query(description="Keys of topics")] = None,
    lab: Annotated[list[str] | None, Query(description="Keys of labs")] = None,
    stage: Annotated[list[int] | None, Query(description="Numbers of stages")] = None,
    lang: Language = None,
) -> Response:
    """List all feeds, or those of a choice, for a feed reader to take in at once."""
    listed = opml.chosen(site, topic or (), lab or (), stage or ())
    text = opml.render(site, listed, _language(site, lang))
    return Response(text, media_type=opml.MEDIA_TYPE, headers={"Cache-Control": A_MINUTE})


def _answer(request: Request, site: Site, source: Source, lang: str | None, suffix: str) -> Response:
    """Give a feed; to one who has it 304, before anything is rendered: feeds are polled more often than they change.

    One that is kept goes out whole: it becomes 304 further out, where it is kept until anything is stored.
    """
    form = FORMATS.get(suffix)
    if form is None:
        raise _no_format(suffix)
    chosen = _language(site, lang)
    with reading(site.sessions) as session:
        state = source.lists.state(session)
        tag = f'W/"{_fingerprint(site, source, state, chosen, suffix)}"'
        modified = format_datetime(state.moment.astimezone(UTC), usegmt=True) if state.moment else None
        headers = {"Cache-Control": A_MINUTE, "ETag": tag, "Vary": "Accept"}
        headers |= {"Last-Modified": modified} if modified else {}
        text = site.feeds.find(tag)
        if text is None and unchanged(request.headers.raw, tag, modified, site.clock):
            return Response(status_code=304, headers=headers)

        def made() -> bytes:
            return bytes(form.render(sources.compose(site, session, source, chosen, suffix)))

        text = text or site.feeds.get(tag, made)
    return Response(text, media_type=_media_type(request, form.MEDIA_TYPE), headers=headers)


def _no_format(suffix: str) -> Problem:
    name = clean(suffix[:LONGEST_QUERY])
    return for_readers(
        404,
        lambda v: v.t("No feed is written as %(format)s.", format=name),
        lambda v: v.t("Choose one of %(formats)s.", formats=v.join(list(FORMATS))),
    )


def _media_type(request: Request, of_format: str) -> str:
    """Name the format; to a browser it is XML, which it shows by the stylesheet: a feed it shows as its source."""
    browser = "text/html" in request.headers.get("accept", "")
    return BROWSERS if browser and of_format.endswith("+xml") else of_format


def _fingerprint(site: Site, source: Source, state: State, lang: str, suffix: str) -> str:
    """Name everything the text of a feed depends on: its rows, and words and addresses that no row holds."""
    words = (names_of(site.roadmap), source.about(voice(lang)), site.options)
    return text_hash(repr((state.tag, source.name, source.query, lang, suffix, site.files["feed.css"].version, *words)))


def _language(site: Site, lang: str | None) -> str:
    return lang if lang is not None and lang in site.options.languages else site.options.languages[0]
