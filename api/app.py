"""Opens the web door: one FastAPI app over the database, the curriculum, a clock and options, all passed in."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio.to_thread
from fastapi import FastAPI

from api import errors, mcp
from api.conditional import ConditionalReads
from api.error_page import error_page
from api.files import static_files
from api.finder import Finder
from api.gate import Gate
from api.headers import SecureHeaders
from api.item_texts import ItemTexts
from api.joined import SUMMARY, TITLE, described, joined
from api.limits import Limiter, Ticks
from api.links import SiteLinks
from api.metrics import Metrics
from api.options import AppOptions
from api.post import Post
from api.site import Site
from api.templating import Templates
from api.watch import Watch
from core.clock import Clock
from db.engine import Sessions
from db.pulse import Pulse
from digest.service import Collecting
from roadmap.model import Roadmap

__all__ = ["AppOptions", "create_app"]

# SQLite lets go of the interpreter at every row and threads queue for it: with two, the slowest of a hundred lists that
# 16 clients ask at once came after 69 ms, with four after 218, and no fewer were answered.
THREADS = 2


class _App(FastAPI):
    """FastAPI, described once for a process."""

    def openapi(self) -> dict[str, Any]:
        """Give what is read from the routes; not to be changed (api.openapi completes a copy)."""
        return described(self.version)


def create_app(
    sessions: Sessions,
    curriculum: Roadmap,
    clock: Clock,
    options: AppOptions,
    post: Post | None = None,
    finder: Finder | None = None,
    ticks: Ticks = time.monotonic,
    collecting: Collecting | None = None,
) -> FastAPI:
    """Build the web app; it reads no environment and writes only what a reader asks for by POST.

    Without a `post` nobody can sign up: there would be no link to confirm. Without a `finder` words alone are searched.
    `ticks` are the seconds by which the limits of `options` are counted; `collecting` is what /status goes by.
    """
    app = _bare(options.version)
    pulse = Pulse(sessions.kw["bind"])
    app.state.pulse = pulse
    site = _site(sessions, curriculum, clock, options, post, finder, Limiter(dict(options.limits), ticks))
    site = replace(site, collecting=collecting or Collecting())
    app.state.site = site
    app.state.metrics = Metrics(sessions, options.version, site.collecting.model, clock)
    app.state.mcp = mcp.make_server(site)
    app.router.routes.extend([*joined().routes, *mcp.routes(app.state.mcp)])
    app.add_middleware(ConditionalReads, pulse=pulse, clock=clock)
    app.add_middleware(Gate, site=site, page=error_page)
    app.add_middleware(SecureHeaders)
    app.add_middleware(Watch, metrics=app.state.metrics)  # the last added is the outermost
    errors.install(app, error_page)
    return app


def _bare(version: str) -> FastAPI:
    """Make an app that answers nothing yet."""
    return _App(
        title=TITLE,
        summary=SUMMARY,
        version=version,
        openapi_url=None,  # served by routes/docs.py, with the headers of every other read
        docs_url=None,
        redoc_url=None,
        lifespan=_running,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # asking for it anew costs each request 6 us
        root_path_in_servers=False,
    )


def _site(
    sessions: Sessions,
    curriculum: Roadmap,
    clock: Clock,
    options: AppOptions,
    post: Post | None,
    finder: Finder | None,
    limiter: Limiter,
) -> Site:
    links = SiteLinks(options.root)
    files = static_files()
    templates = Templates(options, links, curriculum, files)
    found = finder or Finder(curriculum)
    texts = ItemTexts(curriculum)
    return Site(sessions, curriculum, clock, options, links, templates, files, found, texts, post, limiter=limiter)


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    async with app.state.mcp.session_manager.run():
        yield
    app.state.pulse.close()
