"""Signing up: the page with its form, and the same by the API. The answer never tells who is subscribed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from typing_extensions import TypedDict

from api import keys, language
from api.errors import Problem, for_readers
from api.forms import Form, body_schema, read_json
from api.pages import chrome
from api.peer import place_of
from api.replies import json_reply, page_reply
from api.site import Site, TheSite
from core.months import first_day, shift
from digest.service import Caps, request_signup
from digest.subscriptions import Subscription
from digest.wishes import BUDGETS, Answers, read_answers
from digest.words import voice

router = APIRouter()
TOLD = (
    "If mail can be sent to this address, a link to confirm is on its way. It works for 48 hours; one address gets one "
    "such mail a day."
)
OWN = {"Cache-Control": "private, no-store", "Vary": "Accept-Language, Cookie"}
DEFAULT_MINUTES = "90"


class SignUp(msgspec.Struct, forbid_unknown_fields=True):
    """What the API takes: an address and, where wanted, a choice; nothing chosen means everything."""

    email: str
    lang: str = "en"
    stages: list[int] = []
    topics: list[str] = []
    labs: list[str] = []
    minutes: int | None = None


class AcceptedJson(TypedDict):
    """The same for every address: it does not tell who is subscribed."""

    status: str
    detail: str


@router.get("/subscribe", response_class=Response, include_in_schema=False)
def page(request: Request, site: TheSite) -> Response:
    """Show the form."""
    lang = language.choose(request, site.options.languages)
    given = {"lang": (lang,), "minutes": (DEFAULT_MINUTES,)}
    blank = Answers({name: tuple(values) for name, values in given.items()}, (), None, Subscription(""))
    return page_reply(request, site, _html(site, lang, blank))


@router.post("/subscribe", response_class=Response, include_in_schema=False)
def sign_up(request: Request, site: TheSite, form: Form) -> Response:
    """Take the form; what is wrong is shown beside the answers, which are kept."""
    lang = language.choose(request, site.options.languages)
    answers = read_answers(form, site.roadmap)
    if answers.faults and _open(site):
        return Response(_html(site, lang, answers), 422, media_type="text/html", headers=OWN)
    _request(request, site, answers.wanted)
    told = site.templates.render("subscribed.html", lang, chrome=chrome(site, menu="subscribe"))
    return Response(told, media_type="text/html", headers=OWN)


async def _sent(request: Request) -> SignUp:
    return await read_json(request, SignUp)


@router.post(
    "/api/v1/subscriptions",
    response_class=Response,
    status_code=202,
    responses={202: {"model": AcceptedJson}},
    tags=["subscriptions"],
    openapi_extra=body_schema(SignUp) | keys.OPTIONAL,
)
def subscribe(request: Request, site: TheSite, sent: Annotated[SignUp, Depends(_sent)]) -> Response:
    """Sign an address up: a link to confirm is mailed, and nothing else until it is followed.

    The body is JSON: `email`, and where wanted `lang`, `stages`, `topics`, `labs`, `minutes` (30, 90, 240). The answer
    is the same for every address. With a key of the scope `subscriptions:write` the caps count by key instead of by
    network.
    """
    holder = keys.holder(request, site, "subscriptions:write")
    answers = read_answers(_as_given(sent), site.roadmap)
    if answers.faults and _open(site):
        problem = Problem(422, "Some fields cannot be meant as written")
        problem.errors = [{"parameter": fault.field, "detail": fault.words} for fault in answers.faults]
        raise problem
    _request(request, site, answers.wanted, holder)
    accepted: AcceptedJson = {"status": "accepted", "detail": TOLD}
    return json_reply(accepted, {"Cache-Control": "no-store"}, status=202)


def _as_given(sent: SignUp) -> Mapping[str, Sequence[str]]:
    """Write a JSON body as the form would have been filled in, so that one set of rules checks both."""
    lists = {"stages": [str(number) for number in sent.stages], "topics": sent.topics, "labs": sent.labs}
    minutes = [] if sent.minutes is None else [str(sent.minutes)]
    return {"email": [sent.email], "lang": [sent.lang], "minutes": minutes, **lists}


def _open(site: Site) -> bool:
    return site.post is not None and site.post.sends and bool(site.options.secret_keys)


def _request(request: Request, site: Site, wanted: Subscription, holder: keys.Holder | None = None) -> None:
    """Write the sign-up down and have its letter sent by somebody else; raises Problem where too many came."""
    if site.post is None or not _open(site):
        raise for_readers(
            503,
            lambda v: v.t("Mail is not set up here, so nobody can sign up."),
            lambda v: v.t("Read the feeds; or ask whoever runs this service."),
        )
    place, caps = _counted(request, site, holder)
    with site.sessions.begin() as session:
        wait = request_signup(session, site.options.secret_keys, wanted, place, site.clock(), caps)
    if wait is not None:
        problem = _too_many(holder)
        problem.headers = {"Retry-After": str(max(1, int(wait.total_seconds())))}
        raise problem
    site.post.wake()


def _too_many(holder: keys.Holder | None) -> Problem:
    if holder is not None:
        return Problem(429, "Too many sign-ups came by this key, or from all together", "Try again later")
    return for_readers(
        429,
        lambda v: v.t("Too many sign-ups came from your network, or from all together."),
        lambda v: v.t("Try again later."),
    )


def _counted(request: Request, site: Site, holder: keys.Holder | None) -> tuple[str, Caps]:
    """Tell by what a sign-up is counted, and how many are taken: by its network, or by the key it brings."""
    options = site.options
    if holder is None:
        return place_of(request, options.trusted_proxies), options.caps
    return f"key {holder.prefix}", replace(options.caps, per_place=options.caps.per_key)


def _html(site: Site, lang: str, answers: Answers) -> str:
    v = voice(lang)
    return site.templates.render(
        "subscribe.html",
        lang,
        chrome=chrome(site, menu="subscribe"),
        answers=answers,
        budgets=BUDGETS,
        open=_open(site),
        next_issue=v.date(next_issue(site.clock(), site.options.closing_day)).markup(),
    )


def next_issue(now: datetime, closing_day: int) -> date:
    """Tell the day the next issue closes, if nothing holds it up."""
    this = now.date().replace(day=closing_day)
    return this if now.date() <= this else first_day(shift(f"{now:%Y-%m}", 1)) + timedelta(days=closing_day - 1)
