"""For supervisors and Prometheus: whether the process answers, whether it can serve, and how it does in numbers."""

import hmac
import logging
from ipaddress import ip_address
from typing import cast

from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import TypedDict

from api.errors import Problem, json_answer
from api.gate import is_number
from api.metrics import Metrics
from api.replies import UNTAGGED, json_reply
from api.site import Site, TheSite
from db.migrate import at_head

router = APIRouter(tags=["operation"])
log = logging.getLogger("shirube.api")
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")


class HealthJson(TypedDict):
    """The process answers."""

    status: str
    version: str


class ReadyJson(TypedDict):
    """The database answers and is at the newest revision; `search` tells how (`words` alone until vectors are ready).

    `vectors` counts the items that can be found by meaning.
    """

    status: str
    version: str
    search: str
    vectors: int


@router.get("/healthz", responses={200: {"model": HealthJson}}, response_class=Response, openapi_extra=UNTAGGED)
def healthz(site: TheSite) -> Response:
    """Answer while the process lives; it looks at nothing else, so that a slow database restarts no server."""
    return json_reply({"status": "ok", "version": site.options.version}, {"Cache-Control": "no-store"})


@router.get("/readyz", responses={200: {"model": ReadyJson}, 503: {}}, response_class=Response, openapi_extra=UNTAGGED)
def readyz(request: Request, site: TheSite) -> Response:
    """Tell whether requests can be served now: the database answers, and its migrations are done; 503 otherwise."""
    if problem := _unready(site):
        log.warning("not_ready", extra={"reason": problem.detail})
        return json_answer(request, problem)
    vectors = site.finder.vectors
    search = "meaning" if vectors else "words"
    told = {"status": "ready", "version": site.options.version, "search": search, "vectors": vectors}
    return json_reply(told, {"Cache-Control": "no-store"})


@router.get("/metrics", response_class=Response, include_in_schema=False)
def metrics(request: Request, site: TheSite) -> Response:
    """Give the numbers for Prometheus, to whoever shows the token, or to this machine while no proxy may stand here."""
    if problem := _refusal(request, site):
        raise problem
    known = cast(Metrics, request.app.state.metrics)
    text, media_type = known.text(request.headers.get("accept", ""))
    return Response(text, media_type=media_type, headers={"Cache-Control": "no-store"})


def _unready(site: Site) -> Problem | None:
    try:
        if at_head(site.sessions.kw["bind"]):
            return None
        return Problem(503, "The database is not at the newest revision", "Run shirube db upgrade, then restart")
    except SQLAlchemyError:
        return Problem(503, "The database does not answer", "See that it runs; shirube doctor says more")


def _refusal(request: Request, site: Site) -> Problem | None:
    """Tell why somebody may not read the numbers; None for whoever may."""
    token = site.options.metrics_token
    if token is None:
        return None if _is_at_home(request, site) else _closed()
    kind, _, shown = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode()):
        return None
    problem = Problem(401, "The numbers are for whoever has the token", "Send it as Authorization: Bearer")
    problem.headers["WWW-Authenticate"] = "Bearer"
    return problem


def _closed() -> Problem:
    advice = "Set SHIRUBE_METRICS_TOKEN and send it as Authorization: Bearer"
    return Problem(403, "Without a token only this machine may ask, while the site has no public address", advice)


def _is_at_home(request: Request, site: Site) -> bool:
    """Tell whether a request comes from this machine and through no proxy, on a site that has no public name.

    Behind a proxy on the same machine everyone comes from here, and not every proxy says that it is one.
    """
    client = request.client.host if request.client else ""
    here = is_number(client) and ip_address(client).is_loopback
    return here and not site.options.is_public and not any(name in request.headers for name in _FORWARDED)
