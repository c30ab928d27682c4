"""The pages: front, issues, items."""

from fastapi import APIRouter, Request, Response

from api import issues, language
from api.issue_page import issue_page
from api.items import find_item
from api.pages import Chrome, chrome
from api.paper_page import paper_page
from api.replies import page_reply, redirect
from api.routes.digests import newest_final
from api.site import Site, TheSite
from core.ids import anchor
from db.engine import reading
from db.models import IssueItem, Item
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


@router.get("/digests", response_class=Response)
def archive(request: Request, site: TheSite) -> Response:
    """List all issues, newest first."""
    lang = language.choose(request, site.options.languages)
    with reading(site.sessions) as session:
        rows = issues.listed(session)
    html = site.templates.render("archive.html", lang, chrome=chrome(site, menu="digest"), rows=rows, v=voice(lang))
    return page_reply(request, site, html)


@router.get("/digests/{month}", response_class=Response)
def issue(request: Request, site: TheSite, month: str, minutes: int | None = None, whole: bool = False) -> Response:
    """Show one month's issue, shrunk to a reading time or with every stage in full where that is asked."""
    lang = language.choose(request, site.options.languages)
    with reading(site.sessions) as session:
        return page_reply(request, site, issue_page(site, session, month, lang, minutes, whole=whole))


@router.get("/papers/{item_id:path}", response_class=Response)
def paper(request: Request, site: TheSite, item_id: str) -> Response:
    """Show one item; another form of an arXiv id leads to it."""
    with reading(site.sessions) as session:
        item = find_item(session, item_id)
        printed = session.get(IssueItem, item.id)
    if item.id != item_id:
        return redirect(site.links.paper(item.id), 308)
    month = printed.month if printed is not None and printed.printed else None
    return page_reply(request, site, _paper_html(site, item, language.choose(request, site.options.languages), month))


def _paper_html(site: Site, item: Item, lang: str, month: str | None) -> str:
    page = paper_page(item, site.roadmap, lang)
    frame = chrome(site, stage=page.stage)
    return site.templates.render("paper.html", lang, chrome=frame, page=page, printed_in=month, anchor=anchor(item.id))


def _empty(site: Site, lang: str) -> str:
    return site.templates.render("empty.html", lang, chrome=Chrome(site.links, place=site.here))
