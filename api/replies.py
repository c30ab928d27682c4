"""Good answers: JSON, pages and redirects with the headers that say how long they keep."""

from typing import Any

import msgspec
from fastapi import Request, Response

from api import language
from api.site import Site

A_MINUTE = "public, max-age=60"
PRIVATE_MINUTE = "private, max-age=60"
A_DAY = "public, max-age=86400"
A_YEAR = "public, max-age=31536000, immutable"
ONE_YEAR_SECONDS = 31_536_000
# For the OpenAPI document. Of a route that leads from one form of an id to another, as `responses`; and of one whose
# answer has no tag and is never 304, since it comes in parts or is not for keeping, as `openapi_extra`.
TO_ITS_ID: dict[int | str, dict[str, Any]] = {308: {"description": "To the id as it is stored"}}
UNTAGGED = {"x-untagged": True}
_encode = msgspec.json.Encoder().encode


def json_reply(body: Any, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """Answer with JSON that caches may keep for a minute."""
    return Response(
        _encode(body), status, media_type="application/json", headers={"Cache-Control": A_MINUTE, **(headers or {})}
    )


def page_reply(request: Request, site: Site, html: str | bytes, *, keep: str = A_MINUTE) -> Response:
    """Answer with a page in the language chosen; a language named in the address is remembered in a cookie.

    Shared caches keep no page of a reader who chose a place on the road: it is marked in the header of every page.
    """
    own = site.here is not None and "no-store" not in keep
    headers = {"Cache-Control": PRIVATE_MINUTE if own else keep, "Vary": "Accept-Language, Cookie"}
    response = Response(html, media_type="text/html", headers=headers)
    lang = language.asked(request, site.options.languages)
    if lang is not None:
        remember(response, site, lang)
    return response


def remember(response: Response, site: Site, lang: str) -> None:
    """Keep the reader's language for a year; such an answer is theirs alone."""
    if "no-store" not in response.headers["Cache-Control"]:
        response.headers["Cache-Control"] = PRIVATE_MINUTE
    response.set_cookie(
        language.COOKIE,
        lang,
        max_age=ONE_YEAR_SECONDS,
        path=f"{site.links.root}/",
        secure=site.options.secure,
        httponly=True,
        samesite="lax",
    )


def redirect(target: str, status: int = 302) -> Response:
    """Send the reader to another address of the site."""
    return Response(status_code=status, headers={"Location": target, "Cache-Control": A_MINUTE})
