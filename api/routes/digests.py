"""Issues over the API: the list, one month, the newest final one."""

import msgspec
from fastapi import APIRouter, Response

from api import issues
from api.errors import Problem
from api.issues import IssueHead
from api.replies import json_reply, redirect
from api.schemas import IssueJson, IssuesJson
from api.site import Site, TheSite
from core.clock import iso
from db.engine import reading
from digest.formats.json import to_json

router = APIRouter(prefix="/api/v1/digests", tags=["digests"])


@router.get("", responses={200: {"model": IssuesJson}}, response_class=Response)
def digests(site: TheSite) -> Response:
    """List all issues, newest first: draft, sample or final."""
    with reading(site.sessions) as session:
        found = issues.heads(session)
    body: IssuesJson = {"items": [_head(site, head) for head in found], "next": None}
    return json_reply(body)


@router.get("/latest", responses={302: {"description": "To the newest final issue"}}, response_class=Response)
def latest(site: TheSite) -> Response:
    """Lead to the newest final issue; while there is none, 404 with a link to the draft."""
    return redirect(site.links.api(f"/digests/{newest_final(site, site.links.api('/digests')).month}"))


@router.get("/{month}", response_class=Response)
def digest(site: TheSite, month: str) -> Response:
    """Give one month's issue (YYYY-MM) with its status, coverage, stages and entries in both languages."""
    with reading(site.sessions) as session:
        key = ("json", issues.fingerprint(session, month))
        body = site.rendered.get(key, lambda: msgspec.json.encode(to_json(issues.find_digest(session, month))))
    return json_reply(msgspec.Raw(body))


def newest_final(site: Site, below: str) -> IssueHead:
    """Find the newest final issue; without one, raise Problem 404 that links the draft under the address given."""
    with reading(site.sessions) as session:
        found = issues.heads(session)
    final = issues.newest_final(found)
    if final is not None:
        return final
    links = {"draft": f"{below}/{found[0].month}"} if found else {}
    raise Problem(404, "No issue is final yet", "Read the draft while its month is open" if found else "", links)


def _head(site: Site, head: IssueHead) -> IssueJson:
    return {
        "month": head.month,
        "status": head.status,
        "made": iso(head.made),
        "published": iso(head.published) if head.published else None,
        "url": site.options.absolute(site.links.issue(head.month)),
    }
