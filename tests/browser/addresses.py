"""Every page of the contract by a name, in a store of the stand-in's papers."""

from typing import Any

from sqlalchemy import select

from db import signups
from db.models import Item, Subscriber
from digest.service import add_subscribers
from digest.subscriptions import Purpose, Subscription, token
from tests.browser.conftest import MONTHS, Site

READER, WAITING = "reader@example.org", "waiting@example.org"
OPEN = {
    "front": "/",
    "archive": "/digests",
    "issue": f"/digests/{MONTHS[0]}?minutes=90",
    "issue-stage": f"/digests/{MONTHS[1]}/stages/5",
    "stage": "/stages/5",
    "topic": "/topics/efficient-inference",
    "topic-filtered": "/topics/efficient-inference?has_code=true&since=2026-10-01",
    "lab": "/labs/openai",
    "place": "/place",
    "search": "/search",
    "search-results": "/search?q=language+models",
    "search-filtered": "/search?q=language+models&stage=4&has_code=true",
    "search-wrong": "/search?q=language+models&since=yesterday&stage=9",
    "search-nothing": "/search?q=zeppelin&lab=qwen",
    "subscribe": "/subscribe",
    "status": "/status",
    "about": "/about",
    "feeds": "/feeds",
    "api": "/docs",
    "report": "/report?item=openai:agents-at-the-office-openai&verb=wrong-lab&lab=openai",
    "post": "/papers/openai:agents-at-the-office-openai",
    "missing-paper": "/papers/2610.99999",
    "missing-page": "/nowhere/at/all",
    "missing-month": "/digests/2026-13",
    "bad-link": "/s/no-such-token/preferences",
}
PAPERS = {
    "paper-maths": "Attention in $%",
    "paper-broken-maths": "On {Unbalanced%",
    "paper-hostile": "Prompting with <script>%",
    "paper-backwards": "Reading Order Attacks%",
    "paper-crowd": "Hyakunin%",
    "paper-withdrawn": "A Tight Bound%",
}
SIGNED = ("confirm", "preferences", "unsubscribe", "erase", "feedback")
NAMES = (*OPEN, *PAPERS, *SIGNED)


def addresses(site: Site) -> dict[str, str]:
    """Give the path of each page by its name; signs links for a reader who gets the mail."""
    papers = {name: _paper(site, title) for name, title in PAPERS.items()}
    pages = {name: f"/papers/{item_id}" for name, item_id in papers.items()}
    return OPEN | pages | _signed(site, papers["paper-maths"])


def _paper(site: Site, title: str) -> str:
    with site.wiring.sessions() as session:
        found = session.scalars(select(Item.id).where(Item.title.like(title)).order_by(Item.id.desc())).first()
    assert found is not None, title
    return found


def _signed(site: Site, item_id: str) -> dict[str, str]:
    keys, now = site.wiring.secret_keys(), site.wiring.clock()
    wanted = Subscription(READER, stages=(5,), topics=("rag",))
    with site.wiring.sessions.begin() as session:
        add_subscribers(session, keys, [wanted], "a list", site.wiring.clock)
        person = session.scalars(select(Subscriber).where(Subscriber.email == READER)).one()
        wishes: dict[str, Any] = {"stages": [5], "topics": [], "labs": [], "minutes": 30}
        row = signups.add(session, now, email=WAITING, email_key=WAITING, lang="en", **wishes)
        confirm = f"/s/{token(keys, 'confirm', row.id, row.asked_at)}/confirm"

    def sign(purpose: Purpose, action: str) -> str:
        return f"/s/{token(keys, purpose, person.id, person.created)}/{action}"

    return {
        "confirm": confirm,
        "preferences": sign("preferences", "preferences"),
        "unsubscribe": sign("unsubscribe", "unsubscribe"),
        "erase": sign("preferences", "erase"),
        "feedback": sign("feedback", f"feedback?item={item_id}&verb=more"),
    }
