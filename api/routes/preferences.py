"""What a reader may do by the link in every mail, without an account: choose anew, take their data, erase them."""

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from api.forms import Form, own_site
from api.headers import PRIVATE
from api.routes.mail_links import known, no_token, private
from api.site import Site, TheSite
from db.engine import reading
from db.models import Subscriber
from digest import service
from digest.subscriptions import Subscription, mask
from digest.wishes import BUDGETS, Answers, read_answers

router = APIRouter(include_in_schema=False)


@router.get("/s/{text}/preferences", response_class=Response)
def show(request: Request, site: TheSite, text: str) -> Response:
    """Show what the person chose, and whose address it is."""
    person = known(site, "preferences", text)
    return _page(request, site, text, person, _chosen(person))


@router.post("/s/{text}/preferences", response_class=Response)
def save(request: Request, site: TheSite, text: str, form: Form) -> Response:
    """Keep the new choice; what is wrong is shown beside the answers."""
    with site.sessions.begin() as session:
        person = service.speaks_of(session, site.options.secret_keys, "preferences", text)
        if person is None:
            raise no_token()
        answers = read_answers(form, site.roadmap, with_address=False, keep=person.minutes)
        if not answers.faults:
            service.choose(session, person, answers.wanted)
    return _page(request, site, text, person, answers, saved=not answers.faults)


@router.post("/s/{text}/export", response_class=Response, dependencies=[Depends(own_site)])
def export(site: TheSite, text: str) -> Response:
    """Give all that is kept of the person, as a JSON file."""
    with reading(site.sessions) as session:
        person = service.speaks_of(session, site.options.secret_keys, "preferences", text)
        if person is None:
            raise no_token()
        data = service.personal_data(session, person)
    body = msgspec.json.format(msgspec.json.encode(data), indent=2)
    headers = PRIVATE | {"Content-Disposition": 'attachment; filename="shirube-my-data.json"'}
    return Response(body, media_type="application/json", headers=headers)


@router.get("/s/{text}/erase", response_class=Response)
def ask_to_erase(request: Request, site: TheSite, text: str) -> Response:
    """Show what erasing does, and one button."""
    person = known(site, "preferences", text)
    back = site.links.signed(text, "preferences")
    return private(request, site, "erase.html", address=mask(person.email), back=back, done=False)


@router.post("/s/{text}/erase", response_class=Response, dependencies=[Depends(own_site)])
def erase(request: Request, site: TheSite, text: str) -> Response:
    """Delete the person; then the mails kept as files, so that none written meanwhile stays."""
    keys = site.options.secret_keys
    with site.sessions.begin() as session:
        person = service.speaks_of(session, keys, "preferences", text)
        if person is None:
            raise no_token()
        email = person.email
        service.erase(session, keys, person, site.clock())
    if site.post is not None:
        site.post.forget(email)
    return private(request, site, "erase.html", address=mask(email), back=None, done=True)


def _chosen(person: Subscriber) -> Answers:
    """Fill the form in with what a person chose."""
    given = {name: tuple(str(value) for value in getattr(person, name)) for name in ("stages", "topics", "labs")}
    given |= {"lang": (person.lang,), "minutes": (str(person.minutes or ""),)}
    return Answers(given, (), None, Subscription(person.email))


def _page(
    request: Request, site: Site, text: str, person: Subscriber, answers: Answers, *, saved: bool = False
) -> Response:
    return private(
        request,
        site,
        "preferences.html",
        status=422 if answers.faults else 200,
        address=mask(person.email),
        state=person.state,
        answers=answers,
        budgets=tuple(sorted({*BUDGETS, *([person.minutes] if person.minutes else [])})),
        saved=saved,
        export=site.links.signed(text, "export"),
        erase=site.links.signed(text, "erase"),
    )
