"""Every operation of the API against its own description, by generated requests: nothing undocumented comes back.

schemathesis' own engine runs its examples, its boundary values and random data (https://schemathesis.readthedocs.io),
in-process, bounded, and with the same data at every run.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.engine import events, from_schema

from api import examples
from api.app import create_app
from core.clock import Clock
from db.engine import Sessions
from digest.service import Caps
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS
from tests.api.factory import TOPIC, add_item, fill, make_issue
from tests.api.people import KEYS, Post
from tests.conftest import NOW

EXAMPLES = 20
# Valid by its schema, a request may still be refused: a cursor must be one that was given, an address one that is.
UNASKED = ("positive_data_acceptance", "ignored_auth", "use_after_free")


@pytest.fixture
def filled(sessions: Sessions, roadmap: Roadmap) -> Sessions:
    """A store with items of both kinds, old ids among them, and a final issue."""
    fill(sessions, roadmap, 3, code=["https://github.com/heron/clock"], labs={"qwen": 0.9})
    with sessions.begin() as session:
        add_item(session, roadmap, "math/0309136", topics={"linear-algebra": 0.9})
        add_item(session, roadmap, "qwen:a-post", ranked=False, abstract=None)
    make_issue(sessions, roadmap, "2026-06", NOW)
    return sessions


STORED = {"item_id": "2606.00001", "month": "2026-06", "topic": TOPIC, "number": 5, "since": "2026-06-01"}
CLOSED = {"GET /api/v1/feedback", "POST /api/v1/feedback"}  # to whoever has no key and no mail


def test_answers_are_as_described(
    filled: Sessions, roadmap: Roadmap, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "PARAMETERS", {**examples.PARAMETERS, **STORED})
    options = replace(OPTIONS, secret_keys=KEYS, caps=Caps(1_000_000, 1_000_000, 1_000_000))
    app = create_app(filled, roadmap, clock, options, Post())
    good, all_of_them, faults = run(app)
    assert not faults, "\n\n".join(faults)
    assert all_of_them - good <= CLOSED, "operations that gave no good answer"


def run(app: FastAPI) -> tuple[set[str], set[str], list[str]]:
    """Ask every operation; gives those that gave good answers, those asked, and what was wrong, each fault once."""
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    schema.config.generation.update(max_examples=EXAMPLES, deterministic=True, no_shrink=True, database="none")
    schema.config.phases.update(phases=["examples", "coverage", "fuzzing"])
    schema.config.checks.update(excluded_check_names=list(UNASKED))
    good, asked, faults = set(), set(), []
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            asked.add(event.recorder.label)
            good |= {event.recorder.label} if any(200 <= status < 400 for status in statuses(event)) else set()
            faults += list(failures(event))
        elif isinstance(event, events.NonFatalError | events.FatalError):
            faults.append(repr(event))
    return good, asked, list(dict.fromkeys(faults))


def statuses(event: events.ScenarioFinished) -> Iterator[int]:
    """Give the status of every answer."""
    for exchange in event.recorder.interactions.values():
        if exchange.response is not None:
            yield exchange.response.status_code


def failures(event: events.ScenarioFinished) -> Iterator[str]:
    """Say what was wrong with an operation's answers, with the request that shows it."""
    for check in chain.from_iterable(event.recorder.checks.values()):
        if (found := check.failure_info) is not None:
            yield f"{event.recorder.label}: {found.failure}\n{found.code_sample}"
