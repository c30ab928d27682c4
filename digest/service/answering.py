"""What readers say of items by the signed links of their mails."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import UsageError
from db import feedback
from db.models import Subscriber
from roadmap.model import Roadmap

VERBS = ("more", "less", "seen", "hide", "wrong-topic", "wrong-lab")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said of one item; `detail` is the topic or lab that is wrong, else empty."""

    item_id: str
    verb: str
    detail: str = ""


def read_said(roadmap: Roadmap, item_id: str, verb: str, topic: str | None, lab: str | None) -> Said:
    """Check what is said of an item; raises UsageError that says what is wanted."""
    if verb not in VERBS:
        raise UsageError(f"There is no verb {verb[:40]!r}", f"Verbs are {', '.join(VERBS)}")
    if not verb.startswith("wrong-"):
        return Said(item_id, verb)
    name = verb.removeprefix("wrong-")
    given, known = (topic, list(roadmap.topics)) if name == "topic" else (lab, list(roadmap.labs))
    if given is None or given not in known:
        raise UsageError(f"{verb} needs the {name} that is wrong", f"Give {name}= one of {', '.join(known)}")
    return Said(item_id, verb, given)


def say(session: Session, person: Subscriber, said: Said, clock: Clock) -> None:
    """Write down what a person says; the second time changes nothing."""
    feedback.add(session, person.id, said.item_id, said.verb, said.detail, clock())


def unsay(session: Session, person: Subscriber, said: Said) -> None:
    """Take back what a person said; nothing happens where they had not."""
    feedback.remove(session, person.id, said.item_id, said.verb, said.detail)
