"""What the links in mails open: confirm, and leave the mailing. GET shows a button, POST acts.

Mail scanners follow links, so GET changes nothing. POST needs no cookie, no login, no form field and no second step,
sends nobody elsewhere (RFC 8058), and to leave may be repeated.
"""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from api import language
from api.errors import Problem, for_readers
from api.forms import own_site
from api.headers import PRIVATE
from api.pages import chrome
from api.site import Site, TheSite
from db.engine import reading
from db.models import Subscriber
from digest import service
from digest.subscriptions import Purpose, mask, read_token, token

router = APIRouter(include_in_schema=False)


@router.get("/s/{text}/confirm", response_class=Response)
def ask_to_confirm(request: Request, site: TheSite, text: str) -> Response:
    """Show one button, and whose address it is about."""
    with reading(site.sessions) as session:
        row = service.waiting(session, site.options.secret_keys, text, site.clock())
        if row is None:
            raise _not_open()
        return private(request, site, "confirm.html", address=mask(row.email), done=False)


@router.post("/s/{text}/confirm", response_class=Response, dependencies=[Depends(own_site)])
def confirm(request: Request, site: TheSite, text: str) -> Response:
    """Subscribe the person; the link works once."""
    keys = site.options.secret_keys
    with site.sessions.begin() as session:
        person = service.confirm(session, keys, text, site.clock)
        if person is None:
            raise _not_open()
    return private(
        request,
        site,
        "confirm.html",
        address=mask(person.email),
        done=True,
        preferences=signed(site, person, "preferences"),
    )


@router.get("/s/{text}/unsubscribe", response_class=Response)
def ask_to_leave(request: Request, site: TheSite, text: str) -> Response:
    """Show the button."""
    return _leaving(request, site, text, done=False)


@router.post("/s/{text}/unsubscribe", response_class=Response)
def leave(request: Request, site: TheSite, text: str) -> Response:
    """Stop the mail to the person the link was made for; the second time is as good as the first."""
    with site.sessions.begin() as session:
        service.unsubscribe(session, site.options.secret_keys, text, site.clock)
    return _leaving(request, site, text, done=True)


@router.post("/s/{text}/undo", response_class=Response, dependencies=[Depends(own_site)])
def come_back(request: Request, site: TheSite, text: str) -> Response:
    """Take back that the person left."""
    with site.sessions.begin() as session:
        person = service.speaks_of(session, site.options.secret_keys, "undo", text)
        if person is None or not service.undo(session, site.options.secret_keys, text, site.clock):
            raise for_readers(
                404,
                lambda v: v.t("This can no longer be taken back."),
                lambda v: v.t("Sign up again: it takes a minute."),
            )
    return private(request, site, "back.html", address=mask(person.email))


def _leaving(request: Request, site: Site, text: str, *, done: bool) -> Response:
    """Show the page before or after; of someone who was erased since there is nothing to show and nothing to undo.

    It hands out no link to the preferences: mail servers on the way read this one in a header.
    """
    keys = site.options.secret_keys
    if read_token(keys, "unsubscribe", text) is None:
        raise no_token()
    with reading(site.sessions) as session:
        person = service.speaks_of(session, keys, "unsubscribe", text)
    undo = signed(site, person, "undo") if person and person.state == "left" else None
    address = mask(person.email) if person else None
    return private(request, site, "unsubscribe.html", address=address, done=done, undo=undo)


def signed(site: Site, person: Subscriber, purpose: Purpose) -> str:
    """Sign the address of what a person may do."""
    return site.links.signed(token(site.options.secret_keys, purpose, person.id, person.created), purpose)


def known(site: Site, purpose: Purpose, text: str) -> Subscriber:
    """Find whom a link speaks of; raises Problem where it is none, or they are gone."""
    with reading(site.sessions) as session:
        person = service.speaks_of(session, site.options.secret_keys, purpose, text)
    if person is None:
        raise no_token()
    return person


def private(
    request: Request, site: Site, template: str, *, status: int = 200, query: str = "", **values: Any
) -> Response:
    """Answer with a page that is one person's alone; `query` is what the links to other languages keep."""
    lang = language.choose(request, site.options.languages)
    frame = chrome(site, query=query)
    html = site.templates.render(template, lang, chrome=frame, **values)
    return Response(html, status, media_type="text/html", headers=PRIVATE)


def no_token() -> Problem:
    """Say that a link is none; the same for a forged one and for somebody who was erased."""
    return for_readers(
        404,
        lambda v: v.t("This link was not made here, or not for this."),
        lambda v: v.t("Use the link of the newest mail, whole."),
    )


def _not_open() -> Problem:
    return for_readers(
        404,
        lambda v: v.t("This link was used, is older than 48 hours, or is not whole."),
        lambda v: v.t("If you pressed the button before, you are subscribed; otherwise sign up again."),
    )
