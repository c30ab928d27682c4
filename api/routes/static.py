"""The stylesheet and the mark, for a year under the address that names their content."""

from fastapi import APIRouter, Response

from api.conditional import OF_ROWS
from api.errors import Problem
from api.replies import A_MINUTE, A_YEAR
from api.site import TheSite

router = APIRouter(include_in_schema=False)


@router.get("/static/{name}", response_class=Response, dependencies=[OF_ROWS])
def static(site: TheSite, name: str, v: str = "") -> Response:
    """Serve one file; without its version in the query it is kept for a minute only."""
    if name not in site.files:
        raise Problem(404, f"There is no file {name!r}")
    file = site.files[name]
    headers = {"Cache-Control": A_YEAR if v == file.version else A_MINUTE, "ETag": f'"{file.version}"'}
    return Response(file.content, media_type=file.media_type, headers=headers)
