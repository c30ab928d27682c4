"""What readers say is filed wrongly, for the operator's programs: it needs a key."""

from fastapi import APIRouter, Depends, Request, Response

from api import keys
from api.replies import UNTAGGED, json_reply
from api.schemas import ReportJson, ReportsJson
from api.site import TheSite
from core.clock import iso
from db.engine import reading
from db.feedback import Doubt
from digest import service

router = APIRouter(tags=["feedback"])


@router.get(
    "/api/v1/feedback",
    response_class=Response,
    responses={200: {"model": ReportsJson}},
    dependencies=[Depends(keys.BEARER)],
    openapi_extra=UNTAGGED,
)
def reports(request: Request, site: TheSite) -> Response:
    """List the topics and labs that readers say are wrong, most often said first; it tells nobody who.

    It needs a key of the scope `feedback:read`.
    """
    keys.needed(request, site, "feedback:read")
    with reading(site.sessions) as session:
        found = service.doubts(session)
    body: ReportsJson = {"items": [_report(one) for one in found], "next": None}
    return json_reply(body, {"Cache-Control": "private, no-store", "Vary": "Authorization"})


def _report(doubt: Doubt) -> ReportJson:
    name = doubt.verb.removeprefix("wrong-")
    return {
        "verb": doubt.verb,
        "topic": doubt.detail if name == "topic" else None,
        "lab": doubt.detail if name == "lab" else None,
        "item": doubt.item_id,
        "title": doubt.title,
        "readers": doubt.readers,
        "visitors": doubt.visitors,
        "newest": iso(doubt.newest),
    }
