"""Tells a supervisor that the process answers."""

from fastapi import APIRouter, Response

from api.replies import json_reply
from api.site import TheSite

router = APIRouter(tags=["operation"])


@router.get("/healthz", response_class=Response)
def healthz(site: TheSite) -> Response:
    """Answer while the process lives; it looks at nothing else, so that a slow database restarts no server."""
    return json_reply({"status": "ok", "version": site.options.version}, {"Cache-Control": "no-store"})
