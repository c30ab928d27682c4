"""Issues over the API: the list, one month, one stage of a month, the newest final one."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Response

from api import issues
from api.conditional import OF_ROWS, modified
from api.digest_schemas import DigestJson, DigestStageJson, described
from api.errors import for_readers
from api.issues import IssueHead
from api.replies import UNTAGGED, json_reply, redirect
from api.schemas import IssueJson, IssuesJson
from api.site import Site, TheSite
from core.clock import iso
from db.engine import reading
from digest.formats.json import to_json

router = APIRouter(prefix="/api/v1/digests", tags=["digests"])
Month = Annotated[str, Path(description="Month of the issue, YYYY-MM")]
Number = Annotated[int, Path(description="Number of the stage")]
STAGE_PARTS = ("month", "status", "made", "published", "banners", "coverage")
_encoded = msgspec.json.Encoder().encode


@router.get("", responses={200: {"model": IssuesJson}}, response_class=Response, dependencies=[OF_ROWS])
def digests(site: TheSite) -> Response:
    """List all issues, newest first: draft, sample or final."""
    with reading(site.sessions) as session:
        found = issues.heads(session)
    body: IssuesJson = {"items": [_head(site, head) for head in found], "next": None}
    return json_reply(body)


@router.get(
    "/latest",
    responses={302: {"description": "To the newest final issue"}, 404: {}},
    response_class=Response,
    status_code=302,
    openapi_extra=UNTAGGED,
)
def latest(site: TheSite) -> Response:
    """Lead to the newest final issue; while there is none, 404 with a link to the draft."""
    return redirect(site.links.api(f"/digests/{newest_final(site, site.links.api('/digests')).month}"))


@router.get("/{month}", responses={200: described(DigestJson)}, response_class=Response, dependencies=[OF_ROWS])
def digest(site: TheSite, month: Month) -> Response:
    """Give one month's issue with its status, coverage, stages and entries in both languages."""
    with reading(site.sessions) as session:
        mark, changed = issues.state(session, month)
        body = site.rendered.get(("json", mark), lambda: _encoded(to_json(issues.find_digest(session, month))))
    return json_reply(msgspec.Raw(body), modified(changed))


@router.get(
    "/{month}/stages/{number}",
    responses={200: described(DigestStageJson)},
    response_class=Response,
    dependencies=[OF_ROWS],
)
def stage(site: TheSite, month: Month, number: Number) -> Response:
    """Give one stage of a month's issue: its entries and what was left out, with the issue's status and coverage."""
    with reading(site.sessions) as session:
        mark, changed = issues.state(session, month)
        key = ("json stage", number, mark)
        body = site.rendered.get(key, lambda: _encoded(_stage(to_json(issues.find_digest(session, month)), number)))
    return json_reply(msgspec.Raw(body), modified(changed))


def _stage(digest: dict[str, Any], number: int) -> dict[str, Any]:
    """Take one stage out of an issue; raises Problem 404 for one it does not have."""
    found = next((section for section in digest["stages"] if section["number"] == number), None)
    if found is None:
        raise issues.no_stage(digest["month"], number, [section["number"] for section in digest["stages"]])
    return {name: digest[name] for name in STAGE_PARTS} | {"stage": found}


def newest_final(site: Site, below: str) -> IssueHead:
    """Find the newest final issue; without one, raise Problem 404 that links the draft under the address given."""
    with reading(site.sessions) as session:
        found = issues.heads(session)
    final = issues.newest_final(found)
    if final is not None:
        return final
    links = {"draft": f"{below}/{found[0].month}"} if found else {}
    advice = (lambda v: v.t("Read the draft while its month is open.")) if found else None
    raise for_readers(404, lambda v: v.t("No issue is final yet."), advice, links)


def _head(site: Site, head: IssueHead) -> IssueJson:
    return {
        "month": head.month,
        "status": head.status,
        "made": iso(head.made),
        "published": iso(head.published) if head.published else None,
        "url": site.options.absolute(site.links.issue(head.month)),
    }
