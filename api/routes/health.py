"""Tells a supervisor that the process answers."""

from fastapi import APIRouter, Response
from typing_extensions import TypedDict

from api.replies import json_reply
from api.site import TheSite

router = APIRouter(tags=["operation"])


class HealthJson(TypedDict):
    """The process answers."""

    status: str
    version: str


@router.get("/healthz", responses={200: {"model": HealthJson}}, response_class=Response)
def healthz(site: TheSite) -> Response:
    """Answer while the process lives; it looks at nothing else, so that a slow database restarts no server."""
    return json_reply({"status": "ok", "version": site.options.version}, {"Cache-Control": "no-store"})
