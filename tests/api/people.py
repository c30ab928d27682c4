"""People, sign-ups and a post that does as told, for the tests of the pages behind signed links."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import AppOptions, create_app
from core.clock import Clock
from db import signups
from db.engine import Sessions
from db.models import Subscriber
from digest.service import Caps, add_subscribers
from digest.subscriptions import Purpose, Subscription, token
from roadmap.model import Roadmap

KEYS = ("an old key", "the key of these tests")
BASE = "https://road.example"


@dataclass
class Post:
    """Note what the web door asks of the mail."""

    sends: bool = True
    woken: int = 0
    forgotten: list[str] = field(default_factory=list)

    def wake(self) -> None:
        """Count."""
        self.woken += 1

    def forget(self, email: str) -> None:
        """Note the address."""
        self.forgotten.append(email)


def site(
    sessions: Sessions, roadmap: Roadmap, clock: Clock, post: Post | None, client: str = "192.0.2.1", **options: Any
) -> TestClient:
    """Open the app as the client at an address sees it."""
    caps = options.pop("caps", Caps(1_000_000, 1_000_000))
    made = AppOptions(base_url=BASE, secret_keys=KEYS, caps=caps, **options)
    app = create_app(sessions, roadmap, clock, made, post)
    return TestClient(
        app, BASE, raise_server_exceptions=False, follow_redirects=False, client=(client, 50_000), cookies={}
    )


def add(sessions: Sessions, clock: Clock, email: str = "reader@example.org", **wishes: Any) -> Subscriber:
    """Write somebody down who gets the mail."""
    with sessions.begin() as session:
        assert add_subscribers(session, KEYS, [Subscription(email, **wishes)], "a list", clock)[0][1] == "added"
        return session.scalars(select(Subscriber).where(Subscriber.email == email)).one()


def sign(person: Subscriber, purpose: Purpose, action: str | None = None, keys: tuple[str, ...] = KEYS) -> str:
    """Write the path of an action on a signed link."""
    return f"/s/{token(keys, purpose, person.id, person.created)}/{action or purpose}"


def waiting(sessions: Sessions, now: datetime, email: str = "new@example.org") -> str:
    """Write a sign-up down; gives the path of its link to confirm."""
    with sessions.begin() as session:
        wishes: dict[str, Any] = {"stages": [5], "topics": [], "labs": [], "minutes": 30}
        row = signups.add(session, now, email=email, email_key=email, lang="ja", **wishes)
        return f"/s/{token(KEYS, 'confirm', row.id, row.asked_at)}/confirm"


def states(sessions: Sessions) -> dict[str, str]:
    """Give everybody's state."""
    with sessions() as session:
        return {person.email: person.state for person in session.scalars(select(Subscriber))}
