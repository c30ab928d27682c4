"""Leaving the mailing from the link in a mail: GET shows a button, POST acts (RFC 8058).

Mail scanners follow links, so GET changes nothing. POST needs no cookie, no login, no form field and no second step,
sends nobody elsewhere, and says the same when it is repeated.
"""

from fastapi import APIRouter, Request, Response

from api import language
from api.errors import Problem
from api.pages import chrome
from api.site import Site, TheSite
from digest.service import unsubscribe
from digest.subscriptions import read_token

router = APIRouter(include_in_schema=False)
# The address is the key: caches must not hold it, and no other site may learn it from a Referer header.
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Vary": "Accept-Language, Cookie"}


@router.get("/s/{token}/unsubscribe", response_class=Response)
def ask(request: Request, site: TheSite, token: str) -> Response:
    """Show the button."""
    if read_token(site.options.secret_keys, "unsubscribe", token) is None:
        raise _no_token()
    return _page(request, site, done=False)


@router.post("/s/{token}/unsubscribe", response_class=Response)
def leave(request: Request, site: TheSite, token: str) -> Response:
    """Stop the mail to the person the link was made for; the second time is as good as the first."""
    with site.sessions.begin() as session:
        if not unsubscribe(session, site.options.secret_keys, token):
            raise _no_token()
    return _page(request, site, done=True)


def _page(request: Request, site: Site, *, done: bool) -> Response:
    lang = language.choose(request, site.options.languages)
    html = site.templates.render("unsubscribe.html", lang, chrome=chrome(site), done=done)
    return Response(html, media_type="text/html", headers=PRIVATE)


def _no_token() -> Problem:
    return Problem(404, "This link was not made here, or not for this", "Use the link of the newest mail, whole")
