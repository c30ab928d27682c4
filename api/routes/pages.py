"""The pages: front, issues and the list of feeds."""

from fastapi import APIRouter, Request, Response

from api import issues, language
from api.conditional import OF_ROWS
from api.issue_page import Part, issue_page
from api.pages import Chrome, chrome
from api.replies import page_reply, redirect
from api.routes.digests import newest_final
from api.site import Site, TheSite
from db.engine import reading
from digest.words import voice

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=Response)
def front(request: Request, site: TheSite) -> Response:
    """Show the newest final issue, else the newest draft or sample, else what to do to get one."""
    lang = language.choose(request, site.options.languages)
    with reading(site.sessions) as session:
        head = issues.to_show(issues.heads(session))
        html = issue_page(site, session, head.month, lang) if head else _empty(site, lang)
    return page_reply(request, site, html)


@router.get("/digests/latest", response_class=Response)
def latest(request: Request, site: TheSite) -> Response:
    """Lead to the newest final issue, in the language the address names; none yet: 404 that links the draft."""
    lang = language.asked(request, site.options.languages)
    target = site.links.issue(newest_final(site, f"{site.links.root}/digests").month)
    return redirect(target + (f"?lang={lang}" if lang else ""))


@router.get("/digests", response_class=Response, dependencies=[OF_ROWS])
def archive(request: Request, site: TheSite) -> Response:
    """List all issues, newest first."""
    lang = language.choose(request, site.options.languages)
    with reading(site.sessions) as session:
        rows = issues.listed(session)
    html = site.templates.render("archive.html", lang, chrome=chrome(site, menu="digest"), rows=rows, v=voice(lang))
    return page_reply(request, site, html)


@router.get("/digests/{month}", response_class=Response, dependencies=[OF_ROWS])
def issue(request: Request, site: TheSite, month: str, minutes: int | None = None, whole: bool = False) -> Response:
    """Show one month's issue, shrunk to a reading time or with every stage in full where that is asked."""
    lang = language.choose(request, site.options.languages)
    with reading(site.sessions) as session:
        return page_reply(request, site, issue_page(site, session, month, lang, Part(minutes, whole)))


@router.get("/digests/{month}/stages/{number}", response_class=Response, dependencies=[OF_ROWS])
def stage_of_issue(request: Request, site: TheSite, month: str, number: int) -> Response:
    """Show one stage of a month's issue."""
    lang = language.choose(request, site.options.languages)
    with reading(site.sessions) as session:
        return page_reply(request, site, issue_page(site, session, month, lang, Part(stage=number)))


@router.get("/feeds", response_class=Response, dependencies=[OF_ROWS])
def feeds(request: Request, site: TheSite) -> Response:
    """List all feeds but those of searches."""
    lang = language.choose(request, site.options.languages)
    return page_reply(request, site, site.templates.render("feed_list.html", lang, chrome=chrome(site)))


def _empty(site: Site, lang: str) -> str:
    return site.templates.render("empty.html", lang, chrome=Chrome(site.links, place=site.here, asked=site.asked))
