"""The stylesheet and the mark, for a year under the address that names their content."""

from fastapi import APIRouter, Response

from api.conditional import OF_ROWS
from api.errors import Problem
from api.files import StaticFile
from api.replies import A_DAY, A_MINUTE, A_YEAR
from api.site import TheSite

router = APIRouter(include_in_schema=False)


@router.get("/static/{name}", response_class=Response, dependencies=[OF_ROWS])
def static(site: TheSite, name: str, v: str = "") -> Response:
    """Serve one file; without its version in the query it is kept for a minute only."""
    if name not in site.files:
        raise Problem(404, f"There is no file {name!r}")
    return _reply(site.files[name], A_YEAR if v == site.files[name].version else A_MINUTE)


@router.get("/favicon.ico", response_class=Response, dependencies=[OF_ROWS])
def favicon(site: TheSite) -> Response:
    """Serve the mark where browsers ask for it unbidden: a feed names no icon that they know of."""
    return _reply(site.files["mark.svg"], A_DAY)


def _reply(file: StaticFile, keep: str) -> Response:
    headers = {"Cache-Control": keep, "ETag": f'"{file.version}"'}
    return Response(file.content, media_type=file.media_type, headers=headers)
