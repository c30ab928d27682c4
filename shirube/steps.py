"""What happens next to each window, in words: the rules of ingest/due.py applied to what the ledger knows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.clock import iso
from core.months import first_day, last_day
from digest.coverage import ARXIV, WindowFact
from ingest.due import HELD, Rule, Step, next_step, rule_of
from ingest.source import Source, Window

LOOK_BACK = HELD + timedelta(days=14)  # a pull goes back so far: held papers are counted weekly for 60 days, if late
GONE = "not asked again: no source in use gives these days any more"


class Steps:
    """Tells what comes next of the windows of one month, from the sources in use and the hour."""

    def __init__(
        self, month: str, now: datetime, sources: Iterable[Source], closing_day: int, final_months: frozenset[str]
    ) -> None:
        self._now = now
        self._rules: dict[Window, Rule] = {}  # by window: a feed of today's news gives no other day
        end = min(last_day(month), now.date())
        for source in sources:
            rule = rule_of(source, closing_day, final_months)
            self._rules.update(dict.fromkeys(source.windows(first_day(month), end, now.date()), rule))

    def of(self, fact: WindowFact) -> dict[str, Any]:
        """Say what happens next to a window: {"kind", "at", "says"}."""
        rule = self._rules.get(_window(fact))
        if rule is None:
            return {"kind": "none", "at": None, "says": GONE}
        step = next_step(fact, self._now, rule)
        return {"kind": step.kind, "at": iso(step.when) if step.when else None, "says": self._says(step, fact, rule)}

    def upcoming(self, facts: Sequence[WindowFact]) -> list[dict[str, Any]]:
        """Sum up what happens next to the complete windows: how many of each kind of list, and when the first."""
        found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for fact in facts:
            if fact.complete and _window(fact) in self._rules:
                step = self.of(fact)
                found[fact.source, kind_of(fact.source, fact.channel), step["kind"]].append(step["at"] or "")
        return [
            {"source": source, "list": list_, "kind": kind, "windows": len(moments), "at": min(moments) or None}
            for (source, list_, kind), moments in sorted(found.items())
        ]

    def _says(self, step: Step, fact: WindowFact, rule: Rule) -> str:
        if step.when is None:
            return "settled: not asked again"
        if step.due(self._now):
            verb = "asked" if fact.checked_at is None else "asked again"
            return f"{verb} {self._by_which_pull(fact)}"
        if step.kind == "waits-for-the-day-to-end":
            return f"waits for the day to end; asked again from {_hour(step.when)} on"
        if step.kind == "recount":
            return f"recounted from {_hour(step.when)} on, weekly until {fact.end + HELD}"
        return f"asked again from {_hour(step.when)} on"

    def _by_which_pull(self, fact: WindowFact) -> str:
        """Name the pull that will ask: older days than the schedule looks back over are asked only on request."""
        if fact.end >= self._now.date() - LOOK_BACK:
            return "at the next pull"
        return f"by: shirube pull --source {fact.source} --since {fact.start} --until {fact.end}"


def kind_of(source: str, channel: str) -> str:
    """Name the kind of list a channel is one of: arXiv's sets and categories are many of one kind."""
    return channel.partition(":")[0] if source == ARXIV else ""


def _window(fact: WindowFact) -> Window:
    return Window(fact.source, fact.channel, fact.start, fact.end)


def _hour(moment: datetime) -> str:
    return f"{moment:%-d %b %H:%M} UTC"
