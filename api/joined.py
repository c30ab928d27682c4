"""Joins the routes of all modules, once for a process: every app answers by the same ones, over parts of its own.

FastAPI reads the signature of every route, and describes them all, when the first request comes: a tenth of a second.
"""

from functools import cache
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.routes import (
    about,
    digests,
    docs,
    doubts,
    exports,
    feedback,
    feeds,
    finding,
    health,
    mail_links,
    pages,
    paper_pages,
    papers,
    preferences,
    reports,
    roadmap,
    roads,
    search,
    static,
    status,
    subscriptions,
)
from api.strict import STRICT

TITLE, SUMMARY = "Shirube", "Research papers along a study road, each with the reasons it was chosen"
ROUTES = (
    *(exports, paper_pages, papers, search, roadmap, digests, health, docs, static, feeds),
    *(subscriptions, mail_links, preferences, feedback, doubts, reports, finding, status, about, pages, roads),
)


@cache
def joined() -> APIRouter:
    """Give the router of all routes, in the order they are tried; none takes a parameter it does not know."""
    whole = APIRouter(generate_unique_id_function=_operation_id)
    for module in ROUTES:
        whole.include_router(module.router, dependencies=[STRICT])
    return whole


def described(version: str) -> dict[str, Any]:
    """Give what FastAPI reads from the routes, as OpenAPI of an app of a version; only its first level is a copy."""
    found = _described()
    return found | {"info": found["info"] | {"version": version}}


@cache
def _described() -> dict[str, Any]:
    return get_openapi(title=TITLE, summary=SUMMARY, version="", routes=joined().routes)


def _operation_id(route: APIRoute) -> str:
    """Name an operation by its tag and its function: programs made from the document call it by that."""
    return "_".join([*(str(tag) for tag in route.tags[:1]), route.name])
