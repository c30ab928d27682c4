"""What a reader says of an item by the signed link of a mail: GET shows what it would do, POST does it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from api import keys, language
from api.errors import Problem
from api.forms import body_schema, own_site, read_json
from api.items import find_item
from api.routes.mail_links import no_token, private
from api.site import Site, TheSite
from db.engine import reading
from db.models import Item, Subscriber
from db.papers import SHOWN
from digest import maths, service
from digest.service import VERBS, Said
from digest.subscriptions import mask

router = APIRouter()


class FeedbackJson(msgspec.Struct, forbid_unknown_fields=True):
    """What the API takes: whose word it is, an item, a verb; `undo` takes it back.

    `token` is that of a mail's feedback link; a program with a key names a subscriber by `email` instead.
    """

    item: str
    verb: str
    token: str | None = None
    email: str | None = None
    topic: str | None = None
    lab: str | None = None
    undo: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What the query of a feedback link says."""

    item: str = ""
    verb: str = ""
    topic: str | None = None
    lab: str | None = None


TheAsked = Annotated[Asked, Depends()]
Whose = Callable[[Session], Subscriber]


@router.get("/s/{text}/feedback", response_class=Response, include_in_schema=False)
def ask(request: Request, site: TheSite, text: str, asked: TheAsked) -> Response:
    """Show what would be written down, and one button."""
    with reading(site.sessions) as session:
        person = _person(site, session, text)
        said, item = _read(site, session, asked)
    return _page(request, site, text, person, said, item, state="asked")


@router.post("/s/{text}/feedback", response_class=Response, include_in_schema=False, dependencies=[Depends(own_site)])
def act(request: Request, site: TheSite, text: str, asked: TheAsked) -> Response:
    """Write it down; the second time is as good as the first."""
    return _act(request, site, text, asked, undo=False)


@router.post(
    "/s/{text}/feedback/undo", response_class=Response, include_in_schema=False, dependencies=[Depends(own_site)]
)
def take_back(request: Request, site: TheSite, text: str, asked: TheAsked) -> Response:
    """Take it back."""
    return _act(request, site, text, asked, undo=True)


async def _sent(request: Request) -> FeedbackJson:
    return await read_json(request, FeedbackJson)


@router.post(
    "/api/v1/feedback",
    response_class=Response,
    status_code=204,
    tags=["feedback"],
    openapi_extra=body_schema(FeedbackJson) | keys.OPTIONAL,
)
def feedback(request: Request, site: TheSite, sent: Annotated[FeedbackJson, Depends(_sent)]) -> Response:
    """Say something of an item: `more`, `less`, `seen`, `hide`, `wrong-topic` with `topic`, `wrong-lab` with `lab`.

    The body is JSON: `token` (of the feedback link in a mail), `item`, `verb`, and `undo` to take it back. It is kept
    for this one reader and shown to nobody else. With a key of the scope `feedback:write`, `email` names a subscriber
    in place of `token`.
    """
    if (sent.token is None) == (sent.email is None):
        raise Problem(422, "Whose word it is must be said once", "Give token; with a key, email instead")
    find = keys.needed if sent.email is not None else keys.holder
    find(request, site, "feedback:write")
    _write(site, _whose(site, sent), Asked(sent.item, sent.verb, sent.topic, sent.lab), undo=sent.undo)
    return Response(status_code=204)


def _whose(site: Site, sent: FeedbackJson) -> Whose:
    if sent.token is not None:
        return partial(_person, site, text=sent.token)
    return partial(_subscriber, email=sent.email or "")


def _act(request: Request, site: Site, text: str, asked: Asked, *, undo: bool) -> Response:
    person, said, item = _write(site, partial(_person, site, text=text), asked, undo=undo)
    return _page(request, site, text, person, said, item, state="undone" if undo else "done")


def _write(site: Site, whose: Whose, asked: Asked, *, undo: bool) -> tuple[Subscriber, Said, Item]:
    with site.sessions.begin() as session:
        person = whose(session)
        said, item = _read(site, session, asked)
        if undo:
            service.unsay(session, person, said)
        else:
            service.say(session, person, said, site.clock)
    return person, said, item


def _person(site: Site, session: Session, text: str) -> Subscriber:
    person = service.speaks_of(session, site.options.secret_keys, "feedback", text)
    if person is None:
        raise no_token()
    return person


def _subscriber(session: Session, email: str) -> Subscriber:
    person = service.find_person(session, email)
    if person is None:
        raise Problem(404, "Nobody here has this address", "Only who has subscribed can be spoken for")
    return person


def _read(site: Site, session: Session, asked: Asked) -> tuple[Said, Item]:
    item = find_item(session, asked.item)
    return service.read_said(site.roadmap, item.id, asked.verb, asked.topic, asked.lab), item


def _page(
    request: Request, site: Site, text: str, person: Subscriber, said: Said, item: Item, *, state: str
) -> Response:
    query, lang = query_of(said), language.choose(request, site.options.languages)
    here = site.links.signed(text, "feedback")
    return private(
        request,
        site,
        "feedback.html",
        query=query,
        state=state,
        said=said,
        address=mask(person.email),
        about=_detail_name(site, said, lang),
        item=item.id,
        title=maths.to_html(item.title),
        act=f"{here}?{query}&lang={lang}",
        undo=f"{here}/undo?{query}&lang={lang}",
        others=[(o, _detail_name(site, o, lang), f"{here}?{query_of(o)}&lang={lang}") for o in _others(said, item)],
    )


def query_of(said: Said) -> str:
    """Write the query of the link that says something."""
    pairs = {"item": said.item_id, "verb": said.verb}
    name = said.verb.removeprefix("wrong-")
    return urlencode(pairs | ({name: said.detail} if said.detail else {}))


def _others(said: Said, item: Item) -> list[Said]:
    """List what else may be said of an item: of its topics and labs only those it is shown under."""
    found = [Said(item.id, verb) for verb in VERBS if not verb.startswith("wrong-")]
    found += [Said(item.id, "wrong-topic", row.topic) for row in item.topics if row.fit >= SHOWN]
    found += [Said(item.id, "wrong-lab", row.lab) for row in item.labs]
    return [one for one in found if one != said]


def _detail_name(site: Site, said: Said, lang: str) -> str | None:
    """Name the topic or lab that is wrong; None where nothing of the kind is said."""
    known = site.roadmap.topics if said.verb == "wrong-topic" else site.roadmap.labs
    found = known.get(said.detail)
    return found.name.in_(lang) if found else None
