"""Summaries by a model endpoint: asks for what will be shown, within the budget, and keeps what may be believed.

The extracted sentences stand wherever nothing better came: without an endpoint, when it fails, when its answer is
refused, when the budget is spent.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.errors import SourceError
from db import summaries
from db.engine import reading
from db.summaries import Shown
from ranking import llm
from shirube import terminal
from shirube.endpoint import Endpoint
from shirube.wiring import Wiring

_log = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)  # longer than any request: within it nobody else asks for the same


@dataclass(slots=True)
class Tally:
    """What a run came to: texts now shown, answers refused with their reasons, what the budget left out, a failure."""

    written: int = 0
    refused: list[str] = field(default_factory=list)
    left: int = 0
    failure: str | None = None

    @property
    def says(self) -> str:
        """Tell it in one line; empty where nothing happened."""
        parts = [f"{self.written:,} written"] if self.written else []
        parts += [f"{len(self.refused):,} refused"] if self.refused else []
        parts += [f"{self.left:,} left for want of budget"] if self.left else []
        parts += [f"stopped: {self.failure}"] if self.failure else []
        return "; ".join(parts)


def summarise(wiring: Wiring) -> Tally:
    """Give the papers that will be shown a summary by the model that is set, if one is."""
    tally = Tally()
    endpoint = wiring.endpoint
    if endpoint is None:
        return tally
    with reading(wiring.sessions) as session:
        papers = [Paper.of(s, endpoint.model) for s in summaries.shown(session, llm.HEAD) if _may_be_sent(s)]
        known = summaries.answers(session, [paper.key for paper in papers])
        budget = llm.affordable(summaries.spent(session, _first_of_month(wiring.clock())))
    with terminal.bar("Summaries") as bar:
        for number, paper in enumerate(papers, 1):
            row = known.get(paper.key)
            if row is not None and row.text is not None:
                _give(wiring, paper, row.text, row.model, row.asked_at)
            elif row is None or (row.refusal is None and row.requests < llm.TRIES):
                budget -= _ask(wiring, endpoint, paper, tally, budget)
            bar(number, len(papers))
    _tell(endpoint, tally)
    return tally


@dataclass(frozen=True)
class Paper:
    """A paper that will be shown, the request for its summary, and the request's name."""

    shown: Shown
    body: bytes
    key: str

    @classmethod
    def of(cls, shown: Shown, model: str) -> "Paper":
        """Write the request for one paper."""
        body = llm.request(model, shown.title, shown.abstract)
        return cls(shown, body, llm.key_of(body))


def _ask(wiring: Wiring, endpoint: Endpoint, paper: Paper, tally: Tally, budget: int) -> int:
    """Ask for one summary where that is still due; gives the number of requests made.

    The first failure ends the asking of this run: an endpoint that is not well is not pressed.
    """
    if tally.failure is not None:
        return 0
    if budget <= 0:
        tally.left += 1
        return 0
    now, shown = wiring.clock(), paper.shown
    with wiring.sessions.begin() as session:
        if not summaries.book(session, paper.key, shown.id, endpoint.model, now, tries=llm.TRIES, lease=LEASE):
            return 0
    try:
        verdict = llm.judge(endpoint.ask(paper.body), shown.title, shown.abstract)
    except SourceError as problem:
        tally.failure = problem.message
        return 1
    _settle(wiring, endpoint.model, paper, tally, verdict, now)
    return 1


def _settle(wiring: Wiring, model: str, paper: Paper, tally: Tally, verdict: llm.Verdict, asked: datetime) -> None:
    """Keep what an answer came to, and give the paper its text where that may be believed."""
    with wiring.sessions.begin() as session:
        summaries.settle(session, paper.key, verdict.text, verdict.refusal)
    if verdict.text is None:
        tally.refused.append(verdict.refusal or "")
        _log.info("summary refused item=%s model=%s reason=%s", paper.shown.id, model, verdict.refusal)
    else:
        tally.written += _give(wiring, paper, verdict.text, model, asked)


def _give(wiring: Wiring, paper: Paper, text: str, model: str, created: datetime) -> int:
    """Store a summary unless the paper has it already; gives the number stored."""
    summary = {"text": text, "kind": llm.MACHINE, "model": model, "created": f"{created:%Y-%m-%d}"}
    if paper.shown.summary == summary:
        return 0
    with wiring.sessions.begin() as session:
        return summaries.give(session, paper.shown.id, summary, wiring.clock())


def _may_be_sent(shown: Shown) -> bool:
    return llm.may_be_sent(shown.title, shown.abstract)


def _first_of_month(now: datetime) -> datetime:
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _tell(endpoint: Endpoint, tally: Tally) -> None:
    if tally.says:
        terminal.say(f"Summaries by {endpoint.model}: {tally.says}. Elsewhere the abstract's own sentences stand.")
