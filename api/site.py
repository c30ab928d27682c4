"""What every route needs, in one value: the database, the curriculum, the time, the options, the reader's place."""

from dataclasses import dataclass, field, replace
from typing import Annotated, cast

from fastapi import Depends, Request

from api import language
from api.files import StaticFile
from api.finder import Finder
from api.item_texts import ItemTexts
from api.limits import Limiter
from api.links import SiteLinks
from api.options import AppOptions
from api.place import place_in
from api.post import Post
from api.rendered import Rendered
from api.templating import Templates
from core.clock import Clock
from db.engine import Sessions
from digest.service import Collecting
from roadmap.model import Roadmap


@dataclass(frozen=True, slots=True)
class Site:
    """Everything a request may use; made once by create_app, and given each request with the place of its reader."""

    sessions: Sessions
    roadmap: Roadmap
    clock: Clock
    options: AppOptions
    links: SiteLinks
    templates: Templates
    files: dict[str, StaticFile]
    finder: Finder
    texts: ItemTexts
    post: Post | None = None  # without one nobody can sign up
    rendered: Rendered = field(default_factory=Rendered)
    feeds: Rendered = field(default_factory=lambda: Rendered(64))  # apart, so that they push no issue out
    limiter: Limiter = field(default_factory=Limiter)
    collecting: Collecting = field(default_factory=Collecting)  # what the state of the store is told by
    here: int | None = None  # the stage of the reader who asks: an answer made with it is theirs alone
    asked: str | None = None  # the language that the address asked for names


def site_of(request: Request) -> Site:
    """Give the site a request came to, as its reader sees it at this address."""
    site = cast(Site, request.app.state.site)
    here, asked = place_in(request.cookies, site.roadmap), language.asked(request, site.options.languages)
    return site if here is None and asked is None else replace(site, here=here, asked=asked)


def state_of(request: Request) -> str | None:
    """Name the state of the database as it was before the request was begun (db.pulse); None where it is not known."""
    state: str | None = getattr(request.state, "stored", None)
    return state


async def _site(request: Request) -> Site:
    # async, though it waits for nothing: a plain function would cost a thread of its own before the route's.
    return site_of(request)


TheSite = Annotated[Site, Depends(_site)]
